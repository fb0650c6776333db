from __future__ import annotations

import sys
import types
from dataclasses import dataclass, field
from typing import Any, Callable, Dict, Iterator, List

import pytest
from fake_aws import FakeAws
from fake_lakefs import Branch, FakeLakefs

import branchline
import branchline._begin as begin_module
from branchline.arguments import read_arguments
from branchline.opening import open_run
from branchline.retry import Patience

JOB_RUN = "jr_0123456789abcdef"


@dataclass
class Clock:
    """Time that passes by sleeping alone."""

    now: float = 0.0
    slept: List[float] = field(default_factory=list)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    def patience(self, budget: float = 120.0) -> Patience:
        return Patience(budget, self.sleep, lambda: self.now, lambda: 0.5)


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch) -> None:
    """No argument or setting of whoever runs the tests."""
    for name in (
        "AWS_ENDPOINT_URL",
        "AWS_REGION",
        "AWS_DEFAULT_REGION",
        "JOB_NAME",
        "JOB_RUN_ID",
        "HTTP_PROXY",
        "http_proxy",
    ):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(begin_module, "_current", None)


@pytest.fixture
def lakefs() -> Iterator[FakeLakefs]:
    server = FakeLakefs()
    yield server
    server.close()


@pytest.fixture
def aws(lakefs: FakeLakefs, monkeypatch: pytest.MonkeyPatch) -> FakeAws:
    fake = FakeAws(lakefs.endpoint, lakefs.branches["main"].head)
    fake.make_branch = lambda name: lakefs.branches.update({name: Branch(fake.base_commit)})
    boto3, botocore, config = types.ModuleType("boto3"), types.ModuleType("botocore"), types.ModuleType("botocore.config")
    boto3.client = fake.client  # type: ignore[attr-defined]
    config.Config = lambda **options: options  # type: ignore[attr-defined]
    for module in (boto3, botocore, config):
        monkeypatch.setitem(sys.modules, module.__name__, module)
    return fake


@pytest.fixture
def clock() -> Clock:
    return Clock()


Start = Callable[..., branchline.Run]


@pytest.fixture
def start(aws: FakeAws, clock: Clock) -> Start:
    """Begins a run with these arguments, by a clock that does not wait."""

    def begin(*argv: str, environ: Any = None, **arguments: str) -> branchline.Run:
        named: Dict[str, str] = {"JOB_NAME": "sales-daily", "JOB_RUN_ID": JOB_RUN, **arguments}
        words = [word for name, value in named.items() if value for word in (f"--{name}", value)]
        asked = read_arguments([*words, *argv], environ or {})
        opened = open_run(asked, clock.patience())
        return branchline.Run(opened.opening, opened.client, asked.access)

    return begin
