from __future__ import annotations

import json
from typing import Any, Dict

import pytest
from conftest import JOB_RUN, Clock, Start
from fake_aws import SECRET_ARN, ClientError, EndpointConnectionError, FakeAws, ReadTimeoutError
from fake_lakefs import Branch, FakeLakefs, Fault

import branchline
from branchline import contract

BRANCH = f"run-sales-daily-{JOB_RUN}"
DENIED = ClientError("AccessDeniedException", 403, "not authorized")


@pytest.fixture
def alone(start: Start, aws: FakeAws, lakefs: FakeLakefs) -> Start:
    """Begins a run of a job that may not invoke claim-run."""

    def begin(**arguments: str) -> branchline.Run:
        aws.invoke_failures = aws.invoke_failures or [DENIED]
        return start(
            **{
                "branchline_repository": "lake",
                "branchline_target": "main",
                "branchline_lakefs_endpoint": lakefs.endpoint,
                "branchline_secret_arn": SECRET_ARN,
                **arguments,
            }
        )

    return begin


def claim_on(lakefs: FakeLakefs, branch: str = BRANCH) -> Dict[str, Any]:
    claim: Dict[str, Any] = json.loads((lakefs.view(branch) or {})[contract.CLAIM_OBJECT])
    return claim


def test_the_claim_lies_on_the_branch(alone: Start, lakefs: FakeLakefs) -> None:
    base = lakefs.branches["main"].head
    run = alone()
    assert (run.run_id, run.attempt, run.branch, run.base_commit) == (JOB_RUN, 0, BRANCH, base)
    assert claim_on(lakefs) == {
        "schemaVersion": 1,
        "jobName": "sales-daily",
        "jobRunId": JOB_RUN,
        "runId": JOB_RUN,
        "attempt": 0,
        "baseCommit": base,
        "repository": "lake",
        "target": "main",
    }


def test_the_job_sees_nothing_of_its_claim(alone: Start) -> None:
    run = alone()
    assert [found.path for found in run.list()] == ["sales/old.parquet"]
    with pytest.raises(ValueError, match="_branchline/"):
        run.write("_branchline/claim.json", b"{}")


def test_beginning_again_keeps_the_base(alone: Start, lakefs: FakeLakefs) -> None:
    base = alone().base_commit
    lakefs.branches["main"].head = lakefs.add_commit({"moved": b""}, {})
    assert alone().base_commit == base


def test_another_job_run_is_refused(alone: Start) -> None:
    alone(branchline_run_id="load1")
    with pytest.raises(branchline.ClaimRefused, match=f"{JOB_RUN}, not to jr_other"):
        alone(branchline_run_id="load1", JOB_RUN_ID="jr_other")


def test_an_attempt_has_a_branch_of_its_own(alone: Start, lakefs: FakeLakefs) -> None:
    alone()
    run = alone(JOB_RUN_ID=f"{JOB_RUN}_attempt_1")
    assert run.branch == f"{BRANCH}-a1"
    assert claim_on(lakefs, run.branch)["attempt"] == 1


def test_a_lost_answer_to_the_claim_is_no_refusal(alone: Start, lakefs: FakeLakefs) -> None:
    lakefs.faults = [Fault(f"POST branches/{BRANCH}/objects", 0, after=True)]
    assert alone().branch == BRANCH
    assert claim_on(lakefs)["jobRunId"] == JOB_RUN


def test_a_branch_without_a_claim_begins_at_its_head(alone: Start, lakefs: FakeLakefs) -> None:
    base = lakefs.branches["main"].head
    lakefs.branches[BRANCH] = Branch(base)
    lakefs.branches["main"].head = lakefs.add_commit({"moved": b""}, {})
    assert alone().base_commit == base
    assert claim_on(lakefs)["baseCommit"] == base


def test_a_tag_of_that_name_is_no_branch(alone: Start, lakefs: FakeLakefs) -> None:
    lakefs.tags.append(BRANCH)
    with pytest.raises(branchline.UnexpectedAnswer, match="409"):
        alone()


def test_a_branch_that_goes_while_the_run_is_opened_is_said_to_be_gone(alone: Start, lakefs: FakeLakefs) -> None:
    """Another try of this job made it, and a person deleted it before its claim could be read."""
    lakefs.branches[BRANCH] = Branch(lakefs.branches["main"].head)
    lakefs.on_call = lambda call: lakefs.branches.pop(BRANCH, None) if call == f"GET refs/{BRANCH}/objects" else None
    with pytest.raises(branchline.BranchGone, match="while the run was being opened"):
        alone()
    assert BRANCH not in lakefs.branches


def test_no_network_to_lambda_takes_the_other_way(alone: Start, aws: FakeAws, clock: Clock) -> None:
    aws.invoke_failures = [EndpointConnectionError("no route")] * 100
    assert alone().branch == BRANCH
    assert clock.now <= 20


def test_once_a_request_was_on_its_way_there_is_no_other_way(alone: Start, aws: FakeAws, lakefs: FakeLakefs) -> None:
    aws.invoke_failures = [ReadTimeoutError("no answer")] + [EndpointConnectionError("no route")] * 100
    with pytest.raises(branchline.AwsCallFailed):
        alone()
    assert BRANCH not in lakefs.branches


def test_a_refusal_is_not_circumvented(alone: Start, aws: FakeAws, lakefs: FakeLakefs) -> None:
    aws.claims[JOB_RUN, 0] = "jr_other"
    aws.invoke_failures = [ClientError("TooManyRequestsException", 429)]
    with pytest.raises(branchline.ClaimRefused):
        alone()
    assert BRANCH not in lakefs.branches


def test_a_target_that_is_missing_is_named(alone: Start) -> None:
    with pytest.raises(branchline.NotFound, match="lake has no branch gold"):
        alone(branchline_target="gold")


# -- Checkpoints --------------------------------------------------------------------------------------------------------


def test_a_checkpoint_leaves_the_claim_out_and_in_place(alone: Start, lakefs: FakeLakefs) -> None:
    run = alone()
    run.write("a", b"1")
    commit = run.commit("half")
    assert commit is not None
    assert sorted(lakefs.commits[commit][0]) == ["a", "sales/old.parquet"]
    assert list(lakefs.branches[BRANCH].staged) == [contract.CLAIM_OBJECT]


def test_a_checkpoint_leaves_out_what_writers_that_died_left(alone: Start, lakefs: FakeLakefs) -> None:
    lakefs.page_size = 2
    run = alone()
    for path in ("t/a", "t/_temporary/0/b", "t/.spark-staging-1/c", "t/d", "u/_temporary/e", "my_temporary/f"):
        run.write(path, b"1")
    commit = run.commit("half")
    assert commit is not None
    assert sorted(lakefs.commits[commit][0]) == ["my_temporary/f", "sales/old.parquet", "t/a", "t/d"]
    assert list(lakefs.branches[BRANCH].staged) == [contract.CLAIM_OBJECT]


def test_a_checkpoint_of_leftovers_alone_is_none(alone: Start, lakefs: FakeLakefs) -> None:
    run = alone()
    run.write("t/_temporary/0/b", b"1")
    assert run.commit("nothing") is None
    assert list(lakefs.branches[BRANCH].staged) == [contract.CLAIM_OBJECT]


def test_a_checkpoint_of_nothing_is_none(alone: Start, lakefs: FakeLakefs) -> None:
    run = alone()
    assert run.commit("nothing") is None
    assert claim_on(lakefs)["jobRunId"] == JOB_RUN


def test_a_job_that_died_within_a_checkpoint_finds_its_base_again(alone: Start, lakefs: FakeLakefs) -> None:
    run = alone()
    run.write("a", b"1")
    run.commit("half")
    lakefs.branches[BRANCH].staged.clear()
    again = alone()
    assert again.base_commit == run.base_commit
    assert claim_on(lakefs)["baseCommit"] == run.base_commit
    lakefs.branches[BRANCH].staged.clear()
    with pytest.raises(branchline.ClaimRefused):
        alone(branchline_run_id=JOB_RUN, JOB_RUN_ID="jr_other")


@pytest.mark.parametrize("kind", [contract.KIND_RUN, contract.KIND_FAILED])
def test_a_run_that_was_settled_is_over(alone: Start, lakefs: FakeLakefs, kind: str) -> None:
    run = alone()
    branch = lakefs.branches[BRANCH]
    metadata = {
        contract.METADATA_KIND: kind,
        contract.METADATA_RUN_ID: run.run_id,
        contract.METADATA_ATTEMPT: "0",
        contract.METADATA_JOB: run.job,
    }
    branch.staged.clear()
    branch.head = lakefs.add_commit({}, metadata)
    with pytest.raises(branchline.RunEnded):
        alone()
