"""Prints what pyiceberg reads of states of tables whose objects lie in folders, as JSON: those of each folder and metadata file named on standard input."""
import json
import sys

from pyarrow.fs import LocalFileSystem, SubTreeFileSystem
from pyiceberg.io.pyarrow import PyArrowFileIO
from pyiceberg.table import StaticTable


class Folder(PyArrowFileIO):
    """Finds `s3://bucket/key` at `bucket/key` below the folder."""

    def _initialize_fs(self, scheme, netloc=None):
        return SubTreeFileSystem(self.properties["folder"], LocalFileSystem())

    @staticmethod
    def parse_location(location, properties=None):
        scheme, _, path = location.partition("://")
        return scheme, path.split("/")[0], path


def rows(table, **options):
    found = table.scan(**options).to_arrow().to_pylist()
    return sorted(json.dumps({k: str(v) for k, v in row.items() if v is not None}, sort_keys=True) for row in found)


def read(folder, location):
    table = StaticTable.from_metadata(location, {"py-io-impl": "__main__.Folder", "folder": folder})
    return {
        "rows": rows(table),
        # What bounds of columns and partitions leave out must hold none of these.
        "few": rows(table, row_filter="id >= 2000"),
        "history": {
            str(each.snapshot_id): rows(table, snapshot_id=each.snapshot_id)
            for each in table.snapshots()
        },
    }


if __name__ == "__main__":
    json.dump([read(*state) for state in json.load(sys.stdin)], sys.stdout)
