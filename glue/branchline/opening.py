"""How a run gets its branch: claimed through claim-run, or, where the job cannot invoke it, by an object on the branch."""

from __future__ import annotations

import io
import json
import logging
from dataclasses import dataclass
from typing import Any, Dict, Optional

from . import aws, contract
from .arguments import Arguments, Fallback
from .errors import BranchGone, BranchlineError, ClaimRefused, NotFound, RunEnded
from .lakefs import LakefsClient
from .names import branch_name, run_key
from .retry import Patience

log = logging.getLogger("branchline")

# With another way at hand nobody waits two minutes for a door that stays shut.
_INVOKE_SECONDS_WITH_FALLBACK = 20.0


@dataclass(frozen=True)
class Opening:
    """A run that this job run owns."""

    run_id: str
    attempt: int
    job: str
    job_run_id: str
    #: Unknown to a job that could not ask.
    pipeline: Optional[str]
    repository: str
    target: str
    branch: str
    base_commit: str
    #: Whether the claim lies on the branch, and not in the ledger.
    claimed_on_branch: bool

    def claim(self) -> bytes:
        """The content of the claim object."""
        said = {
            "schemaVersion": contract.SCHEMA_VERSION,
            "jobName": self.job,
            "jobRunId": self.job_run_id,
            "runId": self.run_id,
            "attempt": self.attempt,
            "baseCommit": self.base_commit,
            "repository": self.repository,
            "target": self.target,
        }
        return json.dumps(said, indent=2, sort_keys=True).encode()


@dataclass(frozen=True)
class Opened:
    opening: Opening
    client: LakefsClient


def open_run(arguments: Arguments, patience: Patience) -> Opened:
    """Claims the run and makes sure of its branch. Safe to repeat by the same job run.

    :raises BranchlineError: with what was seen and what to do.
    """
    job_run_id = arguments.job_run_id
    if job_run_id is None:
        if arguments.run_id is None:
            raise ValueError("neither job run id nor run id: read_arguments refuses that")
        job_run_id = aws.find_job_run_id(arguments.job_name, arguments.run_id, patience)
    fallback = arguments.fallback
    asking = patience if fallback is None else patience.within(_INVOKE_SECONDS_WITH_FALLBACK)
    try:
        answer = aws.invoke_claim_run(arguments.claim_function, arguments.job_name, job_run_id, arguments.run_id, asking)
    except aws.CannotInvoke as cannot:
        if fallback is None:
            raise cannot.error from None
        log.warning("claim-run cannot be invoked, the claim goes to the run branch: %s", cannot.error)
        return _open_by_object(arguments, fallback, job_run_id, patience)
    return _open_by_answer(answer, job_run_id, patience)


def _open_by_answer(answer: aws.Answer, job_run_id: str, patience: Patience) -> Opened:
    client = LakefsClient(
        answer.endpoint, answer.repository, lambda: aws.read_key_pair(answer.secret_arn, patience), patience
    )
    # claim-run has made the branch, or it would not have answered. One that is missing was deleted since, and what this run
    # had written with it: made again it would hold half a run, and that would be promoted.
    if client.head(answer.branch) is None:
        raise BranchGone(f"run {answer.run_id} has had its branch {answer.branch}, and somebody deleted it")
    opening = Opening(
        run_id=answer.run_id,
        attempt=answer.attempt,
        job=answer.job,
        job_run_id=job_run_id,
        pipeline=answer.pipeline,
        repository=answer.repository,
        target=answer.target,
        branch=answer.branch,
        base_commit=answer.base_commit,
        claimed_on_branch=False,
    )
    return Opened(opening, client)


def _open_by_object(arguments: Arguments, fallback: Fallback, job_run_id: str, patience: Patience) -> Opened:
    client = LakefsClient(
        fallback.endpoint, fallback.repository, lambda: aws.read_key_pair(fallback.secret_arn, patience), patience
    )
    run_id, attempt = run_key(job_run_id, arguments.run_id)
    branch = branch_name(arguments.job_name, run_id, attempt)
    base = client.head(fallback.target)
    if base is None:
        raise NotFound(f"repository {fallback.repository} has no branch {fallback.target}")

    def opening(base_commit: str) -> Opening:
        return Opening(
            run_id=run_id,
            attempt=attempt,
            job=arguments.job_name,
            job_run_id=job_run_id,
            pipeline=None,
            repository=fallback.repository,
            target=fallback.target,
            branch=branch,
            base_commit=base_commit,
            claimed_on_branch=True,
        )

    if not client.create_branch(branch, base):
        earlier = read_claim(client, branch)
        if earlier is not None:
            return Opened(opening(_base_of(earlier, opening(base))), client)
        base = _base_of_unclaimed(client, opening(base))
    mine = opening(base)
    return Opened(put_claim(client, mine), client)


def put_claim(client: LakefsClient, opening: Opening) -> Opening:
    """Leaves the claim on the branch.

    :returns: the opening that holds: an earlier claim of the same job run names the base commit.
    :raises ClaimRefused: where the claim of another job run lies there.
    """
    content = opening.claim()
    if client.upload(opening.branch, contract.CLAIM_OBJECT, content, len(content), if_absent=True):
        return opening
    found = read_claim(client, opening.branch)
    if found is None:
        raise BranchlineError(f"the claim on {opening.branch} vanished while it was read", code="BL3005")
    return Opening(**{**opening.__dict__, "base_commit": _base_of(found, opening)})


def read_claim(client: LakefsClient, branch: str) -> Optional[Dict[str, Any]]:
    """The claim on a branch; empty where what lies there is none; ``None`` where nothing lies there."""
    sink = io.BytesIO()
    try:
        client.download(branch, contract.CLAIM_OBJECT, sink)
    except NotFound:
        return None
    try:
        said = json.loads(sink.getvalue())
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}


def _base_of(claim: Dict[str, Any], wanted: Opening) -> str:
    if claim.get("jobName") != wanted.job or claim.get("jobRunId") != wanted.job_run_id or not claim.get("baseCommit"):
        raise ClaimRefused(
            f"run {wanted.run_id} on branch {wanted.branch} belongs to job {claim.get('jobName')!r}, "
            f"job run {claim.get('jobRunId')}, not to {wanted.job_run_id}"
        )
    return str(claim["baseCommit"])


def _base_of_unclaimed(client: LakefsClient, wanted: Opening) -> str:
    """The commit that a branch without a claim was made from.

    Nobody commits on a run branch without a claim, so its head is that commit; but for a job that died between taking its
    claim away for a checkpoint and laying it down again: then the checkpoint tells.
    """
    head = client.head(wanted.branch)
    if head is None:
        raise BranchGone(f"branch {wanted.branch} was deleted while the run was being opened")
    metadata = client.commit_metadata(head)
    is_of_run = (
        metadata.get(contract.METADATA_RUN_ID) == wanted.run_id
        and metadata.get(contract.METADATA_ATTEMPT) == str(wanted.attempt)
        and metadata.get(contract.METADATA_JOB) == wanted.job
    )
    kind = metadata.get(contract.METADATA_KIND)
    if not is_of_run or kind not in (contract.KIND_RUN, contract.KIND_FAILED, contract.KIND_CHECKPOINT):
        return head
    if kind != contract.KIND_CHECKPOINT:
        raise RunEnded(f"run {wanted.run_id} was settled by commit {head[:12]} on {wanted.branch}")
    return _base_of(
        {
            "jobName": metadata.get(contract.METADATA_JOB),
            "jobRunId": metadata.get(contract.METADATA_JOB_RUN_ID),
            "baseCommit": metadata.get(contract.METADATA_BASE_COMMIT),
        },
        wanted,
    )
