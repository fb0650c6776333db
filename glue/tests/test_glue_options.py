from __future__ import annotations

import sys
import types
from typing import Any, Callable, Dict, List

import pytest

from branchline.arguments import read_arguments
from branchline.glue_options import resolved_options

ARGV = ["--JOB_NAME", "sales", "--JOB_RUN_ID", "jr_1", "--branchline_run_id", "load1"]


def install(monkeypatch: pytest.MonkeyPatch, answer: Callable[[List[str], List[str]], Dict[str, Any]]) -> None:
    package, utils = types.ModuleType("awsglue"), types.ModuleType("awsglue.utils")
    utils.getResolvedOptions = answer  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "awsglue", package)
    monkeypatch.setitem(sys.modules, "awsglue.utils", utils)


def test_glue_is_asked_for_what_was_given_and_not_for_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: List[Any] = []

    def answer(argv: List[str], options: List[str]) -> Dict[str, Any]:
        asked.append((argv, options))
        return {"JOB_NAME": "sales", "JOB_RUN_ID": "jr_1", "branchline_run_id": "glue says", "TempDir": "x"}

    install(monkeypatch, answer)
    found = read_arguments(ARGV, {"branchline_job": "from the environment"})
    assert asked == [(["script.py", *ARGV], ["branchline_run_id"])]
    assert (found.job_name, found.job_run_id, found.run_id) == ("sales", "jr_1", "glue says")


@pytest.mark.parametrize("failure", [SystemExit(2), RuntimeError("Using reserved arguments"), KeyError("x")])
def test_a_refusal_changes_nothing(monkeypatch: pytest.MonkeyPatch, failure: BaseException) -> None:
    def refuse(_: List[str], __: List[str]) -> Dict[str, Any]:
        raise failure

    install(monkeypatch, refuse)
    found = read_arguments(ARGV, {})
    assert (found.job_name, found.job_run_id, found.run_id) == ("sales", "jr_1", "load1")


def test_without_glues_library_nothing_is_missing() -> None:
    assert resolved_options(ARGV, ["JOB_NAME"]) == {}
