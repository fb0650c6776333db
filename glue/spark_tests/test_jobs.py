"""The example jobs as they are, one after the other, as a pipeline would run them."""

from __future__ import annotations

import importlib.util
import json
import sys
import uuid
from pathlib import Path
from typing import Any

import pytest

import branchline
import branchline._begin as begin_module

from .lake import Lake

JOBS = Path(__file__).parents[1] / "jobs"


def play(lake: Lake, script: str, access: str, *arguments: str) -> branchline.Run:
    """Runs a script as Glue does, and settles its run. :raises Exception: what the script raises, once it is discarded."""
    spec = importlib.util.spec_from_file_location(script, JOBS / f"{script}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    patch = pytest.MonkeyPatch()
    glue = ["--JOB_NAME", script, "--JOB_RUN_ID", f"jr_{uuid.uuid4().hex}", "--branchline_access", access]
    patch.setattr(sys, "argv", [f"{script}.py", *glue, *arguments])
    patch.setattr(begin_module, "_current", None)
    assert lake.aws is not None
    lake.aws.base_commit = lake.head()
    try:
        module.main()
    except Exception:
        assert begin_module._current is not None
        lake.fail(begin_module._current)
        raise
    else:
        run = begin_module._current
        assert run is not None
        lake.succeed(run)
        return run
    finally:
        patch.undo()


def report(lake: Lake, run: branchline.Run, table: str) -> Any:
    reader = lake.begin("reader", f"jr_{uuid.uuid4().hex}")
    try:
        return json.loads(reader.read(f"reports/{table}-{run.run_id}.json", pinned=True))
    finally:
        lake.fail(reader)


@pytest.mark.usefixtures("spark")
def test_the_baseline_writes_where_it_is_told(spark: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["plain_s3.py", "--output", f"file://{tmp_path}/plain/", "--rows", "10"])
    spec = importlib.util.spec_from_file_location("plain_s3", JOBS / "plain_s3.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.main()
    assert spark.read.parquet(f"file://{tmp_path}/plain/").count() == 30


def test_the_jobs_of_a_pipeline(spark: Any, lake: Lake, access: str) -> None:
    table, rates, third = (f"{name}_{access}" for name in ("sales", "rates", "turnover"))
    play(lake, "write_table", access, "--table", table, "--rows", "90")
    wanted = {"rows": 270, "quantity": 30 * 45, "days": 3}
    seen = report(lake, play(lake, "read_table", access, "--table", table), table)
    assert seen["access"] == access
    assert seen["by_commit"].items() >= wanted.items()

    # Once more, one day longer.
    play(lake, "write_table", access, "--table", table, "--rows", "90", "--from", "2026-11-03", "--days", "2")
    again = report(lake, play(lake, "read_table", access, "--table", table), table)
    assert again["by_commit"].items() >= {"rows": 360, "quantity": 40 * 45, "days": 4}.items()

    head = lake.head()
    with pytest.raises(RuntimeError, match="told to die after 2 of 3 days"):
        play(lake, "fails_half_way", access, "--table", table)
    assert lake.head() == head

    client = play(lake, "python_client", access, "--table", rates, "--days", "4")
    assert lake.paths("main", f"{rates}/") == [f"{rates}/day=2026-11-0{day}/rates.csv" for day in (1, 2, 3, 4)]
    assert lake.paths("main", f"reports/{rates}-{client.run_id}")

    joined = play(lake, "join_tables", access, "--sales", table, "--rates", rates, "--output", third)
    reader = lake.begin("reader", f"jr_{uuid.uuid4().hex}").configure(spark, access)
    rows = spark.read.parquet(reader.read_uri(f"{third}/")).collect()
    assert len(rows) == 4 * 3
    assert {row["turnover"] for row in rows if row["currency"] == "GBP"} == {round(450 * 0.83, 2)}
    assert not lake.branch_exists(joined.branch)
    lake.fail(reader)


def test_a_backfill_is_seen_at_once(spark: Any, lake: Lake, access: str) -> None:
    table = f"history_{access}"
    run = play(lake, "backfill", access, "--table", table, "--days", "45", "--days_at_once", "20")
    paths = lake.paths("main", f"{table}/")
    assert len(paths) == 45
    assert not [path for path in lake.paths("main", "") if path.startswith("_branchline/")]
    log = lake.ask("GET", f"/repositories/lake/refs/main/commits?amount=10&stop_at={run.base_commit}")["results"]
    checkpoints = [commit for commit in log if (commit["metadata"] or {}).get("::lakefs::Branchline::kind") == "checkpoint"]
    assert len(checkpoints) == 3
