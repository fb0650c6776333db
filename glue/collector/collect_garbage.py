"""One step of lakeFS's garbage collection, as a Glue job: marks what nothing needs, or deletes what an earlier mark listed.

The work is done by lakeFS's own Spark client, whose jar is among the job's. This script only gives it what it wants to know,
and keeps lakeFS's key pair out of arguments, logs and templates: it is read from Secrets Manager and put into the Hadoop
configuration of the running session. Names of settings: lakeFS documentation, "Garbage collection".

A mark finds a name for its list by itself (tried: it refuses one that is given); what it was called, and that a step ran to
its end, stands in a receipt that is written last. Where there is none nothing was done, whatever Glue says of the job run.

Arguments, all given by Branchline:

  --repository    of lakeFS
  --region        of its bucket
  --namespace     ``s3://bucket/path`` of the repository
  --phase         ``mark`` or ``sweep``
  --collection    Branchline's name for what this is a step of; names the receipt
  --mark_id       of the list that a sweep is to work off
  --min_age       seconds: uncommitted objects that are younger are left alone. Never below lakeFS's own 24 hours
  --endpoint      of lakeFS, without ``/api/v1``
  --secret_arn    of the secret with lakeFS's key pair
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
from typing import Any, Dict, List, Optional, Set

CLIENT = ("io", "treeverse", "gc", "GarbageCollection")
#: lakeFS's default: what is staged is at risk only when it is older.
LEAST_AGE = 24 * 3600
MARK, SWEEP = "mark", "sweep"
KEYS = {"access_key_id": "lakefs.api.access_key", "secret_access_key": "lakefs.api.secret_key"}


#: Where the client leaves its lists, below the namespace.
LISTS = "_lakefs/retention/gc/unified/"
RECEIPTS = "_lakefs/retention/branchline/"


class Refused(Exception):
    """Nothing was begun."""


def read_arguments(words: List[str]) -> argparse.Namespace:
    """Glue adds arguments of its own: what is unknown is passed over."""
    parser = argparse.ArgumentParser(allow_abbrev=False)
    for name in ("repository", "region", "namespace", "phase", "collection", "endpoint", "secret_arn"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--mark_id", default="")
    parser.add_argument("--min_age", type=int, default=LEAST_AGE)
    known, _ = parser.parse_known_args(words)
    if known.phase not in (MARK, SWEEP):
        raise Refused(f"--phase is {known.phase!r}, expected {MARK} or {SWEEP}")
    if known.min_age < LEAST_AGE:
        raise Refused(f"--min_age is {known.min_age}, expected {LEAST_AGE} or more: below it lakeFS deletes live files")
    if not re.fullmatch(r"[A-Za-z0-9-]{8,100}", known.collection):
        raise Refused(f"--collection is {known.collection!r}, expected 8 to 100 letters, digits and -")
    if (known.phase == SWEEP) != (known.mark_id != ""):
        raise Refused("--mark_id belongs to a sweep, and a sweep needs it")
    return known


def settings_of(asked: argparse.Namespace) -> Dict[str, str]:
    """What the client reads from the Hadoop configuration, but for the key pair."""
    return {
        # Else parents of what is written would be deleted, which this role may not.
        "fs.s3a.directory.marker.retention": "keep",
        "lakefs.api.url": f"{asked.endpoint.rstrip('/')}/api/v1",
        "lakefs.gc.do_mark": "true" if asked.phase == MARK else "false",
        "lakefs.gc.do_sweep": "true" if asked.phase == SWEEP else "false",
        **({"lakefs.gc.mark_id": asked.mark_id} if asked.phase == SWEEP else {}),
        # Only ever raised.
        **({} if asked.min_age == LEAST_AGE else {"lakefs.debug.gc.uncommitted_min_age_seconds": str(asked.min_age)}),
    }


def aws_client(service: str, region: str) -> Any:
    import boto3

    return boto3.client(service, region_name=region, endpoint_url=os.environ.get("AWS_ENDPOINT_URL"))


def read_key_pair(secret_arn: str, region: str) -> Dict[str, str]:
    secret = aws_client("secretsmanager", region).get_secret_value(SecretId=secret_arn)
    pair = json.loads(secret["SecretString"])
    missing = [name for name in KEYS if not isinstance(pair.get(name), str)]
    if missing:
        raise Refused(f"the secret {secret_arn} has no {' and no '.join(missing)}")
    return {setting: pair[name] for name, setting in KEYS.items()}


class Namespace:
    """The few things that lie beside the data."""

    def __init__(self, asked: argparse.Namespace) -> None:
        self.s3 = aws_client("s3", asked.region)
        self.bucket, _, path = asked.namespace.partition("://")[2].partition("/")
        self.root = f"{path.rstrip('/')}/" if path else ""

    def lists(self) -> Set[str]:
        """Names of the lists that marks have left."""
        prefix = f"{self.root}{LISTS}"
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=prefix, Delimiter="/")
        found = [each["Prefix"] for page in pages for each in page.get("CommonPrefixes", [])]
        return {name[len(prefix) :].rstrip("/") for name in found}

    def address(self, below: str) -> str:
        return f"s3a://{self.bucket}/{self.root}{below}"

    def write_receipt(self, asked: argparse.Namespace, mark_id: str, objects: Optional[int]) -> None:
        body = json.dumps(
            {
                "collection": asked.collection,
                "phase": asked.phase,
                "mark_id": mark_id,
                **({} if objects is None else {"objects": objects}),
            }
        )
        key = f"{self.root}{RECEIPTS}{asked.collection}-{asked.phase}.json"
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=body.encode(), ContentType="application/json")


def client_of(jvm: Any) -> Any:
    found = jvm
    for name in CLIENT:
        found = getattr(found, name)
    # py4j takes what it does not find for a package.
    if type(found).__name__ == "JavaPackage":
        raise Refused(f"no class {'.'.join(CLIENT)}: garbageCollection.clientJar has to name lakeFS's client, assembled")
    return found


class OnSpark:
    """lakeFS's client, in the session that Glue gives."""

    def __init__(self, spark: Any) -> None:
        self.spark = spark

    def collect(self, asked: argparse.Namespace, pair: Dict[str, str]) -> None:
        context = self.spark.sparkContext
        client = client_of(context._jvm)
        configuration = context._jsc.hadoopConfiguration()
        for name, value in {**settings_of(asked), **pair}.items():
            configuration.set(name, value)
        words = context._gateway.new_array(context._jvm.java.lang.String, 2)
        words[0], words[1] = asked.repository, asked.region
        client.main(words)

    def write_list(self, asked: argparse.Namespace, namespace: Namespace, mark_id: str) -> int:
        """The list once more, as text: it is held against everything that refs show before anything is swept.

        :returns: how many lines it has.
        """
        marked = self.spark.read.parquet(namespace.address(f"{LISTS}{mark_id}/deleted")).select("address")
        marked.write.mode("overwrite").text(namespace.address(f"{RECEIPTS}{asked.collection}/marked"))
        return int(marked.count())


def run(asked: argparse.Namespace, engine: Any, namespace: Namespace) -> str:
    """:returns: the name of the list that was made, or worked off."""
    pair = read_key_pair(asked.secret_arn, asked.region)
    before = namespace.lists()
    if asked.phase == SWEEP and asked.mark_id not in before:
        raise Refused(f"no list {asked.mark_id} below {asked.namespace}/{LISTS}")
    engine.collect(asked, pair)
    made = sorted(namespace.lists() - before)
    if asked.phase == MARK and len(made) != 1:
        raise RuntimeError(f"the mark left {len(made)} new lists, expected one: {', '.join(made) or 'none'}")
    mark_id = made[0] if asked.phase == MARK else str(asked.mark_id)
    objects = engine.write_list(asked, namespace, mark_id) if asked.phase == MARK else None
    namespace.write_receipt(asked, mark_id, objects)
    return mark_id


def main(words: Optional[List[str]] = None) -> None:
    asked = read_arguments(sys.argv[1:] if words is None else words)
    from pyspark.sql import SparkSession

    print(f"{asked.phase} of {asked.repository} for {asked.collection}", flush=True)
    spark = SparkSession.builder.appName(f"branchline-{asked.phase}").getOrCreate()
    mark_id = run(asked, OnSpark(spark), Namespace(asked))
    print(f"{asked.phase} of {asked.repository} has ended: list {mark_id}", flush=True)


if __name__ == "__main__":
    main()
