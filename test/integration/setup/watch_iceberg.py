"""Reads a table in Glue again and again with pyiceberg until standard input ends, and prints a line for each reading: its rows as text."""
import json
import os
import sys
import threading

from pyiceberg.catalog import load_catalog

database, name = sys.argv[1:]
endpoint = os.environ["AWS_ENDPOINT_URL"]
settings = {"type": "glue", "glue.endpoint": endpoint, "s3.endpoint": endpoint, "s3.region": os.environ["AWS_REGION"]}
catalog = load_catalog("glue", **settings)
ended = threading.Event()


def wait():
    sys.stdin.read()
    ended.set()


threading.Thread(target=wait, daemon=True).start()
while True:
    # The last reading begins after the end was told.
    last = ended.is_set()
    table = catalog.load_table((database, name))
    rows = table.scan().to_arrow().to_pylist()
    print(json.dumps(sorted(f"{row['dt']} {row['id']}" for row in rows)), flush=True)
    if last:
        break
