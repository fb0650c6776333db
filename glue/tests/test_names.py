from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Dict, List

import pytest

from branchline.names import branch_name, run_key, split_job_run_id

VECTORS: List[Dict[str, Any]] = json.loads(
    (Path(__file__).parents[2] / "test" / "fixtures" / "branch-names.json").read_text(encoding="utf-8")
)


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: str(vector["branch"]))
def test_names_are_those_of_the_control_plane(vector: Dict[str, Any]) -> None:
    assert branch_name(vector["job"], vector["runId"], vector["attempt"]) == vector["branch"]


def test_a_trailing_newline_is_not_overlooked() -> None:
    assert "--x" in branch_name("job\n", "load1", 0)
    assert "--x" in branch_name("job", "load1\n", 0)


@pytest.mark.parametrize(
    ("job_run_id", "expected"),
    [
        ("jr_1", ("jr_1", 0)),
        ("jr_1_attempt_2", ("jr_1", 2)),
        ("jr_attempt_", ("jr_attempt_", 0)),
        ("_attempt_1", ("_attempt_1", 0)),
        ("jr_1_attempt_1234567", ("jr_1_attempt_1234567", 0)),
    ],
)
def test_the_attempt_comes_from_the_job_run_id(job_run_id: str, expected: object) -> None:
    assert split_job_run_id(job_run_id) == expected


def test_a_run_id_from_the_arguments_keeps_the_attempt_of_the_job_run() -> None:
    assert run_key("jr_1_attempt_3", "load1") == ("load1", 3)
    assert run_key("jr_1_attempt_3", None) == ("jr_1", 3)


def test_an_odd_run_id_is_digested() -> None:
    run_id, attempt = run_key("jr 1", None)
    assert (run_id[0], len(run_id), attempt) == ("x", 33, 0)
