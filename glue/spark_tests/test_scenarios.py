"""What a pipeline meets: overwrites, failures, retries, neighbours and readers, on real Spark and a real server."""

from __future__ import annotations

import re
import threading
import uuid
from typing import Any, Dict, List

import pytest

import branchline

from .lake import Lake

DAYS = ("2026-11-01", "2026-11-02", "2026-11-03")


def day(spark: Any, date: str, value: int, rows: int = 10) -> Any:
    from pyspark.sql import functions as f

    return spark.range(rows).select("id", f.lit(value).alias("value"), f.lit(date).alias("day"))


def days(spark: Any, value: int) -> Any:
    first, second, third = (day(spark, date, value) for date in DAYS)
    return first.union(second).union(third)


class Table:
    """A table in the target, written by jobs and read as a reader would."""

    def __init__(self, spark: Any, lake: Lake, access: str, path: str) -> None:
        self.spark, self.lake, self.access, self.path = spark, lake, access, path
        self._jobs = 0

    def run(self, job: str, work: Any) -> bool:
        self._jobs += 1
        job_run_id = f"jr_{self.path.strip('/').replace('-', '')}{self._jobs}"
        return self.lake.job(job, job_run_id, lambda run: work(run.configure(self.spark, self.access)))

    def write(self, run: branchline.Run, frame: Any, mode: str = "overwrite", **options: str) -> None:
        frame.write.mode(mode).options(**options).partitionBy("day").parquet(run.uri(self.path))

    def content(self) -> Dict[str, List[int]]:
        """Day → the values of its rows, each counted once: what a reader of the target sees."""
        reader = self.lake.begin("reader", f"jr_{uuid.uuid4().hex}")
        try:
            found = self.spark.read.parquet(reader.configure(self.spark, self.access).read_uri(self.path))
            rows = found.groupBy("day", "value").count().collect()
        finally:
            self.lake.fail(reader)
        seen: Dict[str, List[int]] = {}
        for row in rows:
            seen.setdefault(str(row["day"]), []).extend([row["value"]] * (row["count"] // 10))
        return {date: sorted(values) for date, values in sorted(seen.items())}

    def strange(self) -> List[str]:
        """What lies in the target's table and is no Parquet file."""
        return [path for path in self.lake.paths("main", self.path) if not path.endswith(".parquet")]


@pytest.fixture
def target(spark: Any, lake: Lake, access: str, table: str) -> Table:
    made = Table(spark, lake, access, table)
    assert made.run("load", lambda run: made.write(run, days(spark, 1)))
    assert made.content() == {date: [1] for date in DAYS}
    return made


def test_dynamic_overwrite_replaces_one_partition(spark: Any, target: Table) -> None:
    frame = day(spark, DAYS[1], 2)
    assert target.run("correct", lambda run: target.write(run, frame, partitionOverwriteMode="dynamic"))
    assert target.content() == {DAYS[0]: [1], DAYS[1]: [2], DAYS[2]: [1]}
    assert target.strange() == []


def test_static_overwrite_replaces_the_table(spark: Any, target: Table) -> None:
    assert target.run("replace", lambda run: target.write(run, day(spark, DAYS[1], 2)))
    assert target.content() == {DAYS[1]: [2]}
    assert target.strange() == []


def test_append_adds(spark: Any, target: Table) -> None:
    assert target.run("add", lambda run: target.write(run, day(spark, DAYS[1], 2), "append"))
    assert target.content() == {DAYS[0]: [1], DAYS[1]: [1, 2], DAYS[2]: [1]}
    assert target.strange() == []


def half(spark: Any, target: Table) -> Any:
    """Overwrites the first day and dies before the second."""

    def work(run: branchline.Run) -> None:
        target.write(run, day(spark, DAYS[0], 2), partitionOverwriteMode="dynamic")
        assert any(target.path in path for path in target.lake.staged(run.branch))
        raise RuntimeError("between two partitions")

    return work


def test_a_failure_between_two_partitions_is_not_seen_and_a_retry_starts_clean(spark: Any, target: Table) -> None:
    head = target.lake.head()
    assert not target.run("repair", half(spark, target))
    assert target.lake.head() == head
    assert target.content() == {date: [1] for date in DAYS}

    def whole(run: branchline.Run) -> None:
        # Nothing of its predecessor.
        assert [path for path in target.lake.staged(run.branch) if not path.startswith("_branchline/")] == []
        for date in DAYS[:2]:
            target.write(run, day(spark, date, 2), partitionOverwriteMode="dynamic")

    assert target.run("repair", whole)
    assert target.content() == {DAYS[0]: [2], DAYS[1]: [2], DAYS[2]: [1]}
    assert target.strange() == []


def test_a_retry_of_glue_has_a_branch_of_its_own(
    spark: Any, lake: Lake, access: str, target: Table, job_run_id: str
) -> None:
    first = lake.begin("retried", job_run_id).configure(spark, access)
    target.write(first, day(spark, DAYS[0], 2), "append")
    second = lake.begin("retried", f"{job_run_id}_attempt_1").configure(spark, access)
    assert (second.run_id, second.attempt) == (first.run_id, 1)
    assert second.branch == f"{first.branch}-a1"
    assert spark.read.parquet(second.uri(target.path)).count() == 30
    # The late end of the first attempt hurts nobody.
    target.write(second, day(spark, DAYS[0], 3), "append")
    lake.fail(first)
    lake.succeed(second)
    assert target.content()[DAYS[0]] == [1, 3]


def test_spark_that_fails_in_a_task_leaves_nothing_for_the_target(spark: Any, target: Table) -> None:
    from pyspark.sql import functions as f

    broken = days(spark, 2).withColumn("value", f.expr("IF(day = '2026-11-03' AND id = 9, raise_error('bad row'), value)"))
    assert not target.run("breaks", lambda run: target.write(run, broken.repartition(3, "day")))
    assert target.content() == {date: [1] for date in DAYS}


def test_leftovers_of_a_write_that_the_job_survives_stay_out(spark: Any, target: Table) -> None:
    """The job catches the failure of one write and succeeds; a committer that died leaves its working folder."""

    def survives(run: branchline.Run) -> None:
        run.write(f"{target.path}_temporary/0/_temporary/attempt_0/part-0.parquet", b"half")
        run.write(f"{target.path}.spark-staging-1f/day=2026-11-02/part-0.parquet", b"half")
        target.write(run, day(spark, DAYS[1], 2), "append")

    assert target.run("survives", survives)
    assert target.content()[DAYS[1]] == [1, 2]
    assert target.strange() == []
    assert not [path for path in target.lake.paths("main", target.path) if "/day=" not in path or "staging" in path]


@pytest.mark.parametrize("begin", ["begin", "begin_alone"])
def test_a_checkpoint_leaves_out_what_the_target_must_not_get(
    spark: Any, lake: Lake, access: str, target: Table, job_run_id: str, begin: str
) -> None:
    run = getattr(lake, begin)("long", job_run_id).configure(spark, access)
    target.write(run, day(spark, DAYS[0], 2), "append")
    run.write(f"{target.path}_temporary/0/_temporary/attempt_0/part-0.parquet", b"half")
    first = run.commit("half-way")
    assert first is not None
    added = set(lake.paths(first, "")) - set(lake.paths(run.base_commit, ""))
    assert added
    assert all(path.startswith(f"{target.path}day={DAYS[0]}/") and path.endswith(".parquet") for path in added)
    # The branch is as a job needs it: Spark writes on.
    target.write(run, day(spark, DAYS[1], 3), "append")
    lake.succeed(run)
    assert target.content() == {DAYS[0]: [1, 2], DAYS[1]: [1, 3], DAYS[2]: [1]}


def test_success_files_are_not_written(spark: Any, target: Table) -> None:
    assert not [path for path in target.lake.paths("main", target.path) if path.endswith("_SUCCESS")]


def test_two_jobs_of_one_pipeline_follow_each_other(spark: Any, lake: Lake, access: str, target: Table) -> None:
    """The second reads what the first promoted, and writes a table of its own."""
    other = Table(spark, lake, access, f"second-{target.path}")
    assert target.run("first", lambda run: target.write(run, day(spark, DAYS[0], 5), "append"))

    def second(run: branchline.Run) -> None:
        rows = spark.read.parquet(run.read_uri(target.path)).where("value = 5")
        other.write(run, rows.select("id", "value", "day"))

    assert other.run("second", second)
    assert other.content() == {DAYS[0]: [5]}


def test_two_jobs_at_once_have_a_branch_each(spark: Any, lake: Lake, access: str, target: Table, job_run_id: str) -> None:
    one = lake.begin("one", job_run_id).configure(spark, access)
    two = lake.begin("two", job_run_id).configure(spark, access)
    works = [
        threading.Thread(target=target.write, args=(run, day(spark, date, value), "append"))
        for run, date, value in ((one, DAYS[0], 2), (two, DAYS[1], 3))
    ]
    for work in works:
        work.start()
    for work in works:
        work.join()
    # Each sees its own work alone.
    assert spark.read.parquet(one.uri(target.path)).where("value = 3").count() == 0
    lake.succeed(one)
    lake.succeed(two)
    assert target.content() == {DAYS[0]: [1, 2], DAYS[1]: [1, 3], DAYS[2]: [1]}


def test_a_reader_of_the_target_sees_one_state_while_a_job_writes(
    spark: Any, lake: Lake, access: str, target: Table, job_run_id: str
) -> None:
    reader = lake.begin("reader", job_run_id).configure(spark, access)
    pinned, by_name, lost = 0, 0, 0
    done = threading.Event()

    def overwrite(run: branchline.Run) -> None:
        for value in (2, 3):
            target.write(run, days(spark, value))

    def job() -> None:
        try:
            target.run("writer", overwrite)
        finally:
            done.set()

    def seen(where: str) -> Any:
        return tuple(spark.read.parquet(where).selectExpr("count(*)", "count(distinct value)").first())

    writer = threading.Thread(target=job)
    writer.start()
    while not done.is_set():
        # By commit id, as a job reads: always whole.
        assert seen(reader.read_uri(target.path)) == (30, 1)
        pinned += 1
        # By the target's name, as others do: Spark lists first and opens later, and a promotion may come in between. Then
        # the read fails and says why; half a job is never seen.
        try:
            state = seen(reader.target_uri(target.path))
        except Exception as error:
            if re.search("FileNotFound|No such file|does not exist", str(error)) is None:
                raise
            lost += 1
        else:
            assert state == (30, 1)
            by_name += 1
    writer.join()
    assert pinned
    assert by_name
    # One promotion, so one read at most can have been in its way.
    assert lost <= 1
    assert spark.read.parquet(reader.read_uri(target.path)).where("value = 1").count() == 30
    assert target.content() == {date: [3] for date in DAYS}
    lake.fail(reader)


def test_a_zombie_is_refused(lake: Lake, job_run_id: str) -> None:
    """A late job whose branch was discarded can write nothing."""
    run = lake.begin("zombie", job_run_id)
    lake.fail(run)
    with pytest.raises(branchline.BranchGone):
        run.write("t/late", b"1")
    assert lake.paths("main", "t/late") == []


def test_a_tag_of_the_branchs_name_is_told_apart(lake: Lake, job_run_id: str) -> None:
    name = f"run-tagged-{job_run_id}"
    lake.ask("POST", "/repositories/lake/tags", {"id": name, "ref": "main"})
    with pytest.raises(branchline.UnexpectedAnswer, match="409"):
        lake.begin_alone("tagged", job_run_id)


def test_a_branch_that_a_person_deleted_is_not_made_again(lake: Lake, job_run_id: str) -> None:
    run = lake.begin("deleted", job_run_id)
    lake.fail(run)
    with pytest.raises(branchline.BranchGone, match=run.branch):
        lake.begin("deleted", job_run_id)
    assert not lake.branch_exists(run.branch)
