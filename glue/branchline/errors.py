"""Errors of the catalog: each says what was seen and what to do, and carries the catalog's code.

Codes and titles are those of ``lambdas/domain/errors.ts``; a test holds both together.
"""

from __future__ import annotations

from typing import Dict, NamedTuple, Optional, Type


class Entry(NamedTuple):
    title: str
    remedy: str


CATALOG: Dict[str, Entry] = {
    "BL1001": Entry("invalid request", "Correct the arguments of the job and start it again."),
    "BL1003": Entry("no pipeline for this job", "Add the job to a pipeline in branchline.yaml and deploy."),
    "BL2001": Entry("run is claimed by another job run", "Give every start its own run id, or let Branchline derive it."),
    "BL2002": Entry("run has already ended", "Start the job again: a new attempt gets a fresh branch."),
    "BL2004": Entry("run branch is gone", "The run was discarded, or its branch deleted. Start the job again."),
    "BL2008": Entry(
        "an earlier run of this job is unresolved",
        "Jobs with bookmarks run one at a time. Resolve the earlier run first.",
    ),
    "BL3001": Entry("lakeFS cannot be reached", "Check the endpoint, the job's network connection and the service."),
    "BL3002": Entry(
        "lakeFS refuses the credentials", "Check the secret, and that it belongs to the lakeFS at this endpoint."
    ),
    "BL3003": Entry("lakeFS is throttling or locked", "Start the job again later; scale the server if it goes on."),
    "BL3004": Entry("not found in lakeFS", "Check the path, and the repository, branch and commit it is looked for in."),
    "BL3005": Entry("lakeFS answered unexpectedly", "Look at the answer; check the server's version."),
    "BL3006": Entry("branch is protected", "Jobs write to their run branch; only merges reach a protected target."),
    "BL3007": Entry("repository is missing", "Deploy Branchline again (set-up creates it), or correct its name."),
    "BL4001": Entry("AWS call failed", "See the cause from AWS; start the job again."),
    "BL4002": Entry("AWS access denied", "Give the job's role the permission that the message names."),
    "BL5001": Entry("internal fault", "Look at the log of the claim-run function; please report a bug."),
}


class BranchlineError(Exception):
    """An error with a ``code`` of the catalog."""

    default_code = "BL5001"

    def __init__(self, seen: str, *, remedy: Optional[str] = None, code: Optional[str] = None) -> None:
        self.code = self.default_code if code is None else code
        entry = CATALOG.get(self.code)
        prefix = self.code if entry is None else f"{self.code} {entry.title}"
        # What a function of the control plane says begins with the code already.
        if not seen.startswith(self.code):
            seen = f"{prefix}: {seen}"
        advice = remedy or (entry.remedy if entry is not None else "")
        super().__init__(f"{seen.rstrip('.')}. {advice}" if advice else seen)


class InvalidArguments(BranchlineError):
    """The job's arguments lack something, or Branchline refuses them."""

    default_code = "BL1001"


class NoPipeline(BranchlineError):
    """The job is in no pipeline of ``branchline.yaml``."""

    default_code = "BL1003"


class ClaimRefused(BranchlineError):
    """The run belongs to another job run."""

    default_code = "BL2001"


class RunEnded(BranchlineError):
    """The run is over; whoever comes late gets no branch."""

    default_code = "BL2002"


class BranchGone(BranchlineError):
    """The run branch was deleted while the job was running."""

    default_code = "BL2004"


class EarlierRunUnresolved(BranchlineError):
    """A job with bookmarks has an earlier run that waits."""

    default_code = "BL2008"


class LakefsUnreachable(BranchlineError):
    """No answer from lakeFS within the time allowed."""

    default_code = "BL3001"


class CredentialsRefused(BranchlineError):
    """lakeFS does not accept the key pair of the secret."""

    default_code = "BL3002"


class LakefsBusy(BranchlineError):
    """lakeFS throttles, or a branch stays locked."""

    default_code = "BL3003"


class NotFound(BranchlineError, FileNotFoundError):
    """No such object."""

    default_code = "BL3004"


class UnexpectedAnswer(BranchlineError):
    """lakeFS answered what the API does not describe."""

    default_code = "BL3005"


class BranchProtected(BranchlineError):
    """lakeFS forbids the write."""

    default_code = "BL3006"


class RepositoryMissing(BranchlineError):
    """No such repository."""

    default_code = "BL3007"


class AwsCallFailed(BranchlineError):
    """AWS did not answer, or answered with a fault."""

    default_code = "BL4001"


class AccessDenied(BranchlineError):
    """The job's role lacks a permission."""

    default_code = "BL4002"


_CLASSES: Dict[str, Type[BranchlineError]] = {
    kind.default_code: kind
    for kind in (
        InvalidArguments,
        NoPipeline,
        ClaimRefused,
        RunEnded,
        BranchGone,
        EarlierRunUnresolved,
        LakefsUnreachable,
        CredentialsRefused,
        LakefsBusy,
        NotFound,
        UnexpectedAnswer,
        BranchProtected,
        RepositoryMissing,
        AwsCallFailed,
        AccessDenied,
    )
}


def error_of(code: str, seen: str) -> BranchlineError:
    """The error of a code, also of one that this version does not know."""
    return _CLASSES.get(code, BranchlineError)(seen, code=code)
