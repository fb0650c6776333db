"""
pyiceberg's ways to replace partitions of a table by files that are there, timed one command at a time: JSON lines in and out.

`overwrite`: its overwriting snapshot, told which entries go and come. It is given how many rows the files have.
`add_files`: a deletion by partition and `add_files`, which reads the files' footers, in one transaction.
"""
import io
import json
import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import boto3
import pyarrow
import pyarrow.parquet
from pyiceberg.catalog import load_catalog
from pyiceberg.expressions import AlwaysTrue, In
from pyiceberg.manifest import DataFile, DataFileContent, FileFormat
from pyiceberg.partitioning import PartitionField, PartitionSpec
from pyiceberg.schema import Schema
from pyiceberg.transforms import IdentityTransform
from pyiceberg.typedef import Record
from pyiceberg.types import LongType, NestedField, StringType

BUCKET = "bench-pyiceberg"
FILES = 2
ROWS = 2
PER_MANIFEST = 100
PARTITION_FIELD = 3

measured = os.environ["AWS_ENDPOINT_URL"]
plain = os.environ["PLAIN_ENDPOINT"]
region = os.environ["AWS_REGION"]
s3 = boto3.client("s3", endpoint_url=plain)
s3.create_bucket(Bucket=BUCKET)


def catalog_at(endpoint):
    where = {"glue.endpoint": endpoint, "s3.endpoint": endpoint, "s3.region": region, "glue.region": region}
    return load_catalog("glue", type="glue", warehouse=f"s3://{BUCKET}/warehouse", **where)


quick = catalog_at(plain)
quick.create_namespace("pyiceberg")
schema = Schema(
    NestedField(1, "id", LongType(), required=False),
    NestedField(2, "v", StringType(), required=False),
    NestedField(PARTITION_FIELD, "dt", StringType(), required=False),
)
spec = PartitionSpec(PartitionField(source_id=PARTITION_FIELD, field_id=1000, transform=IdentityTransform(), name="dt"))
mapping = json.dumps([{"field-id": field.field_id, "names": [field.name]} for field in schema.fields])
catalog = catalog_at(measured)
entries = {}
generation = 0


def value(partition):
    return f"{partition:05d}"


def key(partition, file):
    return f"data/{generation}/{value(partition)}-{file}"


def content(partition):
    rows = {"id": [partition, partition + 1], "v": ["v", None], "dt": [value(partition)] * ROWS}
    buffer = io.BytesIO()
    pyarrow.parquet.write_table(pyarrow.table(rows), buffer)
    return buffer.getvalue()


def entry(partition, file, size):
    made = DataFile.from_args(
        content=DataFileContent.DATA,
        file_path=f"s3://{BUCKET}/{key(partition, file)}",
        file_format=FileFormat.PARQUET,
        partition=Record(value(partition)),
        record_count=ROWS,
        file_size_in_bytes=size,
        # Without them a deletion by partition opens the files.
        value_counts={PARTITION_FIELD: ROWS},
        null_value_counts={PARTITION_FIELD: 0},
        lower_bounds={PARTITION_FIELD: value(partition).encode()},
        upper_bounds={PARTITION_FIELD: value(partition).encode()},
    )
    made.spec_id = 0
    return made


def set_up(partitions):
    size = len(content(0))
    for partition in range(partitions):
        entries[partition] = [entry(partition, file, size) for file in range(FILES)]
    for name in ("overwrite", "add_files"):
        table = quick.create_table(
            ("pyiceberg", name), schema, partition_spec=spec, properties={"schema.name-mapping.default": mapping}
        )
        for at in range(0, partitions, PER_MANIFEST):
            with table.transaction() as transaction, transaction.update_snapshot().fast_append() as append:
                for partition in range(at, min(at + PER_MANIFEST, partitions)):
                    for each in entries[partition]:
                        append.append_data_file(each)
    return {}


def flip(way, partitions, whole):
    global generation
    generation += 1
    size = len(content(0))

    def put(partition):
        for file in range(FILES):
            s3.put_object(Bucket=BUCKET, Key=key(partition, file), Body=content(partition))

    # What a job has written before is there before.
    if way == "add_files":
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(put, partitions))
    fresh = {partition: [entry(partition, file, size) for file in range(FILES)] for partition in partitions}
    began = time.perf_counter()
    table = catalog.load_table(("pyiceberg", way))
    with table.transaction() as transaction:
        if way == "overwrite":
            with transaction.update_snapshot().overwrite() as overwrite:
                for partition in partitions:
                    for old in entries[partition]:
                        overwrite.delete_data_file(old)
                    for new in fresh[partition]:
                        overwrite.append_data_file(new)
        else:
            transaction.delete(AlwaysTrue() if whole else In("dt", {value(each) for each in partitions}))
            paths = [new.file_path for partition in partitions for new in fresh[partition]]
            transaction.add_files(paths, check_duplicate_files=False)
    took = time.perf_counter() - began
    if way == "overwrite":
        entries.update(fresh)
    return {"ms": took * 1000}


def total(database, name):
    snapshot = quick.load_table((database, name)).current_snapshot()
    return {"files": int(snapshot.summary.additional_properties["total-data-files"])}


commands = {"set-up": set_up, "flip": flip, "total": total}
for line in sys.stdin:
    name, *arguments = json.loads(line)
    print(json.dumps(commands[name](*arguments)), flush=True)
