"""A Spark job that reads two tables and writes a third. Both are read by the commit that the run began at: a promotion that
changes one of them meanwhile cannot make them disagree.

Arguments:

  --sales    table with ``product``, ``quantity`` and ``day``; default ``spark_sales``
  --rates    CSV table with ``currency``, ``rate`` and ``day``, of ``python_client.py``; default ``rates``
  --output   table to write anew; default ``turnover``
"""

from __future__ import annotations

import argparse
import sys

from pyspark.sql import SparkSession
from pyspark.sql import functions as f

import branchline


def main() -> None:
    parser = argparse.ArgumentParser(allow_abbrev=False)
    parser.add_argument("--sales", default="spark_sales")
    parser.add_argument("--rates", default="rates")
    parser.add_argument("--output", default="turnover")
    options = parser.parse_known_args(sys.argv[1:])[0]

    spark = SparkSession.builder.getOrCreate()
    run = branchline.begin(spark)
    sales = spark.read.parquet(run.read_uri(f"{options.sales}/"))
    rates = spark.read.option("header", "true").csv(run.read_uri(f"{options.rates}/"))
    turnover = (
        sales.join(rates, "day")
        .groupBy("day", "currency")
        .agg(f.round(f.sum(f.col("quantity") * f.col("rate").cast("double")), 2).alias("turnover"))
    )
    # The whole table: days that no longer have sales go.
    turnover.repartition(1).write.mode("overwrite").partitionBy("day").parquet(run.uri(f"{options.output}/"))
    print(f"wrote {run.uri(options.output)}", flush=True)


if __name__ == "__main__":
    main()
