"""The script of lakeFS's two jobs, with S3, Secrets Manager and the Java side as small stand-ins."""

from __future__ import annotations

import argparse
import importlib.util
import json
import sys
import types
from pathlib import Path
from typing import Any, Dict, List

import pytest

SCRIPT = Path(__file__).parents[1] / "collector" / "collect_garbage.py"
ARN = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:lakefs"
LISTS = "lake/_lakefs/retention/gc/unified/"


@pytest.fixture
def script() -> Any:
    spec = importlib.util.spec_from_file_location("collect_garbage", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def words(phase: str = "mark", **more: str) -> List[str]:
    given = {
        "JOB_NAME": "branchline-garbage-mark",
        "repository": "lake",
        "region": "eu-west-1",
        "namespace": "s3://bucket/lake",
        "phase": phase,
        "collection": "gc-20261120t020000z",
        "endpoint": "https://lakefs.example.com/",
        "secret_arn": ARN,
        **more,
    }
    return [word for name, value in given.items() for word in (f"--{name}", value)]


class Aws:
    """S3 with one bucket, and one secret."""

    def __init__(self) -> None:
        self.objects: Dict[str, bytes] = {f"{LISTS}before/summary.json": b"{}"}
        self.secret = json.dumps({"access_key_id": "AKIAFAKE", "secret_access_key": "very-secret"})

    def client(self, _service: str, **_options: Any) -> Aws:
        return self

    def get_secret_value(self, *, SecretId: str) -> Dict[str, str]:  # noqa: N803
        assert SecretId == ARN
        return {"SecretString": self.secret}

    def get_paginator(self, _call: str) -> Aws:
        return self

    def paginate(self, *, Bucket: str, Prefix: str, Delimiter: str) -> List[Dict[str, Any]]:  # noqa: N803
        assert Bucket == "bucket"
        names = {key[len(Prefix) :].split(Delimiter)[0] for key in self.objects if key.startswith(Prefix)}
        return [{"CommonPrefixes": [{"Prefix": f"{Prefix}{name}{Delimiter}"} for name in sorted(names)]}, {}]

    def put_object(self, *, Bucket: str, Key: str, Body: bytes, ContentType: str) -> None:  # noqa: N803
        assert (Bucket, ContentType) == ("bucket", "application/json")
        self.objects[Key] = Body


class JavaPackage:
    """What py4j gives for a class that is not there."""

    def __getattr__(self, _name: str) -> JavaPackage:
        return self


class Spark:
    """A session whose lakeFS client makes the lists that it is told to."""

    def __init__(self, aws: Aws, makes: List[str], has_client: bool = True) -> None:
        self.aws = aws
        self.makes = makes
        self.settings: Dict[str, str] = {}
        self.ran: List[List[str]] = []
        self.written: List[str] = []
        client = types.SimpleNamespace(main=self._main)
        gc = types.SimpleNamespace(GarbageCollection=client)
        io = types.SimpleNamespace(treeverse=types.SimpleNamespace(gc=gc)) if has_client else JavaPackage()
        java = types.SimpleNamespace(lang=types.SimpleNamespace(String=str))
        self.sparkContext = types.SimpleNamespace(
            _jvm=types.SimpleNamespace(io=io, java=java),
            _jsc=types.SimpleNamespace(hadoopConfiguration=lambda: types.SimpleNamespace(set=self.settings.__setitem__)),
            _gateway=types.SimpleNamespace(new_array=lambda _kind, size: [""] * size),
        )
        self.read = self

    def _main(self, given: List[str]) -> None:
        self.ran.append(list(given))
        for name in self.makes:
            self.aws.objects[f"{LISTS}{name}/summary.json"] = b"{}"

    # What the list is read and written with.
    def parquet(self, path: str) -> Spark:
        self.written.append(f"read {path}")
        return self

    def select(self, column: str) -> Spark:
        assert column == "address"
        return self

    @property
    def write(self) -> Spark:
        return self

    def mode(self, mode: str) -> Spark:
        assert mode == "overwrite"
        return self

    def text(self, path: str) -> None:
        self.written.append(f"wrote {path}")

    def count(self) -> int:
        return 3


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Aws:
    made = Aws()
    boto3 = types.ModuleType("boto3")
    boto3.client = made.client  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "boto3", boto3)
    return made


def receipt(aws: Aws, phase: str) -> Any:
    return json.loads(aws.objects[f"lake/_lakefs/retention/branchline/gc-20261120t020000z-{phase}.json"])


def run(script: Any, spark: Spark, *given: str) -> str:
    asked: argparse.Namespace = script.read_arguments(list(given))
    return str(script.run(asked, script.OnSpark(spark), script.Namespace(asked)))


def test_a_mark_finds_its_list_writes_it_as_text_and_leaves_a_receipt_last(script: Any, aws: Aws) -> None:
    spark = Spark(aws, ["fresh"])
    assert run(script, spark, *words()) == "fresh"
    assert spark.ran == [["lake", "eu-west-1"]]
    assert spark.settings["lakefs.api.url"] == "https://lakefs.example.com/api/v1"
    assert (spark.settings["lakefs.gc.do_mark"], spark.settings["lakefs.gc.do_sweep"]) == ("true", "false")
    assert "lakefs.gc.mark_id" not in spark.settings
    assert "lakefs.debug.gc.uncommitted_min_age_seconds" not in spark.settings
    assert spark.written == [
        f"read s3a://bucket/{LISTS}fresh/deleted",
        "wrote s3a://bucket/lake/_lakefs/retention/branchline/gc-20261120t020000z/marked",
    ]
    assert receipt(aws, "mark") == {
        "collection": "gc-20261120t020000z",
        "phase": "mark",
        "mark_id": "fresh",
        "objects": 3,
    }


def test_a_sweep_works_off_the_list_that_it_is_told(script: Any, aws: Aws) -> None:
    spark = Spark(aws, [])
    assert run(script, spark, *words("sweep", mark_id="before", min_age="172800")) == "before"
    assert (spark.settings["lakefs.gc.do_mark"], spark.settings["lakefs.gc.do_sweep"]) == ("false", "true")
    assert spark.settings["lakefs.gc.mark_id"] == "before"
    assert spark.settings["lakefs.debug.gc.uncommitted_min_age_seconds"] == "172800"
    assert receipt(aws, "sweep")["mark_id"] == "before"


def test_the_key_pair_goes_into_the_configuration_and_is_told_nowhere(
    script: Any, aws: Aws, capsys: pytest.CaptureFixture[str]
) -> None:
    spark = Spark(aws, ["fresh"])
    run(script, spark, *words())
    assert spark.settings["lakefs.api.access_key"] == "AKIAFAKE"
    assert spark.settings["lakefs.api.secret_key"] == "very-secret"
    said = capsys.readouterr()
    assert "very-secret" not in said.out + said.err + str(aws.objects)


@pytest.mark.parametrize("makes", [[], ["one", "two"]])
def test_without_exactly_one_new_list_there_is_no_receipt(script: Any, aws: Aws, makes: List[str]) -> None:
    with pytest.raises(RuntimeError, match=f"left {len(makes)} new lists, expected one"):
        run(script, Spark(aws, makes), *words())
    assert not [key for key in aws.objects if "branchline" in key]


def test_a_sweep_of_a_list_that_is_not_there_begins_nothing(script: Any, aws: Aws) -> None:
    spark = Spark(aws, [])
    with pytest.raises(script.Refused, match="no list other below s3://bucket/lake"):
        run(script, spark, *words("sweep", mark_id="other"))
    assert spark.ran == []


def test_a_jar_without_the_client_is_named(script: Any, aws: Aws) -> None:
    with pytest.raises(script.Refused, match=r"no class io\.treeverse\.gc\.GarbageCollection: garbageCollection\.clientJar"):
        run(script, Spark(aws, [], has_client=False), *words())


def test_a_secret_without_a_key_is_named(script: Any, aws: Aws) -> None:
    aws.secret = json.dumps({"access_key_id": "AKIAFAKE"})
    with pytest.raises(script.Refused, match="has no secret_access_key"):
        run(script, Spark(aws, []), *words())


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (words(min_age="86399"), "below it lakeFS deletes live files"),
        (words("look"), "expected mark or sweep"),
        (words(mark_id="x"), "belongs to a sweep"),
        (words("sweep"), "a sweep needs it"),
        (words(collection="../../x"), "expected 8 to 100"),
    ],
)
def test_what_would_do_harm_is_refused(script: Any, given: List[str], said: str) -> None:
    with pytest.raises(script.Refused, match=said):
        script.read_arguments(given)
