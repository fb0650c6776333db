from __future__ import annotations

from typing import Dict, List, Optional

import pytest

from branchline.arguments import read_arguments
from branchline.errors import InvalidArguments

SPARK = ["--JOB_NAME", "sales", "--JOB_RUN_ID", "jr_1"]
FALLBACK = {
    "branchline_repository": "lake",
    "branchline_target": "main",
    "branchline_lakefs_endpoint": "https://lakefs.example.com/",
    "branchline_secret_arn": "arn:aws:secretsmanager:eu-west-1:111122223333:secret:x",
}


@pytest.mark.parametrize(
    ("argv", "environ", "job", "job_run_id", "run_id"),
    [
        (SPARK, {}, "sales", "jr_1", None),
        ([*SPARK, "--branchline_run_id", "load1"], {}, "sales", "jr_1", "load1"),
        (["--JOB_NAME=sales", "--JOB_RUN_ID=jr_1", "--branchline_run_id=load1"], {}, "sales", "jr_1", "load1"),
        (["script.py", "--other", "x", *SPARK, "--enable-metrics", "true"], {}, "sales", "jr_1", None),
        ([], {"branchline_job": "sales", "branchline_run_id": "load1"}, "sales", None, "load1"),
        ([], {"JOB_NAME": "sales", "JOB_RUN_ID": "jr_1"}, "sales", "jr_1", None),
        (["--JOB_NAME", "given"], {"JOB_NAME": "other", "JOB_RUN_ID": "jr_1"}, "given", "jr_1", None),
        ([*SPARK, "--JOB_NAME", "last"], {}, "last", "jr_1", None),
        ([*SPARK, "--branchline_job", "other"], {}, "sales", "jr_1", None),
        (["--JOB_NAME", "a=b c/é", "--JOB_RUN_ID", "jr_1"], {}, "a=b c/é", "jr_1", None),
        ([*SPARK, "--branchline_run_id="], {}, "sales", "jr_1", None),
    ],
)
def test_job_and_run(
    argv: List[str], environ: Dict[str, str], job: str, job_run_id: Optional[str], run_id: Optional[str]
) -> None:
    found = read_arguments(argv, environ)
    assert (found.job_name, found.job_run_id, found.run_id) == (job, job_run_id, run_id)
    assert found.claim_function == "branchline-claim-run"
    assert found.fallback is None


@pytest.mark.parametrize(
    ("argv", "environ", "names"),
    [
        ([], {}, "--branchline_job"),
        (["--JOB_RUN_ID", "jr_1"], {}, "--JOB_NAME"),
        (["--JOB_NAME", "sales"], {}, "--branchline_run_id"),
        (["--JOB_NAME"], {}, "--JOB_NAME has no value"),
        (["--JOB_NAME", "--JOB_RUN_ID", "jr_1"], {}, "--JOB_NAME has no value"),
        (SPARK, {"branchline_target": "main"}, "--branchline_repository, --branchline_lakefs_endpoint"),
    ],
)
def test_nothing_is_guessed(argv: List[str], environ: Dict[str, str], names: str) -> None:
    with pytest.raises(InvalidArguments, match=names) as caught:
        read_arguments(argv, environ)
    assert caught.value.code == "BL1001"


def test_the_name_of_the_function_and_the_fallback() -> None:
    found = read_arguments([*SPARK, "--branchline_claim_function", "lake-claim-run"], FALLBACK)
    assert found.claim_function == "lake-claim-run"
    assert found.fallback is not None
    assert found.fallback.endpoint == "https://lakefs.example.com"


def test_they_come_from_the_process_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["script.py", "--JOB_NAME", "sales"])
    monkeypatch.setenv("branchline_run_id", "load1")
    found = read_arguments()
    assert (found.job_name, found.run_id) == ("sales", "load1")
