#!/bin/sh
# The tests on real Spark against a real lakeFS server: `LAKEFS_BIN=/path/to/lakefs sh glue/spark.sh [pytest's arguments]`.
# Installs Spark first (spark-setup.sh). lakefs:// is tried where HADOOP_LAKEFS_JAR names lakeFS's hadoop-lakefs-assembly jar.
# BRANCHLINE_PYTHON names another Python than `python3`.
set -eu
cd "$(dirname "$0")"
sh spark-setup.sh
../.local/venv-spark/bin/python -m pytest spark_tests "$@"
