"""What a job was told when it was started.

Glue passes arguments on the command line, ``--name value`` or ``--name=value``. The local AWS passes those of Python-shell
jobs as environment variables without dashes; the command line counts first.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from typing import Dict, Mapping, Optional, Sequence, Tuple

from . import contract
from .errors import InvalidArguments
from .glue_options import resolved_options
from .spark import checked_access

_NAMES: Tuple[str, ...] = (
    "JOB_NAME",
    "JOB_RUN_ID",
    contract.ARGUMENT_RUN_ID,
    contract.ARGUMENT_BRANCH,
    contract.ARGUMENT_CLAIM_FUNCTION,
    contract.ARGUMENT_JOB,
    contract.ARGUMENT_ACCESS,
    contract.ARGUMENT_REPOSITORY,
    contract.ARGUMENT_TARGET,
    contract.ARGUMENT_LAKEFS_ENDPOINT,
    contract.ARGUMENT_SECRET_ARN,
)
_FALLBACK = _NAMES[-4:]


@dataclass(frozen=True)
class Fallback:
    """What claim-run would have told, for a job that cannot invoke it."""

    repository: str
    target: str
    endpoint: str
    secret_arn: str


@dataclass(frozen=True)
class Arguments:
    job_name: str
    #: Absent where Glue does not tell it; then there is a run id.
    job_run_id: Optional[str]
    run_id: Optional[str]
    claim_function: str
    fallback: Optional[Fallback]
    #: How Spark is to reach lakeFS; absent where the job does not say.
    access: Optional[str] = None


def _from_command_line(argv: Sequence[str]) -> Dict[str, str]:
    found: Dict[str, str] = {}
    for index, word in enumerate(argv):
        name, equals, value = word.partition("=")
        if not name.startswith("--") or name[2:] not in _NAMES:
            continue
        if not equals:
            if index + 1 >= len(argv) or argv[index + 1].startswith("--"):
                raise InvalidArguments(f"argument {name} has no value")
            value = argv[index + 1]
        # As Glue's own parser does: the last one counts.
        found[name[2:]] = value
    return found


def read_arguments(argv: Optional[Sequence[str]] = None, environ: Optional[Mapping[str, str]] = None) -> Arguments:
    """The arguments of this job.

    :raises InvalidArguments: where job or run cannot be known; nothing is ever guessed.
    """
    environment = os.environ if environ is None else environ
    found = {name: environment[name] for name in _NAMES if environment.get(name)}
    words = sys.argv[1:] if argv is None else argv
    found.update(_from_command_line(words))
    found.update(resolved_options(words, [name for name in _NAMES if name in found]))
    found = {name: value for name, value in found.items() if value != ""}

    job_name = found.get("JOB_NAME") or found.get(contract.ARGUMENT_JOB)
    if job_name is None:
        raise InvalidArguments(
            "neither --JOB_NAME nor --branchline_job is among the arguments",
            remedy="Spark jobs get --JOB_NAME from Glue. Give a Python-shell job the default argument --branchline_job "
            "with its own name.",
        )
    job_run_id = found.get("JOB_RUN_ID")
    run_id = found.get(contract.ARGUMENT_RUN_ID)
    if job_run_id is None and run_id is None:
        raise InvalidArguments(
            f"job {job_name!r} was told neither --JOB_RUN_ID nor --branchline_run_id, so its run cannot be known",
            remedy="Spark jobs get --JOB_RUN_ID from Glue. Start a Python-shell job by start-run (`branchline runs start`), "
            "or pass a new --branchline_run_id with every start.",
        )
    access = found.get(contract.ARGUMENT_ACCESS)
    return Arguments(
        job_name=job_name,
        job_run_id=job_run_id,
        run_id=run_id,
        claim_function=found.get(contract.ARGUMENT_CLAIM_FUNCTION, contract.DEFAULT_CLAIM_FUNCTION),
        fallback=_fallback(found),
        access=None if access is None else checked_access(access),
    )


def _fallback(found: Mapping[str, str]) -> Optional[Fallback]:
    missing = [f"--{name}" for name in _FALLBACK if name not in found]
    if len(missing) == len(_FALLBACK):
        return None
    if missing:
        given = ", ".join(f"--{name}" for name in _FALLBACK if name in found)
        raise InvalidArguments(
            f"{given} without {', '.join(missing)}",
            remedy="Pass all four, for a job that cannot invoke claim-run, or none.",
        )
    return Fallback(
        repository=found[contract.ARGUMENT_REPOSITORY],
        target=found[contract.ARGUMENT_TARGET],
        endpoint=found[contract.ARGUMENT_LAKEFS_ENDPOINT].rstrip("/"),
        secret_arn=found[contract.ARGUMENT_SECRET_ARN],
    )
