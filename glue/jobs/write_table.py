"""A Spark job that writes a table on its run branch. The same script for ``lakefs://`` and ``s3a://``: the job's argument
``--branchline_access`` chooses, and ``run.uri`` follows.

Arguments:

  --table   prefix in the repository; default ``spark_sales``
  --from    first day; default 2026-11-01
  --days    how many days, one partition each; default 3
  --rows    rows of each day; default 100
  --mode    ``overwrite`` (the default) replaces the days that it writes, ``append`` adds to them
"""

from __future__ import annotations

import argparse
import sys
from typing import Any

from pyspark.sql import SparkSession
from pyspark.sql import functions as f

import branchline


def sales(spark: Any, first: str, days: int, rows: int) -> Any:
    """The same rows each time."""
    return spark.range(days * rows).select(
        "id",
        f.element_at(f.array(*map(f.lit, ("apple", "bread", "cheese"))), (1 + f.col("id") % 3).cast("int")).alias("product"),
        (1 + f.col("id") % 9).cast("int").alias("quantity"),
        f.expr(f"string(date_add(date'{first}', int(id div {rows})))").alias("day"),
    )


def main() -> None:
    parser = argparse.ArgumentParser(allow_abbrev=False)
    parser.add_argument("--table", default="spark_sales")
    parser.add_argument("--from", dest="first", default="2026-11-01")
    parser.add_argument("--days", type=int, default=3)
    parser.add_argument("--rows", type=int, default=100)
    parser.add_argument("--mode", choices=("overwrite", "append"), default="overwrite")
    options = parser.parse_known_args(sys.argv[1:])[0]

    spark = SparkSession.builder.getOrCreate()
    run = branchline.begin(spark)
    (
        sales(spark, options.first, options.days, options.rows)
        .repartition("day")
        .write.mode(options.mode)
        # Only the days that are written are replaced.
        .option("partitionOverwriteMode", "dynamic")
        .partitionBy("day")
        .parquet(run.uri(f"{options.table}/"))
    )
    print(f"wrote {run.uri(options.table)}", flush=True)


if __name__ == "__main__":
    main()
