from __future__ import annotations

import importlib.util
import io
import sys
from pathlib import Path
from types import ModuleType
from typing import List

import pyarrow.parquet as pq
import pytest
from conftest import JOB_RUN
from fake_aws import FakeAws
from fake_lakefs import FakeLakefs

import branchline

SCRIPT = Path(__file__).parents[1] / "jobs" / "sample_table.py"
BRANCH = f"run-demo-sales-{JOB_RUN}"


@pytest.fixture
def job(aws: FakeAws, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    spec = importlib.util.spec_from_file_location("sample_table", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    for name in ("table", "from", "days", "hours", "rows", "seed", "mode", "die_after", "sleep"):
        monkeypatch.delenv(name, raising=False)
    return module


def play(job: ModuleType, monkeypatch: pytest.MonkeyPatch, *argv: str) -> None:
    monkeypatch.setattr(sys, "argv", ["job.py", "--JOB_NAME", "demo-sales", "--JOB_RUN_ID", JOB_RUN, *argv])
    job.main()


def written(lakefs: FakeLakefs) -> List[str]:
    return sorted(path for path, content in lakefs.branches[BRANCH].staged.items() if content is not None)


def test_it_writes_a_partitioned_table(job: ModuleType, lakefs: FakeLakefs, monkeypatch: pytest.MonkeyPatch) -> None:
    play(job, monkeypatch, "--table", "clicks", "--from", "2026-11-01", "--days", "2", "--hours", "2", "--rows", "7")
    name = f"part-{JOB_RUN}-0.parquet"
    assert written(lakefs) == [
        f"clicks/yyyy_mm_dd=2026-11-0{day}/hh_mm=0{hour}-00/{name}" for day in (1, 2) for hour in (0, 1)
    ]
    for path in written(lakefs):
        table = pq.read_table(io.BytesIO(lakefs.branches[BRANCH].staged[path] or b""), partitioning=None)
        assert (table.num_rows, table.column_names) == (7, ["sold_at", "product", "quantity", "amount"])


def test_arguments_come_from_the_environment_too(
    job: ModuleType, lakefs: FakeLakefs, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"table": "t", "from": "2026-11-01", "hours": "3", "rows": "1", "die_after": "2"}.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(RuntimeError, match="told to die after 2 files"):
        play(job, monkeypatch)
    assert len(written(lakefs)) == 2


@pytest.mark.parametrize(("mode", "left"), [("overwrite", 1), ("append", 2)])
def test_a_partition_is_replaced_or_added_to(
    job: ModuleType, lakefs: FakeLakefs, monkeypatch: pytest.MonkeyPatch, mode: str, left: int
) -> None:
    partition = "t/yyyy_mm_dd=2026-11-01/hh_mm=00-00/"
    monkeypatch.setattr(sys, "argv", ["job.py", "--JOB_NAME", "demo-sales", "--JOB_RUN_ID", JOB_RUN])
    run = branchline.begin()
    run.write(f"{partition}part-earlier.parquet", b"")
    play(job, monkeypatch, "--table", "t", "--from", "2026-11-01", "--mode", mode)
    assert len(list(run.list(partition))) == left


def test_a_seed_gives_the_same_rows(job: ModuleType) -> None:
    import random
    from datetime import datetime, timezone

    start = datetime(2026, 11, 1, tzinfo=timezone.utc)
    one, other, third = (job.sales(start, 50, random.Random(seed)) for seed in (1, 1, 2))
    assert one == other
    assert one != third
