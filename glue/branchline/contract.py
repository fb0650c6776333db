"""Names shared with the control plane. Twin of ``lambdas/contract.ts``; a test holds both together."""

from __future__ import annotations

SCHEMA_VERSION = 1
DEFAULT_CLAIM_FUNCTION = "branchline-claim-run"

# Job arguments, without the two dashes that Glue wants before them.
ARGUMENT_RUN_ID = "branchline_run_id"
ARGUMENT_BRANCH = "branchline_branch"
ARGUMENT_CLAIM_FUNCTION = "branchline_claim_function"
ARGUMENT_JOB = "branchline_job"
ARGUMENT_REPOSITORY = "branchline_repository"
ARGUMENT_TARGET = "branchline_target"
ARGUMENT_LAKEFS_ENDPOINT = "branchline_lakefs_endpoint"
ARGUMENT_SECRET_ARN = "branchline_secret_arn"
ARGUMENT_ACCESS = "branchline_access"

METADATA_PREFIX = "::lakefs::Branchline::"
METADATA_RUN_ID = METADATA_PREFIX + "run_id"
METADATA_ATTEMPT = METADATA_PREFIX + "attempt"
METADATA_JOB = METADATA_PREFIX + "job"
METADATA_JOB_RUN_ID = METADATA_PREFIX + "job_run_id"
METADATA_BASE_COMMIT = METADATA_PREFIX + "base_commit"
METADATA_PIPELINE = METADATA_PREFIX + "pipeline"
METADATA_CONSOLE_URL = METADATA_PREFIX + "glue_run[url:ui]"
METADATA_KIND = METADATA_PREFIX + "kind"

KIND_RUN = "run"
KIND_FAILED = "failed"
KIND_CHECKPOINT = "checkpoint"

CLAIM_PREFIX = "_branchline/"
CLAIM_OBJECT = CLAIM_PREFIX + "claim.json"
# Never committed either: what lies there while S3A writes (run.py). The control plane knows the prefix alone.
KEEP_OBJECT = CLAIM_PREFIX + "keep"
RUN_BRANCH_PREFIX = "run-"

SECRET_ACCESS_KEY_ID = "access_key_id"
SECRET_SECRET_ACCESS_KEY = "secret_access_key"
