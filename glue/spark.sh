#!/bin/sh
# The tests on real Spark against a real lakeFS server: `LAKEFS_BIN=/path/to/lakefs sh glue/spark.sh [pytest's arguments]`.
# Needs Java 17, Maven and, the first time, 700 MB from the package indexes that pip and Maven are set up for. lakefs:// is
# tried where HADOOP_LAKEFS_JAR names lakeFS's hadoop-lakefs-assembly jar. BRANCHLINE_PYTHON names another Python than `python3`.
set -eu
cd "$(dirname "$0")"
venv=../.local/venv-spark
jars=../.local/spark-jars
if ! cmp -s spark_tests/requirements.txt "$venv/requirements.txt"; then
  rm -rf "$venv"
  mkdir -p ../.local
  "${BRANCHLINE_PYTHON:-python3}" -m venv "$venv"
  "$venv/bin/python" -m pip install --quiet --disable-pip-version-check -r spark_tests/requirements.txt
  cp spark_tests/requirements.txt "$venv/requirements.txt"
fi
if ! cmp -s spark_tests/pom.xml "$jars/pom.xml"; then
  rm -rf "$jars"
  mvn --quiet --batch-mode --file spark_tests/pom.xml dependency:copy-dependencies -DincludeScope=runtime \
    -DoutputDirectory="$(cd .. && pwd)/.local/spark-jars"
  cp spark_tests/pom.xml "$jars/pom.xml"
fi
"$venv/bin/python" -m pytest spark_tests "$@"
