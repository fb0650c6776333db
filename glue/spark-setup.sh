#!/bin/sh
# Installs what real Spark needs into .local/: a venv with pyspark, and the jars of S3A; `sh glue/spark-setup.sh iceberg` those of
# Iceberg instead. Nothing where it is there already.
# Needs Java 17, Maven and, the first time, 700 MB from the package indexes that pip and Maven are set up for.
set -eu
cd "$(dirname "$0")"
venv=../.local/venv-spark
case "${1:-}" in
  iceberg) jars=../.local/spark-iceberg-jars pom=spark_tests/iceberg/pom.xml ;;
  *) jars=../.local/spark-jars pom=spark_tests/pom.xml ;;
esac
for program in java mvn; do
  if ! command -v "$program" >/dev/null; then
    echo "Spark needs $program, which is not on the PATH. Debian: apt-get install openjdk-17-jre-headless maven" >&2
    exit 1
  fi
done
if ! cmp -s spark_tests/requirements.txt "$venv/requirements.txt"; then
  rm -rf "$venv"
  mkdir -p ../.local
  "${BRANCHLINE_PYTHON:-python3}" -m venv "$venv"
  "$venv/bin/python" -m pip install --quiet --disable-pip-version-check -r spark_tests/requirements.txt
  cp spark_tests/requirements.txt "$venv/requirements.txt"
fi
if ! cmp -s "$pom" "$jars/pom.xml"; then
  rm -rf "$jars"
  mvn --quiet --batch-mode --file "$pom" dependency:copy-dependencies -DincludeScope=runtime \
    -DoutputDirectory="$(cd .. && pwd)/${jars#../}"
  cp "$pom" "$jars/pom.xml"
fi
