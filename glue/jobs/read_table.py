"""A Spark job that reads a table by path and through the catalog, and fails where they do not say the same:

- by the commit that its run began at, which stays as it is however long the job runs;
- through the table for Spark that Branchline keeps in Glue's catalog (``sparkTable``), beside the path that it stands for.

It writes what it saw as a small report beside, so that the run has something to promote.

What is compared with what. The commit that the run began at and the table are two moments: a promotion may have come
between. So the table is compared with the path of what it says itself. One that is pinned lies at commits: its rows are
those of the commit that it names, exactly, and one look decides. One that lies at the target shows its head, in the
partitions that the last refresh has told Glue: it is compared with the target by its name, read before and after it, and
looked at again for a minute where a promotion came in between or a refresh is on its way.

Arguments:

  --table        prefix in the repository; default ``spark_sales``
  --spark_table  ``database.name`` of the table for Spark. The job needs ``--enable-glue-datacatalog true``, and its role
                 ``glue:GetTable`` and ``glue:GetPartitions`` on it. Without it this way is left out.
  --patience     seconds to wait for a table that is behind; default 60
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from typing import Any, Dict, Tuple

from pyspark.sql import SparkSession
from pyspark.sql import functions as f

import branchline

COMMIT = "branchline.commit"
REFRESHING = "branchline.refreshing"


def totals(frame: Any) -> Dict[str, Any]:
    """Counts to be read, and a sum over the content of every row, whatever the order of rows and columns.

    Values are compared as text: a path tells no type of its partitions, and Spark takes a day for a date where the catalog
    has a string.
    """
    content = f.to_json(f.struct(*(f.col(name).cast("string").alias(name) for name in sorted(frame.columns))))
    row = frame.select(
        f.count("*").alias("rows"),
        f.sum("quantity").alias("quantity"),
        f.countDistinct("day").alias("days"),
        f.sum(f.xxhash64(content).cast("decimal(20,0)")).alias("content"),
    ).first()
    counts = {name: int(row[name] or 0) for name in ("rows", "quantity", "days")}
    return {**counts, "content": str(row["content"] or 0)}


def described(spark: Any, name: str) -> Tuple[str, Dict[str, str]]:
    """Where the catalog says that the table lies, and what Branchline says of it."""
    rows = spark.sql(f"DESCRIBE TABLE EXTENDED {name}").collect()
    location = next(row["data_type"] for row in rows if row["col_name"] == "Location")
    said = {row["key"]: row["value"] for row in spark.sql(f"SHOW TBLPROPERTIES {name}").collect()}
    if COMMIT not in said:
        raise ValueError(f"{name} does not say {COMMIT}: it is no table that Branchline keeps")
    return location, {key: said[key] for key in (COMMIT, REFRESHING) if key in said}


def through_catalog(spark: Any, name: str) -> Dict[str, Any]:
    # What Spark has listed for an earlier look is forgotten.
    spark.catalog.refreshTable(name)
    return totals(spark.table(name))


def look(spark: Any, run: branchline.Run, table: str, name: str) -> Tuple[Dict[str, Any], str]:
    """:returns: what was seen, and why it does not count, where it does not."""
    location, before = described(spark, name)
    root = run.target_uri()[: -len(f"{run.target}/")]
    if not location.startswith(root):
        raise ValueError(f"{name} lies at {location}, and this job reaches {root}…: choose --branchline_access to fit it")
    is_pinned = not location.startswith(run.target_uri())

    def by_path() -> Dict[str, Any]:
        uri = run.read_uri(table, commit=before[COMMIT]) if is_pinned else run.target_uri(table)
        return totals(spark.read.parquet(uri))

    first = by_path()
    seen = through_catalog(spark, name)
    report = {"shows": before[COMMIT], "pinned": is_pinned, **seen}
    if described(spark, name)[1] != before or REFRESHING in before:
        return report, "it is being refreshed"
    if is_pinned:
        if seen != first:
            raise AssertionError(f"{name} says {seen}, and the commit {before[COMMIT]} that it shows {first}")
        return report, ""
    last = by_path()
    if first != last:
        return report, "the target moves"
    return report, "" if seen == last else f"it says {seen}, and the target {last}"


def compare(spark: Any, run: branchline.Run, table: str, name: str, patience: float) -> Dict[str, Any]:
    """:raises AssertionError: where the table and what it stands for do not say the same."""
    until = time.monotonic() + patience
    while True:
        try:
            report, why_not = look(spark, run, table, name)
        except (AssertionError, ValueError):
            raise
        # The table of a first promotion may be on its way; files that Spark has listed may be replaced before it opens them.
        except Exception:
            if time.monotonic() > until:
                raise
            time.sleep(1)
            continue
        if not why_not:
            return report
        if time.monotonic() > until:
            raise AssertionError(f"{name} after {patience:.0f} s: {why_not}")
        time.sleep(1)


def main() -> None:
    parser = argparse.ArgumentParser(allow_abbrev=False)
    parser.add_argument("--table", default="spark_sales")
    parser.add_argument("--spark_table", default=None)
    parser.add_argument("--patience", type=float, default=60.0)
    options = parser.parse_known_args(sys.argv[1:])[0]
    table = f"{options.table}/"

    spark = SparkSession.builder.getOrCreate()
    run = branchline.begin(spark)
    by_commit = totals(spark.read.parquet(run.read_uri(table)))
    report: Dict[str, Any] = {"table": options.table, "commit": run.base_commit, "access": run.access}
    report["by_commit"] = by_commit
    if options.spark_table:
        report["spark_table"] = compare(spark, run, table, options.spark_table, options.patience)
    run.write(f"reports/{options.table}-{run.run_id}.json", json.dumps(report))
    print(json.dumps(report), flush=True)


if __name__ == "__main__":
    main()
