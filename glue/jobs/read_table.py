"""A Spark job that reads a table in three ways, and fails where they do not say the same:

- by the commit that its run began at, which stays as it is however long the job runs;
- by the target's name, which moves with each promotion;
- through the catalog, by a table whose location is the target: what Spark SQL and notebooks use.

It writes what it saw as a small report beside, so that the run has something to promote.

Arguments:

  --table     prefix in the repository; default ``spark_sales``
  --catalog   table of the catalog, ``database.name`` or a name; made where it is missing. On Glue the job needs
              ``--enable-glue-datacatalog true``. Without it the catalog is left out.
"""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any, Dict, Optional

from pyspark.sql import SparkSession

import branchline

TRIES = 3


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
    """The target by its name and through the catalog: the same, but for a promotion between the two."""
    seen: Optional[Dict[str, int]] = None
    for _ in range(TRIES):
        by_name = totals(spark.read.parquet(run.target_uri(table)))
        seen = totals(through_catalog(spark, catalog, run.target_uri(table)))
        if seen == by_name:
            return seen
    raise AssertionError(f"the catalog's {catalog} says {seen}, the target {by_name}")


def main() -> None:
    parser = argparse.ArgumentParser(allow_abbrev=False)
    parser.add_argument("--table", default="spark_sales")
    parser.add_argument("--catalog", default=None)
    options = parser.parse_known_args(sys.argv[1:])[0]
    table = f"{options.table}/"

    spark = SparkSession.builder.getOrCreate()
    run = branchline.begin(spark)
    pinned = totals(spark.read.parquet(run.read_uri(table)))
    report: Dict[str, Any] = {"table": options.table, "commit": run.base_commit, "access": run.access, "pinned": pinned}
    if options.catalog:
        report["catalog"] = compare(spark, run, table, options.catalog)
    run.write(f"reports/{options.table}-{run.run_id}.json", json.dumps(report))
    print(json.dumps(report), flush=True)


if __name__ == "__main__":
    main()
