"""A Spark job that reads a table in several ways, and fails where they do not say the same:

- by the commit that its run began at, which stays as it is however long the job runs;
- by the target's name, which moves with each promotion;
- through Spark's catalog, by a table whose location is the target: what Spark SQL and notebooks use;
- through the table that Branchline keeps in Glue, which says the commit that it shows.

It writes what it saw as a small report beside, so that the run has something to promote.

Arguments:

  --table       prefix in the repository; default ``spark_sales``
  --catalog     table of Spark's catalog, ``database.name`` or a name; made where it is missing. On Glue the job needs
                ``--enable-glue-datacatalog true`` for this to be Glue's catalog. Without it this way is left out.
  --glue_table  ``database.name`` of the table that Branchline keeps for it. The job's role needs ``glue:GetTable`` and
                ``glue:GetPartitions`` on it, and may read what its partitions name. Without it this way is left out.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from functools import reduce
from typing import Any, Dict, List, Tuple

from pyspark.sql import SparkSession
from pyspark.sql import functions as f

import branchline

TRIES = 3
STEADY_SECONDS = 60


def totals(frame: Any) -> Dict[str, int]:
    row = frame.selectExpr("count(*) AS rows", "sum(quantity) AS quantity", "count(DISTINCT day) AS days").first()
    return {name: int(value or 0) for name, value in row.asDict().items()}


def through_catalog(spark: Any, name: str, location: str) -> Any:
    # Partitions are found by listing the table: nobody has to register what a promotion brought.
    spark.conf.set("spark.sql.hive.manageFilesourcePartitions", "false")
    spark.sql(f"CREATE TABLE IF NOT EXISTS {name} USING parquet LOCATION '{location}'")
    spark.catalog.refreshTable(name)
    return spark.table(name)


def compare(spark: Any, run: branchline.Run, table: str, catalog: str) -> Dict[str, int]:
    """The target by its name and through the catalog: the same, but for a promotion that comes in between."""
    for tried in range(1, TRIES + 1):
        try:
            by_name = totals(spark.read.parquet(run.target_uri(table)))
            seen = totals(through_catalog(spark, catalog, run.target_uri(table)))
        except Exception:
            # Files that Spark has listed may have been replaced before it opened them.
            if tried == TRIES:
                raise
            continue
        if seen == by_name:
            return seen
    raise AssertionError(f"the catalog's {catalog} says {seen}, the target {by_name}")


def described(glue: Any, database: str, name: str) -> Tuple[Dict[str, Any], List[Dict[str, Any]]]:
    """Table and partitions of one commit: looked at again where a refresh was on its way."""
    until = time.monotonic() + STEADY_SECONDS
    while True:
        before = glue.get_table(DatabaseName=database, Name=name)["Table"]
        pages = glue.get_paginator("get_partitions").paginate(DatabaseName=database, TableName=name)
        partitions = [partition for page in pages for partition in page["Partitions"]]
        after = glue.get_table(DatabaseName=database, Name=name)["Table"]
        if "branchline.refreshing" not in after["Parameters"] and before["Parameters"] == after["Parameters"]:
            return after, partitions
        if time.monotonic() > until:
            raise AssertionError(f"{database}.{name} is being refreshed since {STEADY_SECONDS} s")
        time.sleep(1)


def through_glue(spark: Any, name: str) -> Tuple[str, Any]:
    """The commit that Branchline's table in Glue shows, and its rows.

    By Glue's API, as there is no client of Glue's catalog for Spark outside of AWS. Spark cannot read Parquet by symlinks
    either: their lines are followed here, as Athena follows them.
    """
    import boto3

    database, _, short = name.rpartition(".")
    table, partitions = described(boto3.client("glue"), database, short)
    is_symlinks = table["StorageDescriptor"]["InputFormat"].endswith("SymlinkTextInputFormat")
    keys = [key["Name"] for key in table.get("PartitionKeys", [])]

    def rows(part: Dict[str, Any]) -> Any:
        location = part["StorageDescriptor"]["Location"].replace("s3://", "s3a://", 1)
        files = [location]
        if is_symlinks:
            files = [row["value"].replace("s3://", "s3a://", 1) for row in spark.read.text(location).collect()]
        frame = spark.read.parquet(*files)
        return frame.withColumns({key: f.lit(value) for key, value in zip(keys, part.get("Values", []))})

    parts = partitions if keys else [table]
    return table["Parameters"]["branchline.commit"], reduce(lambda one, other: one.unionByName(other), map(rows, parts))


def compare_with_glue(spark: Any, run: branchline.Run, table: str, name: str) -> Dict[str, Any]:
    """The table in Glue and the commit that it says it shows: always the same, whatever is promoted meanwhile."""
    commit, frame = through_glue(spark, name)
    seen, wanted = totals(frame), totals(spark.read.parquet(run.read_uri(table, commit=commit)))
    if seen != wanted:
        raise AssertionError(f"{name} says {seen}, commit {commit} that it shows {wanted}")
    return {"shows": commit, **seen}


def main() -> None:
    parser = argparse.ArgumentParser(allow_abbrev=False)
    parser.add_argument("--table", default="spark_sales")
    parser.add_argument("--catalog", default=None)
    parser.add_argument("--glue_table", default=None)
    options = parser.parse_known_args(sys.argv[1:])[0]
    table = f"{options.table}/"

    spark = SparkSession.builder.getOrCreate()
    run = branchline.begin(spark)
    pinned = totals(spark.read.parquet(run.read_uri(table)))
    report: Dict[str, Any] = {"table": options.table, "commit": run.base_commit, "access": run.access, "pinned": pinned}
    if options.catalog:
        report["catalog"] = compare(spark, run, table, options.catalog)
    if options.glue_table:
        report["glue"] = compare_with_glue(spark, run, table, options.glue_table)
    run.write(f"reports/{options.table}-{run.run_id}.json", json.dumps(report))
    print(json.dumps(report), flush=True)


if __name__ == "__main__":
    main()
