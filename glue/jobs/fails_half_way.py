"""A Spark job that overwrites a table day by day and dies between two days, on purpose.

Nothing of it is ever seen in the target, and the next run starts from the target: there is nothing to clean up.

Arguments:

  --table       prefix in the repository; default ``spark_sales``
  --days        how many days from 2026-11-01 on it means to write; default 3
  --die_after   how many it writes; default 2
"""

from __future__ import annotations

import argparse
import sys

from pyspark.sql import SparkSession
from pyspark.sql import functions as f

import branchline


def main() -> None:
    parser = argparse.ArgumentParser(allow_abbrev=False)
    parser.add_argument("--table", default="spark_sales")
    parser.add_argument("--days", type=int, default=3)
    parser.add_argument("--die_after", type=int, default=2)
    options = parser.parse_known_args(sys.argv[1:])[0]

    spark = SparkSession.builder.getOrCreate()
    run = branchline.begin(spark)
    for offset in range(options.days):
        if offset == options.die_after:
            raise RuntimeError(f"told to die after {offset} of {options.days} days")
        day = spark.range(10).select(
            "id",
            f.lit("wrong").alias("product"),
            f.lit(-1).alias("quantity"),
            f.expr(f"string(date_add(date'2026-11-01', {offset}))").alias("day"),
        )
        writer = day.write.mode("overwrite").option("partitionOverwriteMode", "dynamic")
        writer.partitionBy("day").parquet(run.uri(f"{options.table}/"))
        print(f"wrote day {offset + 1} to {run.uri(options.table)}", flush=True)


if __name__ == "__main__":
    main()
