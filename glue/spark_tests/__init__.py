"""Tests on real Spark against a real lakeFS server: ``sh glue/spark.sh``."""
