from __future__ import annotations

import importlib.util
import json
import os
import shutil
import sys
import types
import uuid
from pathlib import Path
from typing import Any, Iterator, List

import pytest
from fake_aws import FakeAws

from branchline.spark import ACCESS_MODES, S3A

from .lake import Lake

JARS = Path(__file__).parents[2] / ".local" / "spark-jars"


#: What Spark does there is nothing of lakeFS, nor does it read S3 itself.
WITHOUT_LAKEFS = "test_export_chunks"


def missing(module: str) -> List[str]:
    """What the tests of this module lack here."""
    binary = os.environ.get("LAKEFS_BIN", "")
    wanted = [
        ("pyspark", importlib.util.find_spec("pyspark") is not None),
        ("ministack", importlib.util.find_spec("ministack") is not None),
        ("Java", shutil.which("java") is not None),
    ]
    if module != WITHOUT_LAKEFS:
        wanted += [
            ("a lakeFS server in LAKEFS_BIN", os.access(binary, os.X_OK)),
            ("the jars of glue/spark_tests/pom.xml", any(JARS.glob("hadoop-aws-*.jar"))),
        ]
    return [what for what, is_there in wanted if not is_there]


def pytest_collection_modifyitems(items: List[pytest.Item]) -> None:
    for item in items:
        lacking = missing(item.path.stem)
        if lacking:
            item.add_marker(pytest.mark.skip(reason=f"not here: {', '.join(lacking)}"))


def jars() -> List[str]:
    given = os.environ.get("HADOOP_LAKEFS_JAR")
    return [str(jar) for jar in sorted(JARS.glob("*.jar"))] + ([given] if given else [])


@pytest.fixture(scope="session")
def lake() -> Iterator[Lake]:
    server = Lake(os.environ["LAKEFS_BIN"])
    fake = FakeAws(server.endpoint, server.head())
    fake.make_branch = lambda name: server.make_branch(name, fake.base_commit)
    fake.secret = json.dumps({"access_key_id": server.access_key_id, "secret_access_key": server.secret_access_key})
    boto3, botocore, config = types.ModuleType("boto3"), types.ModuleType("botocore"), types.ModuleType("botocore.config")
    boto3.client = fake.client  # type: ignore[attr-defined]
    config.Config = lambda **options: options  # type: ignore[attr-defined]
    patch = pytest.MonkeyPatch()
    for module in (boto3, botocore, config):
        patch.setitem(sys.modules, module.__name__, module)
    server.aws = fake
    yield server
    patch.undo()
    server.close()


@pytest.fixture(scope="session")
def event_log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("events")


@pytest.fixture(scope="session")
def metastore(lake: Lake) -> Iterator[str]:
    """Spark's catalog is Glue's, as ``--enable-glue-datacatalog`` makes it on AWS."""
    process = lake.storage.start_metastore()
    assert process.stdout is not None
    yield f"thrift://127.0.0.1:{int(process.stdout.readline())}"
    process.communicate()


@pytest.fixture(scope="session")
def spark(lake: Lake, metastore: str, event_log: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """As a job finds it: nothing of lakeFS in its configuration."""
    from pyspark.sql import SparkSession

    builder = (
        SparkSession.builder.master("local[2]")
        .appName("branchline")
        .config("spark.jars", ",".join(jars()))
        .config("spark.ui.enabled", "false")
        .config("spark.driver.memory", "1g")
        .config("spark.sql.shuffle.partitions", "2")
        .config("spark.sql.session.timeZone", "UTC")
        .config("spark.sql.warehouse.dir", str(tmp_path_factory.mktemp("warehouse")))
        .config("spark.sql.catalogImplementation", "hive")
        .config("spark.hadoop.hive.metastore.uris", metastore)
        .config("spark.eventLog.enabled", "true")
        .config("spark.eventLog.dir", event_log.as_uri())
    )
    for name, value in lake.storage.spark_settings.items():
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    yield session
    session.stop()


@pytest.fixture(params=ACCESS_MODES)
def access(request: pytest.FixtureRequest) -> str:
    """Each way to lakeFS that can be tried here."""
    mode = str(request.param)
    if mode != S3A and not os.environ.get("HADOOP_LAKEFS_JAR"):
        pytest.skip("lakefs:// needs lakeFS's jar: name it in HADOOP_LAKEFS_JAR")
    return mode


@pytest.fixture
def job_run_id() -> str:
    return f"jr_{uuid.uuid4().hex}"


@pytest.fixture
def table(request: pytest.FixtureRequest) -> str:
    """A table that no other test writes."""
    return f"{request.node.originalname}-{uuid.uuid4().hex[:6]}/"
