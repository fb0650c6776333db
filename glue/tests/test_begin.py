from __future__ import annotations

import json
import logging
import pickle
from typing import Type

import pytest
from conftest import JOB_RUN, Clock, Start
from fake_aws import SECRET_ARN, ClientError, EndpointConnectionError, FakeAws, ReadTimeoutError
from fake_lakefs import Branch, FakeLakefs, Fault

import branchline

BRANCH = f"run-sales-daily-{JOB_RUN}"


def test_a_job_gets_its_branch(start: Start, aws: FakeAws, lakefs: FakeLakefs) -> None:
    run = start()
    assert (run.run_id, run.attempt, run.job, run.job_run_id) == (JOB_RUN, 0, "sales-daily", JOB_RUN)
    assert (run.repository, run.target, run.branch) == ("lake", "main", BRANCH)
    assert run.base_commit == aws.base_commit == lakefs.branches[BRANCH].head
    assert aws.invocations == [("branchline-claim-run", {"jobName": "sales-daily", "jobRunId": JOB_RUN})]
    assert aws.secrets_read == [SECRET_ARN]


def test_a_run_id_among_the_arguments_is_claimed(start: Start, aws: FakeAws) -> None:
    run = start(branchline_run_id="load1", JOB_RUN_ID=f"{JOB_RUN}_attempt_2", branchline_claim_function="lake-claim-run")
    assert (run.run_id, run.attempt, run.branch) == ("load1", 2, "run-sales-daily-load1-a2")
    assert aws.invocations[0][0] == "lake-claim-run"
    assert aws.invocations[0][1]["runId"] == "load1"


def test_a_branch_that_the_control_plane_made_is_left_as_it_is(start: Start, aws: FakeAws, lakefs: FakeLakefs) -> None:
    aws.make_branch = lambda _: lakefs.branches.update({BRANCH: Branch(aws.base_commit, {"a": b"1"})})
    run = start()
    assert run.read("a") == b"1"
    assert "POST branches" not in lakefs.calls


def test_beginning_again_in_the_same_job_run_gives_the_same(start: Start) -> None:
    first = start()
    first.write("a", b"1")
    again = start()
    assert (again.branch, again.base_commit, again.read("a")) == (first.branch, first.base_commit, b"1")


def test_a_branch_that_a_person_deleted_is_not_made_again(start: Start, lakefs: FakeLakefs) -> None:
    start().write("a", b"1")
    del lakefs.branches[BRANCH]
    with pytest.raises(branchline.BranchGone) as caught:
        start()
    assert caught.value.code == "BL2004"
    assert str(caught.value) == (
        f"BL2004 run branch is gone: run {JOB_RUN} has had its branch {BRANCH}, and somebody deleted it. "
        "The run was discarded, or its branch deleted. Start the job again."
    )
    assert list(lakefs.branches) == ["main"]


def test_a_second_call_in_one_process_asks_nobody(aws: FakeAws, lakefs: FakeLakefs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["job.py", "--JOB_NAME", "sales-daily", "--JOB_RUN_ID", JOB_RUN])
    first = branchline.begin()
    calls = len(lakefs.calls)
    assert branchline.begin() is first
    assert (len(aws.invocations), len(lakefs.calls)) == (1, calls)


def test_a_failed_begin_is_not_remembered(aws: FakeAws, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["job.py", "--JOB_NAME", "sales-daily", "--JOB_RUN_ID", JOB_RUN])
    aws.function_errors = [("BL1003", 'BL1003 no pipeline for this job: job "sales-daily" matches no pipeline')]
    with pytest.raises(branchline.NoPipeline):
        branchline.begin()
    assert branchline.begin().branch == BRANCH


# -- Refusals -----------------------------------------------------------------------------------------------------------


def test_another_job_run_is_refused(start: Start, aws: FakeAws, lakefs: FakeLakefs) -> None:
    aws.claims["load1", 0] = "jr_other"
    with pytest.raises(branchline.ClaimRefused) as caught:
        start(branchline_run_id="load1")
    assert caught.value.code == "BL2001"
    assert str(caught.value) == (
        "BL2001 run is claimed by another job run: run load1 belongs to job run jr_other. "
        "Give every start its own run id, or let Branchline derive it."
    )
    assert list(lakefs.branches) == ["main"]


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("BL1001", branchline.InvalidArguments),
        ("BL1003", branchline.NoPipeline),
        ("BL2002", branchline.RunEnded),
        ("BL2008", branchline.EarlierRunUnresolved),
        ("BL3002", branchline.CredentialsRefused),
        ("BL3007", branchline.RepositoryMissing),
        ("BL9999", branchline.BranchlineError),
    ],
)
def test_what_claim_run_says_is_raised_by_its_code(
    start: Start, aws: FakeAws, code: str, kind: Type[branchline.BranchlineError]
) -> None:
    aws.function_errors = [(code, f"{code} something: seen")]
    with pytest.raises(kind, match=f"^{code} something: seen") as caught:
        start()
    assert type(caught.value) is kind
    assert caught.value.code == code
    assert len(aws.invocations) == 1


@pytest.mark.parametrize(
    "failure",
    [("BL3001", "BL3001 lakeFS cannot be reached: x"), ("Sandbox.Timedout", "Task timed out"), ("Runtime.ExitError", "")],
)
def test_what_passes_is_tried_again(start: Start, aws: FakeAws, failure: tuple[str, str]) -> None:
    aws.function_errors = [failure, failure]
    assert start().branch == BRANCH
    assert len(aws.invocations) == 3


def test_what_does_not_pass_is_raised_in_the_end(start: Start, aws: FakeAws, clock: Clock) -> None:
    aws.function_errors = [("BL3001", "BL3001 lakeFS cannot be reached: x")] * 1000
    with pytest.raises(branchline.LakefsUnreachable):
        start()
    assert 100 < clock.now <= 120


@pytest.mark.parametrize(
    "failure",
    [
        ClientError("TooManyRequestsException", 429),
        ClientError("ServiceException", 500),
        EndpointConnectionError("no route"),
        ReadTimeoutError("no answer"),
    ],
)
def test_an_invocation_that_fails_is_repeated(start: Start, aws: FakeAws, failure: Exception) -> None:
    aws.invoke_failures = [failure, failure]
    assert start().branch == BRANCH


def test_a_missing_permission_is_named(start: Start, aws: FakeAws) -> None:
    aws.invoke_failures = [ClientError("AccessDeniedException", 403, "not authorized")]
    with pytest.raises(branchline.AccessDenied, match="lambda:InvokeFunction on branchline-claim-run"):
        start()


def test_a_missing_function_is_not_waited_for(start: Start, aws: FakeAws, clock: Clock) -> None:
    aws.invoke_failures = [ClientError("ResourceNotFoundException", 404, "Function not found")]
    with pytest.raises(branchline.AwsCallFailed, match="ResourceNotFoundException"):
        start()
    assert clock.slept == []


def test_an_answer_of_another_function_is_no_claim(start: Start, aws: FakeAws) -> None:
    aws.answer = {"statusCode": 200, "body": "hello"}
    with pytest.raises(branchline.AwsCallFailed, match=r"no claim.*hello"):
        start()
    assert len(aws.invocations) == 1


def test_an_endpoint_without_a_scheme_is_refused(start: Start, aws: FakeAws) -> None:
    aws.endpoint = "lakefs.example.com"
    with pytest.raises(branchline.InvalidArguments, match=r"lakefs\.example\.com"):
        start()


# -- Python shell: neither name nor id of the job run -------------------------------------------------------------------


def job_run(name: str, state: str, run_id: str, job: str = "sales-daily") -> dict[str, object]:
    return {"Id": name, "JobName": job, "JobRunState": state, "Arguments": {"--branchline_run_id": run_id}}


def shell(start: Start) -> branchline.Run:
    return start(JOB_NAME="", JOB_RUN_ID="", environ={"branchline_job": "sales-daily", "branchline_run_id": "load1"})


def test_the_job_run_is_found_by_its_run_id(start: Start, aws: FakeAws) -> None:
    aws.page_size = 2
    aws.job_runs = [
        job_run("jr_9", "RUNNING", "load2"),
        {"Id": "jr_8", "JobName": "sales-daily", "JobRunState": "RUNNING"},
        job_run("jr_7_attempt_1", "RUNNING", "load1"),
        job_run("jr_7", "FAILED", "load1"),
    ]
    run = shell(start)
    assert (run.job_run_id, run.run_id, run.attempt) == ("jr_7_attempt_1", "load1", 1)


def test_a_job_run_that_glue_does_not_list_yet_is_waited_for(
    start: Start, aws: FakeAws, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def appear(seconds: float) -> None:
        clock.slept.append(seconds)
        aws.job_runs = [job_run("jr_7", "STARTING", "load1")]

    monkeypatch.setattr(clock, "sleep", appear)
    assert shell(start).job_run_id == "jr_7"
    assert len(clock.slept) == 1


def test_without_a_job_run_nothing_is_guessed(start: Start, aws: FakeAws, clock: Clock) -> None:
    aws.job_runs = [job_run("jr_7", "SUCCEEDED", "load1"), job_run("jr_8", "RUNNING", "load2")]
    with pytest.raises(branchline.InvalidArguments, match=r"no running job run.*load1"):
        shell(start)
    assert clock.now <= 15
    assert aws.invocations == []


def test_two_job_runs_of_one_run_id_are_refused(start: Start, aws: FakeAws) -> None:
    aws.job_runs = [job_run("jr_7", "RUNNING", "load1"), job_run("jr_8", "RUNNING", "load1")]
    with pytest.raises(branchline.ClaimRefused, match="jr_7, jr_8"):
        shell(start)


# -- Secrets ------------------------------------------------------------------------------------------------------------


def test_the_key_appears_nowhere(start: Start, lakefs: FakeLakefs, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    lakefs.faults = [Fault("GET branches", 503)]
    run = start()
    run.write("a", b"1")
    with pytest.raises(branchline.NotFound) as caught:
        run.read("b")
    seen = caplog.text + repr(run) + repr(run.__dict__) + str(caught.value)
    assert "fake-secret" not in seen
    assert "AKIAFAKE" not in seen


@pytest.mark.parametrize("secret", ["not JSON: fake-secret", '{"access_key_id": "x"}', '["fake-secret"]'])
def test_a_secret_that_is_no_key_pair_is_not_quoted(start: Start, aws: FakeAws, secret: str) -> None:
    aws.secret = secret
    with pytest.raises(branchline.AwsCallFailed, match="access_key_id") as caught:
        start()
    assert "fake-secret" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_a_rotated_key_is_read_again(start: Start, aws: FakeAws, lakefs: FakeLakefs) -> None:
    run = start()
    lakefs.key = ("AKIANEW", "new-secret")
    aws.secret = json.dumps({"access_key_id": "AKIANEW", "secret_access_key": "new-secret"})
    run.write("a", b"1")
    assert len(aws.secrets_read) == 2


def test_a_wrong_key_is_said_to_be_wrong(start: Start, lakefs: FakeLakefs) -> None:
    lakefs.key = ("AKIANEW", "new-secret")
    with pytest.raises(branchline.CredentialsRefused, match="401") as caught:
        start()
    assert caught.value.code == "BL3002"


def test_a_run_is_not_sent_to_executors(start: Start) -> None:
    with pytest.raises(TypeError, match=r"run\.uri"):
        pickle.dumps(start())


def test_clients_go_where_they_are_told(start: Start, aws: FakeAws, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:4566")
    monkeypatch.setenv("AWS_ENDPOINT_URL_LAMBDA", "http://127.0.0.1:4567")
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    start()
    assert aws.clients == [
        ("lambda", "us-east-1", "http://127.0.0.1:4567"),
        ("secretsmanager", "eu-west-1", "http://127.0.0.1:4566"),
    ]
