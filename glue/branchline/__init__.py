"""Every AWS Glue run on its own lakeFS branch.

    import branchline

    run = branchline.begin()
    frame.write.parquet(run.uri("sales/"))

If the job succeeds, all that it wrote reaches the target in one merge; if it fails, nothing does.
"""

from __future__ import annotations

from ._begin import begin
from ._version import VERSION
from .errors import (
    AccessDenied,
    AwsCallFailed,
    BranchGone,
    BranchlineError,
    BranchProtected,
    ClaimRefused,
    CredentialsRefused,
    EarlierRunUnresolved,
    InvalidArguments,
    LakefsBusy,
    LakefsUnreachable,
    NoPipeline,
    NotFound,
    RepositoryMissing,
    RunEnded,
    UnexpectedAnswer,
)
from .lakefs import ObjectInfo
from .run import Run

__version__ = VERSION
__all__ = [
    "AccessDenied",
    "AwsCallFailed",
    "BranchGone",
    "BranchProtected",
    "BranchlineError",
    "ClaimRefused",
    "CredentialsRefused",
    "EarlierRunUnresolved",
    "InvalidArguments",
    "LakefsBusy",
    "LakefsUnreachable",
    "NoPipeline",
    "NotFound",
    "ObjectInfo",
    "RepositoryMissing",
    "Run",
    "RunEnded",
    "UnexpectedAnswer",
    "begin",
]
