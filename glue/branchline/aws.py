"""The three AWS calls of a job. boto3 is imported when the first one is made: Glue has it, importing it takes a while."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Callable, Dict, FrozenSet, List, Mapping, Optional, Tuple

from .contract import ARGUMENT_RUN_ID, SECRET_ACCESS_KEY_ID, SECRET_SECRET_ACCESS_KEY
from .errors import AccessDenied, AwsCallFailed, BranchlineError, InvalidArguments, error_of
from .retry import Patience, Transient

_DENIED = frozenset({"AccessDenied", "AccessDeniedException", "UnauthorizedException"})
_THROTTLED = frozenset(
    {"Throttling", "ThrottlingException", "TooManyRequestsException", "RequestLimitExceeded", "ThrottledException"}
)
# Exceptions of botocore that say: no connection came about, so nothing was done.
_NO_CONNECTION = frozenset({"EndpointConnectionError", "ConnectTimeoutError", "ProxyConnectionError"})
_NO_ANSWER = frozenset({"ReadTimeoutError", "ConnectionClosedError", "HTTPClientError", "ConnectionError", "SSLError"})
# Catalog codes that claim-run may answer and that pass by themselves.
_PASSING_CODES = frozenset({"BL3001", "BL3003", "BL3005", "BL4001", "BL4003", "BL5001"})
_ENDED_STATES: FrozenSet[str] = frozenset({"SUCCEEDED", "FAILED", "STOPPED", "TIMEOUT", "ERROR", "EXPIRED"})
_LOOK_BACK_PAGES = 5
_LOOK_FOR_SECONDS = 15.0


class CannotInvoke(Exception):
    """claim-run was certainly not invoked: no permission, or no way there."""

    def __init__(self, error: BranchlineError) -> None:
        super().__init__(str(error))
        self.error = error


@dataclass(frozen=True)
class KeyPair:
    access_key_id: str = field(repr=False)
    secret_access_key: str = field(repr=False)


@dataclass(frozen=True)
class Answer:
    """What claim-run answers: ``ClaimRunAnswer`` in ``lambdas/payloads.ts``."""

    run_id: str
    attempt: int
    job: str
    pipeline: str
    repository: str
    target: str
    branch: str
    base_commit: str
    endpoint: str
    secret_arn: str


def region_of(arn: str) -> Optional[str]:
    """Region of an ARN; of anything else what the environment says."""
    parts = arn.split(":")
    if len(parts) >= 6 and parts[0] == "arn" and parts[3]:
        return parts[3]
    return os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")


def _client(service: str, region: Optional[str]) -> Any:
    try:
        import boto3
        from botocore.config import Config
    except ImportError as error:
        raise AwsCallFailed(f"{error}", remedy="Glue brings boto3; elsewhere install it beside branchline.") from error
    options: Dict[str, Any] = {
        # Tries are counted here, not in botocore.
        "config": Config(connect_timeout=5, read_timeout=75, retries={"total_max_attempts": 1}),
    }
    if region is not None:
        options["region_name"] = region
    # The boto3 of Glue's older images does not know the variable.
    specific = os.environ.get(f"AWS_ENDPOINT_URL_{service.upper().replace('MANAGER', '_MANAGER')}")
    endpoint = specific or os.environ.get("AWS_ENDPOINT_URL")
    if endpoint:
        options["endpoint_url"] = endpoint
    return boto3.client(service, **options)


def _kind(error: Exception) -> Tuple[str, int]:
    """Code and HTTP status of an answer, or the exception's name and 0."""
    response = getattr(error, "response", None)
    if isinstance(response, Mapping):
        said = response.get("Error", {})
        meta = response.get("ResponseMetadata", {})
        return str(said.get("Code", "")), int(meta.get("HTTPStatusCode", 0) or 0)
    names = [base.__name__ for base in type(error).__mro__]
    known = [name for name in names if name in _NO_CONNECTION or name in _NO_ANSWER]
    return (known or names)[0], 0


def _call(what: str, permission: str, call: Callable[[], Any]) -> Any:
    """:raises Transient: what another try may mend. :raises BranchlineError: everything else."""
    try:
        return call()
    except BranchlineError:
        raise
    except Exception as error:
        code, status = _kind(error)
        if code in _DENIED:
            raise AccessDenied(f"{what}: {error}", remedy=f"Give the job's role {permission}.") from error
        failed = AwsCallFailed(f"{what}: {code}: {error}")
        if code in _THROTTLED or code in _NO_CONNECTION or code in _NO_ANSWER or status >= 500:
            raise Transient(failed, throttled=code in _THROTTLED) from error
        raise failed from error


def invoke_claim_run(function: str, job_name: str, job_run_id: str, run_id: Optional[str], patience: Patience) -> Answer:
    """Claims the run. Safe to repeat: the same job run gets the same answer.

    :raises CannotInvoke: where nobody was asked.
    :raises BranchlineError: what claim-run says, by its code.
    """
    what = f"invocation of {function}"
    request = {"jobName": job_name, "jobRunId": job_run_id, **({} if run_id is None else {"runId": run_id})}
    client = _client("lambda", region_of(function))
    reached = False

    def invoke() -> Any:
        nonlocal reached
        try:
            answer = client.invoke(FunctionName=function, Payload=json.dumps(request).encode())
        except Exception as error:
            code, _ = _kind(error)
            reached = reached or (code not in _NO_CONNECTION and code not in _DENIED)
            raise
        reached = True
        return answer

    def once() -> Answer:
        answer = _call(what, f"lambda:InvokeFunction on {function}", invoke)
        text = answer["Payload"].read().decode("utf-8", "replace")
        if answer.get("FunctionError"):
            raise _refusal(what, text)
        return _read_answer(what, text)

    try:
        return patience.run(once)
    except BranchlineError as error:
        # Once a request was on its way the claim may stand: it must not be made a second time in another manner.
        if reached:
            raise
        raise CannotInvoke(error) from error


def _refusal(what: str, text: str) -> Exception:
    try:
        payload = json.loads(text)
        code, message = str(payload.get("errorType", "")), str(payload.get("errorMessage", text))
    except ValueError:
        code, message = "", text
    if code.startswith("BL"):
        error = error_of(code, message)
    else:
        # The function itself failed: out of time, out of memory, or it could not start.
        error = AwsCallFailed(f"{what}: {code} {message}", remedy="Look at the function's log.")
    return Transient(error) if code in _PASSING_CODES or not code.startswith("BL") else error


def _read_answer(what: str, text: str) -> Answer:
    try:
        said = json.loads(text)
        return Answer(
            run_id=said["runId"],
            attempt=int(said["attempt"]),
            job=said["job"],
            pipeline=said["pipeline"],
            repository=said["repository"],
            target=said["target"],
            branch=said["branch"],
            base_commit=said["baseCommit"],
            endpoint=str(said["endpoint"]).rstrip("/"),
            secret_arn=said["secretArn"],
        )
    except (KeyError, TypeError, ValueError) as error:
        raise AwsCallFailed(
            f"{what} answered what is no claim ({error!r}): {text[:200]}",
            remedy="Check that --branchline_claim_function names Branchline's claim-run, of a version that fits.",
        ) from error


def read_key_pair(secret_arn: str, patience: Patience) -> KeyPair:
    """lakeFS's key pair out of Secrets Manager. Its value appears in no message."""
    what = f"reading secret {secret_arn}"
    client = _client("secretsmanager", region_of(secret_arn))
    answer = patience.run(
        lambda: _call(
            what,
            f"secretsmanager:GetSecretValue on {secret_arn} (and kms:Decrypt on its key)",
            lambda: client.get_secret_value(SecretId=secret_arn),
        )
    )
    try:
        said = json.loads(answer["SecretString"])
        return KeyPair(str(said[SECRET_ACCESS_KEY_ID]), str(said[SECRET_SECRET_ACCESS_KEY]))
    except (KeyError, TypeError, ValueError):
        # No cause: a parser's message may quote the secret.
        raise AwsCallFailed(
            f"secret {secret_arn} holds no lakeFS key pair",
            remedy=f'It must be JSON: {{"{SECRET_ACCESS_KEY_ID}": "…", "{SECRET_SECRET_ACCESS_KEY}": "…"}}.',
        ) from None


def find_job_run_id(job_name: str, run_id: str, patience: Patience) -> str:
    """Id of the one job run that was started with this run id and still runs.

    Run ids are unique (start-run makes them, and a run is claimed once), so this finds and does not guess.

    :raises InvalidArguments: where there is none, or more than one.
    """
    what = f"looking for the job run of {run_id}"
    client = _client("glue", region_of(""))

    def running() -> List[str]:
        found: List[str] = []
        token: Dict[str, str] = {}
        for _ in range(_LOOK_BACK_PAGES):
            page = _call(
                what,
                f'glue:GetJobRuns on job "{job_name}"',
                partial(client.get_job_runs, JobName=job_name, MaxResults=200, **token),
            )
            for job_run in page.get("JobRuns", []):
                arguments = job_run.get("Arguments") or {}
                if arguments.get(f"--{ARGUMENT_RUN_ID}") == run_id and job_run.get("JobRunState") not in _ENDED_STATES:
                    found.append(str(job_run["Id"]))
            if not page.get("NextToken"):
                break
            token = {"NextToken": page["NextToken"]}
        if not found:
            # Glue's listing may lag behind the start.
            raise Transient(
                InvalidArguments(
                    f"Glue knows no running job run of {job_name!r} with --{ARGUMENT_RUN_ID} {run_id}",
                    remedy="Check --branchline_job: it must be the job's own name. Or pass --JOB_RUN_ID.",
                )
            )
        return found

    found = patience.within(_LOOK_FOR_SECONDS).run(running)
    if len(found) > 1:
        raise error_of("BL2001", f"job runs {', '.join(sorted(found))} were all started with run id {run_id}")
    return found[0]
