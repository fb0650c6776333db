"""A Spark job that writes many partitions: a backfill. Readers see all of it at once, or none.

A backfill may run for many hours. What stays uncommitted for about a day is at risk from lakeFS's garbage collection, so it
commits a checkpoint every few partitions, while Spark is not writing. Checkpoints promote nothing.

Arguments:

  --table              prefix in the repository; default ``history``
  --from               first day; default 2026-01-01
  --days               how many days, one partition each; default 60
  --days_at_once       how many Spark writes in one go; default 20
"""

from __future__ import annotations

import argparse
import sys
from datetime import date, timedelta

from pyspark.sql import SparkSession
from pyspark.sql import functions as f

import branchline

ROWS_A_DAY = 10


def main() -> None:
    parser = argparse.ArgumentParser(allow_abbrev=False)
    parser.add_argument("--table", default="history")
    parser.add_argument("--from", dest="first", type=date.fromisoformat, default=date(2026, 1, 1))
    parser.add_argument("--days", type=int, default=60)
    parser.add_argument("--days_at_once", type=int, default=20)
    options = parser.parse_known_args(sys.argv[1:])[0]

    spark = SparkSession.builder.getOrCreate()
    run = branchline.begin(spark)
    for start in range(0, options.days, options.days_at_once):
        count = min(options.days_at_once, options.days - start)
        first = options.first + timedelta(days=start)
        rows = spark.range(count * ROWS_A_DAY).select(
            "id",
            (1 + f.col("id") % 9).cast("int").alias("quantity"),
            f.expr(f"string(date_add(date'{first}', int(id div {ROWS_A_DAY})))").alias("day"),
        )
        writer = rows.coalesce(1).write.mode("overwrite").option("partitionOverwriteMode", "dynamic")
        writer.partitionBy("day").parquet(run.uri(f"{options.table}/"))
        commit = run.commit(f"{start + count} of {options.days} days")
        print(f"{start + count} of {options.days} days, checkpoint {commit}", flush=True)


if __name__ == "__main__":
    main()
