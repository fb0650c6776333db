"""Writing and reading with what ``configure()`` gives, and what the storage holds then."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from .lake import Lake

PARTITIONS = 24
ROWS = 100 * PARTITIONS


def sales(spark: Any, rows: int = ROWS) -> Any:
    from pyspark.sql import functions as f

    return (
        spark.range(rows)
        .coalesce(1)
        .select(
            f.col("id"),
            (f.col("id") % 7).alias("quantity"),
            f.lit("2026-11-19").alias("yyyy_mm_dd"),
            f.format_string("%02d-00", f.col("id") % PARTITIONS).alias("hh_mm"),
        )
    )


def test_write_read_overwrite(spark: Any, lake: Lake, access: str, job_run_id: str, table: str) -> None:
    run = lake.begin("three-ways", job_run_id).configure(spark, access)
    write = sales(spark).write.partitionBy("yyyy_mm_dd", "hh_mm")
    write.parquet(run.uri(table))
    assert spark.read.parquet(run.uri(table)).count() == ROWS
    assert lake.paths("main", table) == []

    first = set(lake.paths(run.branch, table))
    write.mode("overwrite").parquet(run.uri(table))
    second = set(lake.paths(run.branch, table))
    assert {path for path in first & second if path.endswith(".parquet")} == set()
    assert spark.read.parquet(run.uri(table)).count() == ROWS

    staged = lake.staged(run.branch, table)
    files = [path for path in staged if path.endswith(".parquet")]
    # Neither `_SUCCESS` nor `_temporary/`, and no empty objects for directories.
    assert (len(files), [path for path in staged if path not in files]) == (PARTITIONS, [])

    lake.succeed(run)
    assert len([path for path in lake.paths("main", table) if path.endswith(".parquet")]) == PARTITIONS
    again = lake.begin("three-ways", f"{job_run_id}2").configure(spark, access)
    assert spark.read.parquet(again.read_uri(table)).count() == ROWS
    assert spark.read.parquet(again.target_uri(table)).selectExpr("sum(quantity)").first()[0] == sum(
        number % 7 for number in range(ROWS)
    )
    lake.fail(again)


def test_other_buckets_keep_their_settings(spark: Any, lake: Lake, job_run_id: str) -> None:
    hadoop = spark.sparkContext._jsc.hadoopConfiguration()
    before = {name: hadoop.get(name) for name in ("fs.s3a.endpoint", "fs.s3a.access.key", "fs.s3a.path.style.access")}
    run = lake.begin("other-buckets", job_run_id).configure(spark, "s3a")
    assert {name: hadoop.get(name) for name in before} == before
    lake.fail(run)


def test_no_key_in_event_log_or_settings_of_the_session(
    spark: Any, lake: Lake, event_log: Path, job_run_id: str, tmp_path: Path
) -> None:
    run = lake.begin("redaction", job_run_id).configure(spark, "s3a")
    # An added file makes Spark write its whole environment into the log.
    added = tmp_path / "added.txt"
    added.write_text("x")
    spark.sparkContext.addFile(str(added))
    spark.range(1).collect()
    logs = "".join(file.read_text() for file in event_log.rglob("*") if file.is_file())
    assert "SparkListenerEnvironmentUpdate" in logs
    assert "fs.s3a.bucket.lake.secret.key" in logs
    shown = [logs, repr(spark.sparkContext.getConf().getAll()), spark.sql("SET -v")._jdf.showString(2000, 0, False)]
    for text in shown:
        assert lake.secret_access_key not in text
        assert lake.access_key_id not in text
    lake.fail(run)
