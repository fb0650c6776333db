"""Prints what pyiceberg reads of a table in Glue, as JSON: its rows as text, now and at each snapshot, and its summary."""
import json
import os
import sys

from pyiceberg.catalog import load_catalog

database, name = sys.argv[1:]
endpoint = os.environ["AWS_ENDPOINT_URL"]
region = os.environ["AWS_REGION"]
settings = {"type": "glue", "glue.endpoint": endpoint, "s3.endpoint": endpoint, "s3.region": region}
catalog = load_catalog("glue", **settings)
table = catalog.load_table((database, name))


def rows(**options):
    return sorted(
        [" ".join(str(row[column]) for column in sorted(row)) for row in table.scan(**options).to_arrow().to_pylist()]
    )


snapshot = table.current_snapshot()
json.dump(
    {
        "rows": rows(),
        # By what a reader asks for: only files that may hold it are opened.
        "filtered": rows(row_filter="id >= 3"),
        "metadata": table.metadata_location,
        "summary": {} if snapshot is None else dict(snapshot.summary.additional_properties),
        "history": {
            each.summary.additional_properties["branchline.commit"]: rows(snapshot_id=each.snapshot_id)
            for each in table.snapshots()
        },
        "by_snapshot": {str(each.snapshot_id): rows(snapshot_id=each.snapshot_id) for each in table.snapshots()},
        "columns": [[field.name, str(field.field_type)] for field in table.schema().fields],
    },
    sys.stdout,
)
