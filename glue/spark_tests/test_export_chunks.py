"""The Glue job that copies the chunks of an export, by spark-submit as Glue does it, against a local S3: to its end, killed
in the middle and begun again, stopped where too much fails, and where its order is withdrawn.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, Tuple

import pytest

from .storage import BUCKET, Storage

EXPORTER = Path(__file__).parents[1] / "exporter"
SCRIPT = EXPORTER / "copy_chunks.py"
DESTINATION = "copies"
PATIENCE = 180.0
EACH = 4


class Export:
    """A run of an export with its chunks, its order, and a job run for each try."""

    def __init__(self, storage: Storage, name: str, chunks: int, tolerated: int = 100) -> None:
        self.storage, self.name, self.chunks = storage, name, chunks
        self.modules = shutil.make_archive(str(Path(storage._folder, "modules")), "zip", EXPORTER / "modules")
        self.s3 = storage._client("s3")
        self.root = f"{name}/_branchline/exports/000001-abc/"
        self.order = f"{self.root}spark/{name}-1.json"
        for chunk in range(chunks):
            keys = [f"day={chunk}/part-{number}" for number in range(EACH)]
            for key in keys:
                self.s3.put_object(Bucket=BUCKET, Key=f"lake/{name}/{key}", Body=f"{name} {key}".encode())
            sources = [{"address": f"s3://{BUCKET}/lake/{name}/{key}", "sizeBytes": 9, "checksum": key} for key in keys]
            copies = [{"key": key, "source": source} for key, source in zip(keys, sources)]
            self.put(f"{self.root}todo/{chunk:06d}.json", {"copies": copies})
        said = {"export": name, "run": "000001-abc", "prefix": f"{name}/", "toleratedFailurePercent": tolerated}
        self.put(self.order, said)

    def put(self, key: str, content: Any) -> None:
        self.s3.put_object(Bucket=DESTINATION, Key=key, Body=json.dumps(content).encode())

    def below(self, prefix: str) -> Dict[str, Any]:
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=DESTINATION, Prefix=prefix)
        return {each["Key"]: each["LastModified"] for page in pages for each in page.get("Contents", [])}

    def parts(self) -> Dict[str, Any]:
        return self.below(f"{self.root}part-")

    def todo(self) -> int:
        return len(self.below(f"{self.root}todo/"))

    def copies(self) -> Dict[str, str]:
        keys = [key for key in self.below(f"{self.name}/") if not key.startswith(f"{self.name}/_branchline/")]
        read = {key: self.s3.get_object(Bucket=DESTINATION, Key=key)["Body"].read().decode() for key in keys}
        return {key[len(self.name) + 1 :]: content for key, content in read.items()}

    def whole(self) -> Dict[str, str]:
        keys = [f"day={chunk}/part-{number}" for chunk in range(self.chunks) for number in range(EACH)]
        return {key: f"{self.name} {key}" for key in keys}

    def begin(self) -> subprocess.Popen[str]:
        submit = Path(sys.executable).with_name("spark-submit")
        given = ["--execution", f"{self.name}-1", "--order", f"s3://{DESTINATION}/{self.order}", "--region", "us-east-1"]
        return subprocess.Popen(  # noqa: S603
            [
                str(submit),
                "--master",
                "local[2]",
                "--conf",
                "spark.ui.enabled=false",
                "--py-files",
                self.modules,
                str(SCRIPT),
                "--JOB_NAME",
                "x",
                *given,
            ],
            env={
                **os.environ,
                "AWS_ENDPOINT_URL": self.storage.endpoint,
                "AWS_ACCESS_KEY_ID": "test",
                "AWS_SECRET_ACCESS_KEY": "test",
                "PYSPARK_PYTHON": sys.executable,
                "PYSPARK_DRIVER_PYTHON": sys.executable,
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            # With all that it starts it can be killed.
            start_new_session=True,
        )

    def run(self) -> Tuple[int, str]:
        process = self.begin()
        said, _ = process.communicate(timeout=PATIENCE)
        return process.returncode, said


def until(process: subprocess.Popen[str], holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert process.poll() is None, process.communicate()[0]
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.fixture(scope="module")
def storage() -> Iterator[Storage]:
    made = Storage()
    made._client("s3").create_bucket(Bucket=DESTINATION)
    yield made
    made.close()


def test_every_chunk_is_copied_by_tasks_of_spark(storage: Storage) -> None:
    export = Export(storage, "plain", 6)
    code, said = export.run()
    assert code == 0, said
    assert f"'copied': 6, 'already-copied': 0, 'left': 0, 'stopped': 0, 'objects': {6 * EACH}" in said
    assert export.copies() == export.whole()
    assert len(export.parts()) == 6
    assert export.todo() == 0


def test_killed_in_the_middle_it_is_begun_again_for_what_is_left(storage: Storage) -> None:
    export = Export(storage, "killed", 120)
    process = export.begin()
    until(process, lambda: len(export.parts()) >= 5)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    done, left = export.parts(), export.todo()
    assert 0 < left < 120
    code, said = export.run()
    assert code == 0, said
    assert export.copies() == export.whole()
    after = export.parts()
    assert len(after) == 120
    # What was done was not done again; a chunk whose removal was lost may have been.
    again = [part for part, at in done.items() if after[part] != at]
    assert len(again) <= 2, again


def test_where_more_fail_than_is_tolerated_no_further_chunks_are_begun(storage: Storage) -> None:
    export = Export(storage, "fails", 60, tolerated=5)
    sources = [{"Key": f"lake/fails/day={chunk}/part-{number}"} for chunk in range(60) for number in range(EACH)]
    export.s3.delete_objects(Bucket=BUCKET, Delete={"Objects": sources})
    code, said = export.run()
    assert code != 0
    assert "LeftBehind: 60 of 60 chunks were left" in said, said[-2000:]
    begun = len(export.below(f"{export.root}left/"))
    assert 3 < begun < 60
    assert export.todo() == 60


def test_without_its_order_it_comes_to_an_end(storage: Storage) -> None:
    export = Export(storage, "withdrawn", 120)
    process = export.begin()
    until(process, lambda: len(export.parts()) >= 3)
    export.s3.delete_object(Bucket=DESTINATION, Key=export.order)
    said, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode != 0
    assert "of 120 chunks were left" in said, said[-2000:]
    assert 0 < export.todo() < 120
    whole = export.whole()
    assert all(whole[key] == content for key, content in export.copies().items())
