"""What the control plane and the jobs must spell alike, read out of the TypeScript."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from branchline import contract
from branchline.errors import CATALOG
from branchline.spark import ACCESS_MODES

LAMBDAS = Path(__file__).parents[2] / "lambdas"
TEXT = (LAMBDAS / "contract.ts").read_text(encoding="utf-8")


def block(name: str) -> str:
    found = re.search(rf"export const {name} = \{{(.*?)\n\}} as const", TEXT, re.DOTALL)
    assert found is not None, f"contract.ts has no {name}"
    return found.group(1)


def value(name: str, key: str) -> str:
    found = re.search(rf"^\s*{key}: ['`](.*?)['`],", block(name), re.MULTILINE)
    assert found is not None, f"{name} has no {key}"
    return found.group(1)


@pytest.mark.parametrize(
    ("key", "mine"),
    [
        ("runId", contract.ARGUMENT_RUN_ID),
        ("branch", contract.ARGUMENT_BRANCH),
        ("claimFunction", contract.ARGUMENT_CLAIM_FUNCTION),
        ("job", contract.ARGUMENT_JOB),
        ("repository", contract.ARGUMENT_REPOSITORY),
        ("target", contract.ARGUMENT_TARGET),
        ("lakefsEndpoint", contract.ARGUMENT_LAKEFS_ENDPOINT),
        ("secretArn", contract.ARGUMENT_SECRET_ARN),
        ("access", contract.ARGUMENT_ACCESS),
    ],
)
def test_arguments(key: str, mine: str) -> None:
    assert value("GLUE_ARGUMENT", key) == f"--{mine}"


@pytest.mark.parametrize(
    ("key", "mine"),
    [
        ("runId", contract.METADATA_RUN_ID),
        ("attempt", contract.METADATA_ATTEMPT),
        ("job", contract.METADATA_JOB),
        ("jobRunId", contract.METADATA_JOB_RUN_ID),
        ("baseCommit", contract.METADATA_BASE_COMMIT),
        ("pipeline", contract.METADATA_PIPELINE),
        ("consoleUrl", contract.METADATA_CONSOLE_URL),
        ("kind", contract.METADATA_KIND),
    ],
)
def test_metadata(key: str, mine: str) -> None:
    assert value("METADATA", key).replace("${METADATA_PREFIX}", contract.METADATA_PREFIX) == mine


def test_kinds_of_commits() -> None:
    mine = {"run": contract.KIND_RUN, "failed": contract.KIND_FAILED, "checkpoint": contract.KIND_CHECKPOINT}
    assert {key: value("COMMIT_KIND", key) for key in mine} == mine


@pytest.mark.parametrize(
    ("line", "mine"),
    [
        ("METADATA_PREFIX = '{}'", contract.METADATA_PREFIX),
        ("CLAIM_PREFIX = '{}'", contract.CLAIM_PREFIX),
        ("CLAIM_OBJECT = `${{CLAIM_PREFIX}}{}`", contract.CLAIM_OBJECT[len(contract.CLAIM_PREFIX) :]),
        ("RUN_BRANCH_PREFIX = '{}'", contract.RUN_BRANCH_PREFIX),
        ("accessKeyId: '{}'", contract.SECRET_ACCESS_KEY_ID),
        ("secretAccessKey: '{}'", contract.SECRET_SECRET_ACCESS_KEY),
        ("SCHEMA_VERSION = {};", str(contract.SCHEMA_VERSION)),
        ("DEFAULT_PREFIX = '{}'", contract.DEFAULT_CLAIM_FUNCTION.split("-")[0]),
    ],
)
def test_names(line: str, mine: str) -> None:
    assert line.format(mine) in TEXT


def test_ways_of_spark_to_lakefs() -> None:
    quoted = ", ".join(f"'{mode}'" for mode in ACCESS_MODES)
    assert f"export const SPARK_ACCESS = [{quoted}] as const;" in TEXT


def test_codes_and_titles_are_those_of_the_catalog() -> None:
    families = sorted((LAMBDAS / "domain" / "error-catalog").glob("*.ts"))
    text = "\n".join(family.read_text(encoding="utf-8") for family in families)
    titles = {code: title for code, _, title in re.findall(r"(BL\d{4}): entry\(\s*(['\"])(.*?)\2,", text)}
    assert {code: entry.title for code, entry in CATALOG.items()} == {code: titles.get(code) for code in CATALOG}
