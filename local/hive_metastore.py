"""A Hive metastore whose tables are those of Glue's catalog: what ``--enable-glue-datacatalog`` gives a Spark job on AWS.

AWS's own client of the catalog is in no registry. So Spark, which speaks the metastore's protocol as it is, is given a server of
that protocol which asks Glue at every call and keeps nothing. It knows the calls by which Spark reads; it changes nothing.

Says its port in a line of standard output. Ends when standard input does.
"""

from __future__ import annotations

import os
import sys
import threading
from typing import Any, Dict, List

import boto3
from pymetastore.hive_metastore import ThriftHiveMetastore, ttypes
from thrift.protocol.TBinaryProtocol import TBinaryProtocolFactory
from thrift.server.TServer import TThreadedServer
from thrift.transport.TSocket import TServerSocket
from thrift.transport.TTransport import TBufferedTransportFactory

LOOPBACK = "127.0.0.1"
#: Spark wants it to be there.
DEFAULT = "default"
Described = Dict[str, Any]


def columns_of(found: List[Described]) -> List[Any]:
    return [ttypes.FieldSchema(column["Name"], column.get("Type", ""), column.get("Comment")) for column in found]


def storage_of(found: Described) -> Any:
    serde = found.get("SerdeInfo", {})
    return ttypes.StorageDescriptor(
        cols=columns_of(found.get("Columns", [])),
        location=found.get("Location"),
        inputFormat=found.get("InputFormat"),
        outputFormat=found.get("OutputFormat"),
        compressed=found.get("Compressed", False),
        numBuckets=found.get("NumberOfBuckets", -1),
        serdeInfo=ttypes.SerDeInfo(serde.get("Name"), serde.get("SerializationLibrary"), serde.get("Parameters", {})),
        bucketCols=found.get("BucketColumns", []),
        sortCols=[],
        parameters=found.get("Parameters", {}),
        storedAsSubDirectories=False,
    )


def table_of(found: Described) -> Any:
    return ttypes.Table(
        tableName=found["Name"],
        dbName=found["DatabaseName"],
        owner=found.get("Owner", ""),
        createTime=0,
        lastAccessTime=0,
        retention=0,
        sd=storage_of(found["StorageDescriptor"]),
        partitionKeys=columns_of(found.get("PartitionKeys", [])),
        parameters=found.get("Parameters", {}),
        tableType=found.get("TableType"),
    )


class GlueMetastore:
    """The handler of the server: methods are named as the protocol names its calls."""

    def __init__(self, glue: Any) -> None:
        self._glue = glue

    def set_ugi(self, user_name: str, group_names: List[str]) -> List[str]:
        return [user_name]

    def get_config_value(self, name: str, defaultValue: str) -> str:  # noqa: N803
        return defaultValue

    def get_all_functions(self) -> Any:
        return ttypes.GetAllFunctionsResponse(functions=[])

    def get_database(self, name: str) -> Any:
        if name != DEFAULT:
            try:
                self._glue.get_database(Name=name)
            except self._glue.exceptions.EntityNotFoundException as error:
                raise ttypes.NoSuchObjectException(name) from error
        return ttypes.Database(name=name, description="", locationUri=f"file:/nowhere/{name}", parameters={})

    def get_table(self, dbname: str, tbl_name: str) -> Any:
        try:
            found = self._glue.get_table(DatabaseName=dbname, Name=tbl_name)["Table"]
        except self._glue.exceptions.EntityNotFoundException as error:
            raise ttypes.NoSuchObjectException(f"{dbname}.{tbl_name}") from error
        return table_of({"DatabaseName": dbname, **found})

    def get_table_req(self, req: Any) -> Any:
        return ttypes.GetTableResult(table=self.get_table(req.dbName, req.tblName))

    def get_partitions(self, db_name: str, tbl_name: str, max_parts: int) -> List[Any]:
        pages = self._glue.get_paginator("get_partitions").paginate(DatabaseName=db_name, TableName=tbl_name)
        return [
            ttypes.Partition(
                values=found["Values"],
                dbName=db_name,
                tableName=tbl_name,
                createTime=0,
                lastAccessTime=0,
                sd=storage_of(found["StorageDescriptor"]),
                parameters=found.get("Parameters", {}),
            )
            for page in pages
            for found in page["Partitions"]
        ]

    def get_partitions_with_auth(self, db_name: str, tbl_name: str, max_parts: int, *_: Any) -> List[Any]:
        return self.get_partitions(db_name, tbl_name, max_parts)

    def get_partitions_by_filter(self, db_name: str, tbl_name: str, filter: str, max_parts: int) -> List[Any]:  # noqa: A002
        """All of them: Spark applies the filter to what it gets, once more."""
        return self.get_partitions(db_name, tbl_name, max_parts)


def main() -> None:
    transport = TServerSocket(LOOPBACK, 0)
    transport.listen()
    processor = ThriftHiveMetastore.Processor(
        GlueMetastore(boto3.client("glue", endpoint_url=os.environ["AWS_ENDPOINT_URL"]))
    )
    server = TThreadedServer(processor, transport, TBufferedTransportFactory(), TBinaryProtocolFactory(), daemon=True)
    # It listens already.
    transport.listen = lambda: None
    threading.Thread(target=server.serve, daemon=True).start()
    print(transport.handle.getsockname()[1], flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
