"""The script that copies the chunks of a large export, with S3 and Spark as small stand-ins."""

from __future__ import annotations

import importlib.util
import json
import re
import sys
import types
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List, Optional, Tuple

import pytest
from branchline_chunks import chunk, destination, faults
from fake_s3 import Died, FakeS3

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "glue" / "exporter" / "copy_chunks.py"
#: Held against the map's workers as well (test/unit/usecases/export-chunks.test.ts).
SHARED = json.loads((ROOT / "test" / "fixtures" / "export-chunk.json").read_text(encoding="utf-8"))
RUN = "lake/_branchline/exports/000001-abc/"
EXECUTION = "plain-000001-abc-12345678-1"
ORDER = {"export": "plain", "run": "000001-abc", "bucket": "out", "prefix": "lake/", "toleratedFailurePercent": 100}
WORDS = ["--JOB_NAME", "branchline-export-plain", "--execution", EXECUTION, "--region", "eu-west-1", "--order"]
WORDS += [f"s3://out/{RUN}spark/{EXECUTION}.json"]


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> Any:
    spec = importlib.util.spec_from_file_location("copy_chunks", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(chunk, "COPIES_AT_ONCE", 1)
    monkeypatch.setattr(chunk.work, "__defaults__", (destination.client_of, lambda _seconds: None))
    return module


class Spark:
    """Tasks one after the other; what they add is told when they have ended."""

    def __init__(self) -> None:
        self.value = 0
        self.slices = 0
        self.between: Callable[[], object] = lambda: None

    def accumulator(self, start: int) -> Spark:
        self.value = start
        return self

    def add(self, more: int) -> None:
        self.value += more

    def parallelize(self, keys: List[str], slices: int) -> Spark:
        self.keys, self.slices = keys, slices
        return self

    def map(self, task: Callable[[str], Tuple[str, int, str]]) -> Spark:
        self.task = task
        return self

    def collect(self) -> List[Tuple[str, int, str]]:
        done = []
        for key in self.keys:
            done.append(self.task(key))
            self.between()
        return done


def copy_of(key: str, size: int = 3, checksum: str = "sum") -> Dict[str, Any]:
    source = {"address": f"s3://lake/data/{key}", "sizeBytes": size, "checksum": checksum}
    return {"key": key, "source": source}


def lay(s3: FakeS3, *chunks: List[str], **order: Any) -> None:
    """The chunks of a run, of these keys each, and the order."""
    s3.objects["out", f"{RUN}spark/{EXECUTION}.json"] = json.dumps({**ORDER, **order}).encode()
    for number, keys in enumerate(chunks):
        for key in keys:
            s3.objects["lake", f"data/{key}"] = f"content of {key}".encode()
        todo = {"copies": [copy_of(key) for key in keys]}
        s3.objects["out", f"{RUN}todo/{number:06d}.json"] = json.dumps(todo).encode()


def run(script: Any, s3: FakeS3, spark: Optional[Spark] = None) -> Dict[str, int]:
    told: Dict[str, int] = script.run(spark or Spark(), script.read_arguments(WORDS), lambda _region: s3)
    return told


def below(s3: FakeS3, prefix: str) -> Dict[str, bytes]:
    return {
        key: content for (bucket, key), content in sorted(s3.objects.items()) if bucket == "out" and key.startswith(prefix)
    }


def copies(s3: FakeS3) -> Dict[str, bytes]:
    return {key: content for key, content in below(s3, "lake/").items() if "/_branchline/" not in key}


def test_every_chunk_is_copied_becomes_a_part_and_is_removed(script: Any) -> None:
    s3, spark = FakeS3(), Spark()
    lay(s3, ["a", "b"], ["c"], ["d", "e"])
    assert run(script, s3, spark) == {"copied": 3, "already-copied": 0, "left": 0, "stopped": 0, "objects": 5}
    assert spark.slices == 3
    assert copies(s3) == {f"lake/{key}": f"content of {key}".encode() for key in "abcde"}
    assert list(below(s3, f"{RUN}part-")) == [f"{RUN}part-00000{part}.jsonl" for part in range(3)]
    assert below(s3, f"{RUN}todo/") == {}
    assert s3.headers["out", "lake/a"] == {"Metadata": {"branchline-checksum": "sum"}}


def test_what_it_writes_is_to_the_byte_what_workers_of_the_map_write(script: Any) -> None:
    s3 = FakeS3()
    lay(s3)
    s3.objects["out", f"{RUN}todo/000000.json"] = SHARED["todo"].encode()
    for each in json.loads(SHARED["todo"])["copies"]:
        s3.objects["lake", each["source"]["address"][len("s3://lake/") :]] = b"x"
    run(script, s3)
    assert below(s3, f"{RUN}part-")[f"{RUN}part-000000.jsonl"].decode() == SHARED["part"]
    assert below(s3, f"{RUN}redshift-")[f"{RUN}redshift-000000.manifest"].decode() == SHARED["redshift"]


def test_what_is_left_is_noted_as_workers_of_the_map_note_it(script: Any) -> None:
    s3 = FakeS3()
    lay(s3, ["gone", "here"])
    del s3.objects["lake", "data/gone"]
    with pytest.raises(script.LeftBehind, match=r"1 of 1 chunks were left, 0 of them not begun.*gone \(BL9003"):
        run(script, s3)
    [(_, noted)] = below(s3, f"{RUN}left/").items()
    assert noted.decode() == SHARED["left"]
    assert copies(s3) == {"lake/here": b"content of here"}
    assert list(below(s3, f"{RUN}part-")) == []


def test_the_next_try_copies_what_is_left_alone(script: Any) -> None:
    s3 = FakeS3()
    lay(s3, ["gone", "here"], ["other"])
    del s3.objects["lake", "data/gone"]
    with pytest.raises(script.LeftBehind, match="1 of 2 chunks"):
        run(script, s3)
    # The one that is gone was asked for twice; the others once.
    assert s3.calls.count("copy") == 4
    s3.objects["lake", "data/gone"] = b"back"
    s3.calls.clear()
    assert run(script, s3)["objects"] == 1
    assert s3.calls.count("copy") == 1
    assert copies(s3)["lake/gone"] == b"back"
    assert list(below(s3, f"{RUN}part-")) == [f"{RUN}part-000000.jsonl", f"{RUN}part-000001.jsonl"]
    assert below(s3, f"{RUN}left/") == below(s3, f"{RUN}todo/") == {}


def test_a_call_that_fails_is_another_try_of_the_chunk_and_the_last_one_is_told(script: Any) -> None:
    s3 = FakeS3()
    lay(s3, ["a"])
    s3.failures["copy"] = ["SlowDown", "SlowDown", "SlowDown"]
    assert run(script, s3)["copied"] == 1
    lay(s3, ["a"])
    s3.failures["copy"] = ["SlowDown"] * 4
    with pytest.raises(script.LeftBehind, match="BL4001 AWS call failed: s3:PutObject s3://out/lake/a: SlowDown"):
        run(script, s3)


def test_a_refused_copy_says_so_and_the_others_are_copied(script: Any) -> None:
    s3 = FakeS3()
    lay(s3, ["a", "b"])
    s3.refused["data/a"] = "AccessDenied"
    with pytest.raises(script.LeftBehind, match=r"a \(BL4002 AWS access denied: s3:PutObject s3://out/lake/a: AccessDenied"):
        run(script, s3)
    assert list(copies(s3)) == ["lake/b"]


def test_copies_are_encrypted_and_stored_as_configured_and_our_own_files_stay_readable_at_once(script: Any) -> None:
    s3 = FakeS3()
    lay(s3, ["a"], kmsKeyArn="arn:key", storageClass="GLACIER_IR")
    run(script, s3)
    encrypted = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": "arn:key", "BucketKeyEnabled": True}
    made = s3.headers["out", "lake/a"]
    assert made == {"Metadata": {"branchline-checksum": "sum"}, "StorageClass": "GLACIER_IR", **encrypted}
    for name in ("part-000000.jsonl", "redshift-000000.manifest"):
        assert s3.headers["out", f"{RUN}{name}"] == encrypted


def test_above_5_gb_each_byte_is_copied_once_in_parts(script: Any) -> None:
    s3 = FakeS3()
    lay(s3, ["large"], storageClass="STANDARD_IA")
    size = 5 * 1024**3 + 1
    s3.objects["out", f"{RUN}todo/000000.json"] = json.dumps({"copies": [copy_of("large", size)]}).encode()
    run(script, s3)
    [upload] = s3.uploads.values()
    assert upload["place"]["StorageClass"] == "STANDARD_IA"
    assert upload["place"]["Metadata"] == {"branchline-checksum": "sum"}
    ranges = [tuple(map(int, re.findall(r"\d+", upload["ranges"][part]))) for part in range(1, 12)]
    assert ranges[0] == (0, 512 * 1024**2 - 1)
    assert [end + 1 for _, end in ranges] == [start for start, _ in ranges[1:]] + [size]
    assert upload["parts"] == [{"PartNumber": part, "ETag": f"etag-{part}"} for part in range(1, 12)]


def test_parts_that_nobody_completes_are_taken_away(script: Any) -> None:
    s3 = FakeS3()
    lay(s3, ["large"])
    s3.objects["out", f"{RUN}todo/000000.json"] = json.dumps({"copies": [copy_of("large", 6 * 1024**3)]}).encode()
    del s3.objects["lake", "data/large"]
    with pytest.raises(script.LeftBehind, match="BL9003"):
        run(script, s3)
    assert s3.open_uploads == set()


def test_without_its_order_nothing_is_begun(script: Any) -> None:
    s3 = FakeS3()
    lay(s3, ["a"])
    del s3.objects["out", f"{RUN}spark/{EXECUTION}.json"]
    with pytest.raises(script.Refused, match="needs this job run no more"):
        run(script, s3)
    assert copies(s3) == {}


def test_an_order_that_is_withdrawn_meanwhile_is_the_last_of_it(script: Any) -> None:
    s3, spark = FakeS3(), Spark()
    lay(s3, ["a"], ["b"], ["c"])
    spark.between = lambda: s3.objects.pop(("out", f"{RUN}spark/{EXECUTION}.json"), None)
    with pytest.raises(script.LeftBehind, match="2 of 3 chunks were left, 2 of them not begun; the order was withdrawn"):
        run(script, s3, spark)
    assert list(copies(s3)) == ["lake/a"]


def test_a_chunk_under_way_is_given_up_when_the_order_is_withdrawn(script: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    s3 = FakeS3()
    lay(s3, ["a", "b", "c"])
    monkeypatch.setattr(chunk, "LOOK_EVERY", 0.0)
    copy = s3.copy_object

    def copies_and_withdraws(**asked: Any) -> Any:
        s3.objects.pop(("out", f"{RUN}spark/{EXECUTION}.json"))
        return copy(**asked)

    monkeypatch.setattr(s3, "copy_object", copies_and_withdraws)
    with pytest.raises(script.LeftBehind, match="1 of them not begun"):
        run(script, s3)
    assert list(copies(s3)) == ["lake/a"]
    # Whoever has the run now copies the whole chunk: no note of ours is in his way.
    assert below(s3, f"{RUN}left/") == {}


def test_where_more_fail_than_is_tolerated_no_further_ones_are_begun(script: Any) -> None:
    s3, spark = FakeS3(), Spark()
    lay(s3, ["gone"], *([f"{number}"] for number in range(9)), toleratedFailurePercent=5)
    del s3.objects["lake", "data/gone"]

    def until_it_is_said() -> None:
        for _ in range(400):
            if ("out", f"{RUN}spark/{EXECUTION}.stop") in s3.objects:
                return
            script.threading.Event().wait(0.01)
        raise AssertionError("nobody said that it is to stop")

    spark.between = until_it_is_said
    with pytest.raises(script.LeftBehind, match="10 of 10 chunks were left, 9 of them not begun"):
        run(script, s3, spark)
    # Another try begins all of them, whatever was said before.
    s3.objects["lake", "data/gone"] = b"back"
    assert run(script, s3)["copied"] == 10


def test_a_chunk_that_somebody_has_done_is_passed_over_and_one_that_is_lost_is_told(script: Any) -> None:
    s3 = FakeS3()
    lay(s3, ["a"])
    order = script.read_order(script.read_arguments(WORDS), s3)
    run(script, s3)
    assert chunk.work(order, f"{RUN}todo/000000.json", lambda _region: s3).what == "already-copied"
    outcome = chunk.work(order, f"{RUN}todo/000001.json", lambda _region: s3)
    assert outcome.what == "left"
    assert outcome.said.startswith("BL9004 export is not whole: s3://out/")


def whole(script: Any) -> Tuple[Dict[str, bytes], int]:
    """What is there when nobody died, and how many calls that takes."""
    s3 = FakeS3()
    lay(s3, ["a", "b"], ["c"])
    run(script, s3)
    return below(s3, "lake/"), len(s3.calls)


def deaths(script: Any) -> Iterator[Tuple[int, bool]]:
    _, calls = whole(script)
    for call in range(1, calls + 1):
        yield call, False
        yield call, True


def test_whatever_call_it_died_at_a_repeat_brings_the_same(script: Any) -> None:
    expected, calls = whole(script)
    died = 0
    for at, takes_effect in deaths(script):
        s3 = FakeS3()
        lay(s3, ["a", "b"], ["c"])
        s3.dies = (at, takes_effect)
        try:
            run(script, s3)
        except Died:
            died += 1
        s3.dies = None
        for content, key in ((content, key) for key, content in below(s3, f"{RUN}part-").items()):
            # A part is there only when its copies are.
            for line in content.decode().splitlines():
                assert f"lake/{json.loads(line)['key']}" in copies(s3), (at, key)
        run(script, s3)
        assert below(s3, "lake/") == expected, at
    assert died >= calls


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--order", "lake/x.json"], "--order is 'lake/x.json', expected s3://bucket/….json"),
        (["--order", f"s3://out/{RUN}spark/other.json"], f"expected s3://out/{RUN}spark/{EXECUTION}.json"),
    ],
)
def test_an_order_of_something_else_is_refused(script: Any, words: List[str], said: str) -> None:
    s3 = FakeS3()
    lay(s3, ["a"])
    s3.objects["out", f"{RUN}spark/other.json"] = s3.objects["out", f"{RUN}spark/{EXECUTION}.json"]
    with pytest.raises(script.Refused, match=re.escape(said)):
        script.run(Spark(), script.read_arguments([*WORDS[:-2], *words]), lambda _region: s3)


def test_codes_and_titles_are_those_of_the_catalog() -> None:
    families = sorted((ROOT / "lambdas" / "domain" / "error-catalog").glob("*.ts"))
    text = "\n".join(family.read_text(encoding="utf-8") for family in families)
    titles = {code: title for code, _, title in re.findall(r"(BL\d{4}): entry\(\s*(['\"])(.*?)\2,", text)}
    assert {code: titles.get(code) for code in faults.TITLE} == faults.TITLE


def test_the_client_waits_for_copies_and_tries_again(monkeypatch: pytest.MonkeyPatch) -> None:
    made: List[Tuple[Any, Dict[str, Any]]] = []
    boto3, botocore, config = types.ModuleType("boto3"), types.ModuleType("botocore"), types.ModuleType("botocore.config")

    def client(*given: Any, **options: Any) -> object:
        made.append((given, options))
        return object()

    boto3.client = client  # type: ignore[attr-defined]
    config.Config = lambda **options: options  # type: ignore[attr-defined]
    for module in (boto3, botocore, config):
        monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    monkeypatch.setattr(destination, "_clients", {})
    assert destination.client_of("eu-west-1") is destination.client_of("eu-west-1")
    [(given, options)] = made
    assert given == ("s3",)
    assert (options["region_name"], options["endpoint_url"]) == ("eu-west-1", None)
    assert options["config"]["retries"] == {"mode": "standard", "max_attempts": 5}
    assert options["config"]["read_timeout"] == 180
