"""boto3 without AWS: a claim-run that keeps its claims, a secret, and a list of job runs."""

from __future__ import annotations

import io
import json
from typing import Any, Callable, Dict, List, Optional, Set, Tuple

from branchline.names import branch_name, run_key

SECRET_ARN = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:branchline/lakefs-AbCdEf"


class ClientError(Exception):
    """As botocore's: what AWS answered."""

    def __init__(self, code: str, status: int = 400, message: str = "") -> None:
        super().__init__(f"An error occurred ({code}): {message}")
        self.response = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}}


class EndpointConnectionError(Exception):
    """As botocore's: no connection came about."""


class ReadTimeoutError(Exception):
    """As botocore's: a request without an answer."""


class FakeAws:
    """:param endpoint: of the lakeFS that claim-run tells of."""

    def __init__(self, endpoint: str, base_commit: str) -> None:
        self.endpoint = endpoint
        self.base_commit = base_commit
        self.secret: str = json.dumps({"access_key_id": "AKIAFAKE", "secret_access_key": "fake-secret"})
        self.claims: Dict[Tuple[str, int], str] = {}
        self.job_runs: List[Dict[str, Any]] = []
        self.page_size = 200
        #: (service, region, endpoint) of every client made.
        self.clients: List[Tuple[str, Optional[str], Optional[str]]] = []
        self.invocations: List[Tuple[str, Dict[str, Any]]] = []
        self.secrets_read: List[str] = []
        #: Answered instead of a claim.
        self.answer: Optional[Dict[str, Any]] = None
        #: Taken from the front before anything is answered.
        self.invoke_failures: List[Exception] = []
        #: The error of the function: (errorType, errorMessage).
        self.function_errors: List[Tuple[str, str]] = []
        #: Makes a branch; called once for each, as claim-run does.
        self.make_branch: Callable[[str], None] = lambda _: None
        self.made: Set[str] = set()

    def client(self, service: str, **options: Any) -> Any:
        self.clients.append((service, options.get("region_name"), options.get("endpoint_url")))
        return self

    def invoke(self, *, FunctionName: str, Payload: bytes) -> Dict[str, Any]:  # noqa: N803
        request = json.loads(Payload)
        self.invocations.append((FunctionName, request))
        if self.invoke_failures:
            raise self.invoke_failures.pop(0)
        if self.function_errors:
            return self._function_error(*self.function_errors.pop(0))
        run_id, attempt = run_key(request["jobRunId"], request.get("runId"))
        owner = self.claims.setdefault((run_id, attempt), request["jobRunId"])
        if owner != request["jobRunId"]:
            title = "run is claimed by another job run"
            return self._function_error("BL2001", f"BL2001 {title}: run {run_id} belongs to job run {owner}")
        branch = branch_name(request["jobName"], run_id, attempt)
        if branch not in self.made:
            self.make_branch(branch)
            self.made.add(branch)
        answer = self.answer or {
            "runId": run_id,
            "attempt": attempt,
            "job": request["jobName"],
            "pipeline": "sales",
            "repository": "lake",
            "target": "main",
            "branch": branch,
            "baseCommit": self.base_commit,
            "endpoint": self.endpoint + "/",
            "secretArn": SECRET_ARN,
        }
        return {"Payload": io.BytesIO(json.dumps(answer).encode())}

    @staticmethod
    def _function_error(kind: str, message: str) -> Dict[str, Any]:
        payload = json.dumps({"errorType": kind, "errorMessage": message, "trace": []}).encode()
        return {"FunctionError": "Unhandled", "Payload": io.BytesIO(payload)}

    def get_secret_value(self, *, SecretId: str) -> Dict[str, str]:  # noqa: N803
        self.secrets_read.append(SecretId)
        return {"SecretString": self.secret}

    def get_job_runs(self, *, JobName: str, MaxResults: int, NextToken: str = "0") -> Dict[str, Any]:  # noqa: N803
        runs = [run for run in self.job_runs if run["JobName"] == JobName]
        start, end = int(NextToken), int(NextToken) + min(MaxResults, self.page_size)
        return {"JobRuns": runs[start:end], **({"NextToken": str(end)} if end < len(runs) else {})}
