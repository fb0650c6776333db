"""The reading job through Glue's catalog: what is equal passes, and a table that says something else fails the job."""

from __future__ import annotations

import uuid
from typing import Any, Dict, Iterator, List

import pytest

from branchline.spark import scheme_of

from .lake import REPOSITORY, Lake
from .test_jobs import play, report

DATABASE = "spark_tests"
PARQUET = "org.apache.hadoop.hive.ql.io.parquet"
DAYS = ["2026-11-01", "2026-11-02", "2026-11-03"]


class Kept:
    """A table for Spark as Branchline writes it to Glue."""

    def __init__(self, lake: Lake, access: str, pin: bool) -> None:
        self.lake, self.access, self.pin = lake, access, pin
        self.table = f"kept_{access}_{uuid.uuid4().hex[:6]}"
        self.name = f"{DATABASE}.{self.table}_spark"
        self._glue = lake.storage.glue

    def storage(self, ref: str, partition: str = "") -> Dict[str, Any]:
        return {
            "Columns": [
                {"Name": name, "Type": kind} for name, kind in (("id", "bigint"), ("product", "string"), ("quantity", "int"))
            ],
            "Location": f"{scheme_of(self.access)}://{REPOSITORY}/{ref}/{self.table}/{partition}",
            "InputFormat": f"{PARQUET}.MapredParquetInputFormat",
            "OutputFormat": f"{PARQUET}.MapredParquetOutputFormat",
            "SerdeInfo": {
                "SerializationLibrary": f"{PARQUET}.serde.ParquetHiveSerDe",
                "Parameters": {"serialization.format": "1"},
            },
        }

    def show(self, days: List[str], commit: str, at: str = "") -> None:
        """:param at: where the partitions lie; by default where they should."""
        ref = at or (commit if self.pin else "main")
        table = {
            "Name": f"{self.table}_spark",
            "TableType": "EXTERNAL_TABLE",
            "Parameters": {"EXTERNAL": "TRUE", "branchline.commit": commit},
            "PartitionKeys": [{"Name": "day", "Type": "string"}],
            "StorageDescriptor": self.storage(ref),
        }
        self._glue.create_table(DatabaseName=DATABASE, TableInput=table)
        self._glue.batch_create_partition(
            DatabaseName=DATABASE,
            TableName=table["Name"],
            PartitionInputList=[{"Values": [day], "StorageDescriptor": self.storage(ref, f"day={day}/")} for day in days],
        )

    def write(self, *arguments: str) -> str:
        play(self.lake, "write_table", self.access, "--table", self.table, *arguments)
        return self.lake.head()

    def read(self, patience: int = 60) -> Any:
        words = ["--table", self.table, "--spark_table", self.name, "--patience", str(patience)]
        run = play(self.lake, "read_table", self.access, *words)
        return report(self.lake, run, self.table)


@pytest.fixture(scope="module", autouse=True)
def database(lake: Lake) -> Iterator[None]:
    lake.storage.glue.create_database(DatabaseInput={"Name": DATABASE})
    yield
    lake.storage.glue.delete_database(Name=DATABASE)


@pytest.mark.usefixtures("spark")
@pytest.mark.parametrize("pin", [False, True], ids=["head", "pinned"])
def test_equal_to_the_path_to_the_last_value(lake: Lake, access: str, pin: bool) -> None:
    kept = Kept(lake, access, pin)
    commit = kept.write("--rows", "60")
    kept.show(DAYS, commit)
    read = kept.read()
    assert read["spark_table"] == {"shows": commit, "pinned": pin, **read["by_commit"]}
    assert read["by_commit"].items() >= {"rows": 180, "quantity": 30 * 6 * 5, "days": 3}.items()

    # One day anew, with more rows: locations stay. At the head they are seen, at the commit they are not.
    kept.write("--rows", "90", "--from", "2026-11-02", "--days", "1")
    later = kept.read()
    assert later["by_commit"]["rows"] == 210
    assert later["spark_table"]["shows"] == commit
    assert later["spark_table"]["content"] == (read if pin else later)["by_commit"]["content"]


@pytest.mark.usefixtures("spark")
def test_a_pinned_table_whose_partitions_are_those_of_another_commit_fails_the_job(lake: Lake, access: str) -> None:
    kept = Kept(lake, access, pin=True)
    first = kept.write("--rows", "90")
    # As many rows, of one and the same sum: it is the values that differ.
    second = kept.write("--rows", "90", "--from", "2026-11-02", "--days", "1")
    assert first != second
    kept.show(DAYS, second, at=first)
    with pytest.raises(AssertionError, match=f"says .* and the commit {second} that it shows"):
        kept.read()


@pytest.mark.usefixtures("spark")
def test_a_table_that_lacks_a_partition_fails_the_job(lake: Lake, access: str) -> None:
    kept = Kept(lake, access, pin=False)
    kept.show(DAYS[:2], kept.write("--rows", "60"))
    with pytest.raises(AssertionError, match=r"it says \{'rows': 120, .* and the target \{'rows': 180"):
        kept.read(patience=0)


@pytest.mark.usefixtures("spark")
def test_a_table_that_never_comes_fails_the_job(lake: Lake, access: str) -> None:
    kept = Kept(lake, access, pin=False)
    kept.write("--rows", "60")
    with pytest.raises(Exception, match="TABLE_OR_VIEW_NOT_FOUND"):
        kept.read(patience=0)
