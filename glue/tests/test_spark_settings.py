from __future__ import annotations

import logging
from typing import Callable, List

import pytest
from conftest import JOB_RUN, Start
from fake_aws import FakeAws
from fake_lakefs import FakeLakefs
from fake_spark import GlueContext, SparkContext, SparkSession

import branchline
import branchline._begin as begin_module
from branchline.aws import KeyPair
from branchline.spark import ACCESS_MODES, settings

LAKEFS = "io.lakefs.LakeFSFileSystem"
S3A = "org.apache.hadoop.fs.s3a.S3AFileSystem"
BRANCH = f"run-sales-daily-{JOB_RUN}"
PAIR = KeyPair("AKIAFAKE", "fake-secret")


@pytest.fixture
def context() -> SparkContext:
    return SparkContext([LAKEFS, S3A])


def test_signed_addresses_are_the_default_and_need_no_right_on_s3(
    start: Start, context: SparkContext, lakefs: FakeLakefs
) -> None:
    run = start()
    assert run.configure(SparkSession(context)) is run
    assert context.hadoop.values == {
        "fs.lakefs.impl": LAKEFS,
        "fs.lakefs.endpoint": f"{lakefs.endpoint}/api/v1",
        "fs.lakefs.access.mode": "presigned",
        "fs.lakefs.access.key": "AKIAFAKE",
        "fs.lakefs.secret.key": "fake-secret",
        "mapreduce.fileoutputcommitter.algorithm.version": "2",
        "mapreduce.fileoutputcommitter.marksuccessfuljobs": "false",
    }


def test_simple_is_lakefs_too(start: Start, context: SparkContext) -> None:
    run = start().configure(SparkSession(context), "simple")
    assert context.hadoop.values["fs.lakefs.access.mode"] == "simple"
    assert run.uri("t/") == f"lakefs://lake/{BRANCH}/t/"


def test_the_gateway_is_set_for_one_bucket_alone(start: Start, context: SparkContext, lakefs: FakeLakefs) -> None:
    start().configure(SparkSession(context), "s3a")
    values = context.hadoop.values
    assert {name for name in values if name.startswith("fs.")} == {
        f"fs.s3a.bucket.lake.{name}"
        for name in (
            "endpoint",
            "endpoint.region",
            "path.style.access",
            "connection.ssl.enabled",
            "aws.credentials.provider",
            "access.key",
            "secret.key",
        )
    }
    assert values["fs.s3a.bucket.lake.endpoint"] == lakefs.endpoint
    assert values["fs.s3a.bucket.lake.connection.ssl.enabled"] == "false"


def test_s3a_never_finds_the_branch_empty_and_nobody_commits_what_keeps_it(
    start: Start, context: SparkContext, lakefs: FakeLakefs
) -> None:
    run = start().configure(context, "s3a")
    assert list(lakefs.branches[BRANCH].staged) == ["_branchline/keep"]
    run.write("t/a", b"1")
    commit = run.commit("half")
    assert sorted(lakefs.commits[commit or ""][0]) == ["sales/old.parquet", "t/a"]
    assert list(lakefs.branches[BRANCH].staged) == ["_branchline/keep"]
    assert run.commit("again") is None


def test_lakefs_uris_need_no_such_object(start: Start, context: SparkContext, lakefs: FakeLakefs) -> None:
    start().configure(context)
    assert lakefs.branches[BRANCH].staged == {}


def test_tls_follows_the_endpoint() -> None:
    chosen = settings("s3a", "https://lakefs.example.com", "lake", PAIR)
    assert chosen["fs.s3a.bucket.lake.connection.ssl.enabled"] == "true"


@pytest.mark.parametrize(("access", "scheme"), [("presigned", "lakefs"), ("simple", "lakefs"), ("s3a", "s3a")])
def test_addresses_follow_the_access_mode(start: Start, context: SparkContext, access: str, scheme: str) -> None:
    run = start().configure(context, access)
    assert run.access == access
    assert run.uri("t/") == f"{scheme}://lake/{BRANCH}/t/"
    assert run.read_uri("t/") == f"{scheme}://lake/{run.base_commit}/t/"
    assert run.target_uri("t/") == f"{scheme}://lake/main/t/"


def test_the_deployment_may_choose(start: Start, context: SparkContext) -> None:
    run = start(branchline_access="s3a").configure(SparkSession(context))
    assert run.uri("t/").startswith("s3a://")
    assert run.configure(SparkSession(context), "simple").access == "simple"


@pytest.mark.parametrize("wrap", [SparkSession, GlueContext, lambda context: context])
def test_whatever_the_job_has_at_hand_will_do(
    start: Start, context: SparkContext, wrap: Callable[[SparkContext], object]
) -> None:
    start().configure(wrap(context))
    assert context.hadoop.values["fs.lakefs.impl"] == LAKEFS


def test_begin_configures_in_one_line(
    aws: FakeAws, lakefs: FakeLakefs, context: SparkContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.argv", ["job.py", "--JOB_NAME", "sales-daily", "--JOB_RUN_ID", JOB_RUN])
    run = branchline.begin(SparkSession(context))
    assert begin_module._current is run
    assert context.hadoop.values["fs.lakefs.secret.key"] == "fake-secret"


def test_what_the_job_said_of_success_files_stays(start: Start, context: SparkContext) -> None:
    context.hadoop.values["mapreduce.fileoutputcommitter.marksuccessfuljobs"] = "true"
    start().configure(context)
    assert context.hadoop.values["mapreduce.fileoutputcommitter.marksuccessfuljobs"] == "true"


# -- Refusals -----------------------------------------------------------------------------------------------------------


def refused(act: Callable[[], object]) -> str:
    with pytest.raises(branchline.InvalidArguments) as caught:
        act()
    return str(caught.value)


@pytest.mark.parametrize("access", ["", "S3A", "gateway"])
def test_other_modes_are_refused(start: Start, context: SparkContext, access: str) -> None:
    assert "Allowed: presigned, simple, s3a" in refused(lambda: start().configure(context, access))
    assert context.hadoop.values == {}


def test_an_argument_of_another_mode_is_refused_before_anything_is_claimed(start: Start, aws: FakeAws) -> None:
    assert "presigned, simple, s3a" in refused(lambda: start(branchline_access="gateway"))
    assert aws.invocations == []


@pytest.mark.parametrize(
    ("access", "classes", "advice"),
    [("presigned", [S3A], "--extra-jars"), ("simple", [], "--extra-jars"), ("s3a", [LAKEFS], "hadoop-aws")],
)
def test_a_missing_jar_is_named_before_the_first_write(start: Start, access: str, classes: List[str], advice: str) -> None:
    context = SparkContext(classes)
    assert advice in refused(lambda: start().configure(context, access))
    assert context.hadoop.values == {}


@pytest.mark.parametrize("what", [object(), None, "spark"])
def test_what_is_no_session_is_refused(start: Start, what: object) -> None:
    assert "SparkSession" in refused(lambda: start().configure(what))


def test_a_stopped_session_is_refused(start: Start, context: SparkContext) -> None:
    context.stop()
    assert "not been stopped" in refused(lambda: start().configure(context))


# -- No key is ever shown -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("access", ACCESS_MODES)
def test_keys_have_names_that_spark_redacts(access: str) -> None:
    import re

    # The default of Spark 3.3, of Glue 4.0; later ones find more.
    redacted = re.compile(r"(?i)secret|password|token|access[.]key")
    for name, value in settings(access, "http://lakefs", "lake", PAIR).items():
        assert (value in ("AKIAFAKE", "fake-secret")) == (redacted.search(name) is not None)


@pytest.mark.parametrize("access", ACCESS_MODES)
def test_a_session_that_would_show_them_is_refused(start: Start, access: str) -> None:
    context = SparkContext([LAKEFS, S3A], {"spark.redaction.regex": "(?i)password"})
    said = refused(lambda: start().configure(context, access))
    assert "secret.key" in said
    assert "fake-secret" not in said
    assert context.hadoop.values == {}


def test_a_wider_expression_is_fine(start: Start) -> None:
    context = SparkContext([LAKEFS], {"spark.redaction.regex": "(?i)secret|access[.]key|pin"})
    start().configure(context)
    assert "fs.lakefs.secret.key" in context.hadoop.values


def test_nothing_logs_them(start: Start, context: SparkContext, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    run = start().configure(context)
    assert "Spark reaches lake by presigned" in caplog.text
    for shown in (caplog.text, repr(run), repr(vars(run))):
        assert "fake-secret" not in shown
        assert "AKIAFAKE" not in shown
    # Others may log as before.
    assert not logging.getLogger("py4j.clientserver").disabled
