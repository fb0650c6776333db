#!/bin/sh
# The tests on real Spark against a real lakeFS server: `LAKEFS_BIN=/path/to/lakefs sh glue/spark.sh [pytest's
# arguments, such as spark_tests/test_jobs.py; without them all of them]`.
# Installs Spark first (spark-setup.sh). lakefs:// is tried where HADOOP_LAKEFS_JAR names lakeFS's hadoop-lakefs-assembly jar.
# BRANCHLINE_PYTHON names another Python than `python3`.
set -eu
cd "$(dirname "$0")"
sh spark-setup.sh
[ "$#" -gt 0 ] || set -- spark_tests
../.local/venv-spark/bin/python -m pytest "$@"
