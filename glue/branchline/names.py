"""Run ids and branch names: pure functions of what Glue tells a job.

Twin of ``lambdas/domain/branch-name.ts``: ``test/fixtures/branch-names.json`` holds both to the same names.
"""

from __future__ import annotations

import hashlib
import re
from typing import Optional, Tuple

from .contract import RUN_BRANCH_PREFIX

MAX_BRANCH_LENGTH = 100
_SLUG_LENGTH = 40
_DIGEST_LENGTH = 24
_RUN_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,127}")


def _is_plain_job(job: str) -> bool:
    return re.fullmatch(r"[A-Za-z0-9_-]+", job) is not None and not job.endswith("-")


def _is_plain_run_id(run_id: str) -> bool:
    match = re.fullmatch(r"([A-Za-z0-9_]+)(-r[0-9]+)?", run_id)
    # A run id such as "r1" or "a1" would read like the suffix of a rerun or of an attempt.
    return match is not None and re.fullmatch(r"[ar][0-9]+", match.group(1)) is None


def _slug(job: str) -> str:
    slug = re.sub(r"[^A-Za-z0-9_]+", "-", job).strip("-")[:_SLUG_LENGTH].rstrip("-")
    return slug or "job"


def branch_name(job: str, run_id: str, attempt: int) -> str:
    """``run-<job>-<run id>``, with ``-a<N>`` for attempt N > 0; a digest where job or run id are long or odd."""
    suffix = f"-a{attempt}" if attempt > 0 else ""
    plain = f"{RUN_BRANCH_PREFIX}{job}-{run_id}{suffix}"
    if _is_plain_job(job) and _is_plain_run_id(run_id) and len(plain) <= MAX_BRANCH_LENGTH:
        return plain
    digest = hashlib.sha256(f"{job}\n{run_id}".encode()).hexdigest()[:_DIGEST_LENGTH]
    return f"{RUN_BRANCH_PREFIX}{_slug(job)}--x{digest}{suffix}"


def split_job_run_id(job_run_id: str) -> Tuple[str, int]:
    """Id of the first attempt, and the attempt. Glue gives a retry the id of the first attempt and ``_attempt_N``."""
    match = re.fullmatch(r"(.+)_attempt_([0-9]{1,6})", job_run_id)
    return (job_run_id, 0) if match is None else (match.group(1), int(match.group(2)))


def run_key(job_run_id: str, run_id_argument: Optional[str]) -> Tuple[str, int]:
    """Run id and attempt: the id among the arguments, else the one of the first attempt, digested where it is odd."""
    root, attempt = split_job_run_id(job_run_id)
    run_id = root if run_id_argument is None else run_id_argument
    if _RUN_ID.fullmatch(run_id) is None:
        run_id = "x" + hashlib.sha256(run_id.encode()).hexdigest()[:32]
    return run_id, attempt
