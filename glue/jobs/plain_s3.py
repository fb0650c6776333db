"""The baseline: a Spark job that writes sample sales to plain S3, as it would without Branchline.

What a reader sees while it writes, and what stays when it dies half-way, is whatever happens to lie there by then.

Arguments:

  --output   where, such as ``s3://my-bucket/plain/``; ``s3a://…`` outside Glue
  --days     how many days from 2026-11-01 on; default 3
  --rows     rows of each day; default 100
"""

from __future__ import annotations

import argparse
import sys

from pyspark.sql import SparkSession
from pyspark.sql import functions as f


def main() -> None:
    parser = argparse.ArgumentParser(allow_abbrev=False)
    parser.add_argument("--output", required=True)
    parser.add_argument("--days", type=int, default=3)
    parser.add_argument("--rows", type=int, default=100)
    # Glue has arguments of its own on the command line.
    options = parser.parse_known_args(sys.argv[1:])[0]

    spark = SparkSession.builder.getOrCreate()
    sales = spark.range(options.days * options.rows).select(
        "id",
        (1 + f.col("id") % 9).cast("int").alias("quantity"),
        f.expr(f"string(date_add(date'2026-11-01', int(id div {options.rows})))").alias("day"),
    )
    sales.write.mode("overwrite").partitionBy("day").parquet(options.output)
    print(f"wrote {sales.count()} rows to {options.output}", flush=True)


if __name__ == "__main__":
    main()
