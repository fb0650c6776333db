from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest
from conftest import JOB_RUN
from fake_aws import FakeAws
from fake_lakefs import FakeLakefs

from branchline import contract

SCRIPT = Path(__file__).parents[1] / "jobs" / "python_client.py"
BRANCH = f"run-rates-{JOB_RUN}"


@pytest.mark.usefixtures("aws")
def test_it_branches_writes_and_commits(lakefs: FakeLakefs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        sys, "argv", ["job.py", "--JOB_NAME", "rates", "--JOB_RUN_ID", JOB_RUN, "--table", "fx", "--days", "2"]
    )
    spec = importlib.util.spec_from_file_location("python_client", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.main()
    branch = lakefs.branches[BRANCH]
    tree, metadata = lakefs.commits[branch.head]
    assert [path for path in sorted(tree) if path.startswith("fx/")] == [
        "fx/day=2026-11-01/rates.csv",
        "fx/day=2026-11-02/rates.csv",
    ]
    assert tree["fx/day=2026-11-01/rates.csv"].splitlines()[1] == b"CHF,0.94"
    assert metadata[contract.METADATA_KIND] == contract.KIND_CHECKPOINT
    assert metadata["days"] == "2"
    # What comes after the checkpoint is committed when the job has succeeded.
    assert list(branch.staged) == [f"reports/fx-{JOB_RUN}.txt"]
    assert lakefs.branches["main"].staged == {}


def test_its_arguments_come_from_the_environment_too(
    aws: FakeAws, lakefs: FakeLakefs, monkeypatch: pytest.MonkeyPatch
) -> None:
    aws.job_runs.append(
        {
            "Id": JOB_RUN,
            "JobName": "rates",
            "JobRunState": "RUNNING",
            "Arguments": {"--branchline_run_id": "load1"},
        }
    )
    for name, value in {"branchline_job": "rates", "branchline_run_id": "load1", "table": "fx", "days": "1"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys, "argv", ["job.py"])
    spec = importlib.util.spec_from_file_location("python_client", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.main()
    assert "reports/fx-load1.txt" in lakefs.branches["run-rates-load1"].staged
