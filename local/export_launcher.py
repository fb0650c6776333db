"""Runs the Spark job of an export in the local environment: a Python-shell job in its place, that runs the job's own script.
The local Glue lets Spark jobs succeed without running them.

Arguments, beside those of the job itself (which come as environment variables without dashes):

  --spark_script   ``s3://`` address of the script
  --spark_modules  that of the zip that Glue would put on the path
  --spark_bin      folder of spark-submit; without it a stand-in for Spark hands out the tasks, to threads
"""

from __future__ import annotations

import os
import re
import runpy
import subprocess
import sys
import tempfile
import threading
import types
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Callable, List

import boto3

OF_THE_JOB = ("execution", "order", "region")
TASKS_AT_ONCE = 4


class Accumulator:
    """What tasks add, as far as it is asked for."""

    def __init__(self, value: int) -> None:
        self.value = value
        self.lock = threading.Lock()

    def add(self, more: int) -> None:
        with self.lock:
            self.value += more


class Tasks:
    def __init__(self, items: List[Any], task: Callable[[Any], Any] = lambda item: item) -> None:
        self.items, self.task = items, task

    def map(self, task: Callable[[Any], Any]) -> Tasks:
        return Tasks(self.items, task)

    def collect(self) -> List[Any]:
        with ThreadPoolExecutor(TASKS_AT_ONCE) as pool:
            return list(pool.map(self.task, self.items))


class Session:
    """As much of Spark as the script asks for: all in one."""

    def appName(self, _name: str) -> Session:  # noqa: N802
        return self

    def getOrCreate(self) -> Session:  # noqa: N802
        return self

    @property
    def sparkContext(self) -> Session:  # noqa: N802
        return self

    def accumulator(self, value: int) -> Accumulator:
        return Accumulator(value)

    def parallelize(self, items: List[Any], _slices: int) -> Tasks:
        return Tasks(items)


def run_without_spark(script: Path, modules: Path, words: List[str]) -> None:
    package, sql = types.ModuleType("pyspark"), types.ModuleType("pyspark.sql")
    sql.SparkSession = types.SimpleNamespace(builder=Session())  # type: ignore[attr-defined]
    sys.modules.update({"pyspark": package, "pyspark.sql": sql})
    sys.argv = [str(script), *words]
    sys.path.insert(0, str(modules))
    runpy.run_path(str(script), run_name="__main__")


def run_on_spark(script: Path, modules: Path, words: List[str], folder: str) -> int:
    python = str(Path(folder, "python"))
    settings = {"spark.ui.enabled": "false", "spark.log.level": "ERROR", "spark.driver.memory": "1g"}
    given = [word for name, value in settings.items() for word in ("--conf", f"{name}={value}")]
    ran = subprocess.run(  # noqa: S603
        [str(Path(folder, "spark-submit")), "--master", "local[2]", "--py-files", str(modules), *given, str(script), *words],
        env={**os.environ, "PYSPARK_PYTHON": python, "PYSPARK_DRIVER_PYTHON": python},
        # spark-submit sends what Python says to standard output, tracebacks too.
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    print(ran.stdout, flush=True)
    if ran.returncode != 0:
        # Glue tells the cause; the local one keeps the beginning of what is said.
        cause = r"[\w.]*(Error|Exception|LeftBehind|Refused)\b.*: "
        causes = [line for line in ran.stdout.splitlines() if re.match(cause, line)]
        print("\n".join([*causes[-1:], ran.stdout[-1500:]]), file=sys.stderr, flush=True)
    return ran.returncode


def main() -> int:
    given = dict(os.environ)
    words = [word for name in OF_THE_JOB for word in (f"--{name}", given[name])]
    s3 = boto3.client("s3", endpoint_url=os.environ["AWS_ENDPOINT_URL"])

    def fetch(address: str, to: Path) -> Path:
        bucket, _, key = address.partition("://")[2].partition("/")
        to.write_bytes(s3.get_object(Bucket=bucket, Key=key)["Body"].read())
        return to

    with tempfile.TemporaryDirectory(prefix="branchline-export-") as folder:
        script = fetch(given["spark_script"], Path(folder, "copy_chunks.py"))
        modules = fetch(given["spark_modules"], Path(folder, "modules.zip"))
        if given.get("spark_bin"):
            return run_on_spark(script, modules, words, given["spark_bin"])
        run_without_spark(script, modules, words)
    return 0


if __name__ == "__main__":
    sys.exit(main())
