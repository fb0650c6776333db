"""As read_metadata.py, by DuckDB: what it reads of states of tables whose objects lie in folders."""
import json
import os
import sys
from functools import lru_cache

import duckdb
from duckdb_extensions import import_extension
from fsspec.implementations.dirfs import DirFileSystem
from fsspec.implementations.local import LocalFileSystem


class Folder(DirFileSystem):
    """Finds `s3://bucket/key` at `bucket/key` below the folder."""

    protocol = "s3"

    def _join(self, path):
        return super()._join(path.removeprefix("s3://")) if isinstance(path, str) else super()._join(path)


@lru_cache
def connect(folder):
    connection = duckdb.connect(config={"extension_directory": os.path.join(sys.prefix, "duckdb")})
    for extension in ("avro", "iceberg"):
        import_extension(extension, con=connection)
        connection.load_extension(extension)
    connection.register_filesystem(Folder(path=folder, fs=LocalFileSystem()))
    return connection


def rows(connection, scan, where=""):
    found = connection.sql(f"SELECT * FROM {scan} {where}")
    named = (dict(zip(found.columns, row)) for row in found.fetchall())
    return sorted(json.dumps({k: str(v) for k, v in row.items() if v is not None}, sort_keys=True) for row in named)


def read(folder, location):
    connection = connect(folder)
    with open(os.path.join(folder, location.removeprefix("s3://")), encoding="utf-8") as file:
        metadata = json.load(file)
    return {
        "rows": rows(connection, f"iceberg_scan('{location}')"),
        "few": rows(connection, f"iceberg_scan('{location}')", "WHERE id >= 2000"),
        "history": {
            str(each["snapshot-id"]): rows(
                connection, f"iceberg_scan('{location}', snapshot_from_id => {each['snapshot-id']})"
            )
            for each in metadata.get("snapshots", [])
        },
    }


if __name__ == "__main__":
    json.dump([read(*state) for state in json.load(sys.stdin)], sys.stdout)
