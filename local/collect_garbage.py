"""Stands in for lakeFS's Spark client in the local environment: its jar is in no registry, and the local Glue runs no Spark.

Arguments, key pair, lists by name, receipts and what is refused are those of the script that Glue gets on AWS
(glue/collector/collect_garbage.py). Only what the client itself does is done here, over lakeFS's API and S3, by what its
documentation says: kept is what the head of any branch shows, with what is staged there, and what commits within the
retention of their branch show; tags keep nothing; what is younger than the minimum age is left alone. It is for small lakes:
it lists everything, in one process. Its list is text, where the client's is Parquet.

Arguments beside those of the script:

  --clock_ahead_seconds  so much later than now it is for this job, so that nobody has to wait for days
"""

from __future__ import annotations

import argparse
import base64
import json
import os
import time
import urllib.parse
import urllib.request
import uuid
from datetime import datetime
from typing import Any, Dict, Iterator, List, Set

from collector import collect_garbage as script

DAY = 24 * 3600
#: Found among the arguments of the job: the local Glue gives them as environment variables without dashes.
KNOWN = ("repository", "region", "namespace", "phase", "collection", "endpoint", "secret_arn", "mark_id", "min_age")


class Lakefs:
    def __init__(self, asked: argparse.Namespace, pair: Dict[str, str]) -> None:
        words = f"{pair['lakefs.api.access_key']}:{pair['lakefs.api.secret_key']}"
        self.header = f"Basic {base64.b64encode(words.encode()).decode()}"
        self.base = f"{asked.endpoint.rstrip('/')}/api/v1/repositories/{urllib.parse.quote(asked.repository)}"

    def get(self, path: str, **query: Any) -> Any:
        url = f"{self.base}{path}?{urllib.parse.urlencode(query)}"
        request = urllib.request.Request(url, headers={"Authorization": self.header})
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)

    def pages(self, path: str) -> Iterator[Any]:
        after = ""
        while True:
            page = self.get(path, amount=1000, after=after)
            yield from page["results"]
            if not page["pagination"]["has_more"]:
                return
            after = page["pagination"]["next_offset"]

    def objects(self, ref: str) -> Iterator[str]:
        listing = f"/refs/{urllib.parse.quote(ref, safe='')}/objects/ls"
        for each in self.pages(listing):
            if each["path_type"] == "object":
                yield each["physical_address"]


class InPlace:
    """What lakeFS's client does, for a lake that one process can list."""

    def __init__(self, namespace: script.Namespace, ahead: int) -> None:
        self.namespace = namespace
        self.now = time.time() + ahead

    def collect(self, asked: argparse.Namespace, pair: Dict[str, str]) -> None:
        if asked.phase == script.SWEEP:
            self.sweep(asked.mark_id)
        else:
            self.mark(asked, Lakefs(asked, pair))

    def kept(self, lakefs: Lakefs) -> Set[str]:
        rules = lakefs.get("/settings/gc_rules")
        days = {each["branch_id"]: each["retention_days"] for each in rules.get("branches") or []}
        kept: Set[str] = set()
        seen: Set[str] = set()
        for branch in lakefs.pages("/branches"):
            kept.update(lakefs.objects(branch["id"]))
            oldest = self.now - DAY * days.get(branch["id"], rules["default_retention_days"])
            for number, commit in enumerate(lakefs.pages(f"/refs/{urllib.parse.quote(branch['id'], safe='')}/commits")):
                if number > 0 and commit["creation_date"] < oldest:
                    break
                if commit["id"] not in seen:
                    kept.update(lakefs.objects(commit["id"]))
                    seen.add(commit["id"])
        return kept

    def mark(self, asked: argparse.Namespace, lakefs: Lakefs) -> None:
        # What is written while the refs are looked at is younger than the minimum age.
        kept = self.kept(lakefs)
        s3, bucket, root = self.namespace.s3, self.namespace.bucket, self.namespace.root
        lines: List[str] = []
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=f"{root}data/"):
            for each in page.get("Contents", []):
                written: datetime = each["LastModified"]
                is_young = self.now - written.timestamp() < asked.min_age
                if not is_young and f"s3://{bucket}/{each['Key']}" not in kept:
                    lines.append(each["Key"][len(root) :])
        body = "".join(f"{line}\n" for line in lines).encode()
        s3.put_object(Bucket=bucket, Key=f"{root}{script.LISTS}{uuid.uuid4().hex}/deleted", Body=body)

    def read_list(self, mark_id: str) -> List[str]:
        key = f"{self.namespace.root}{script.LISTS}{mark_id}/deleted"
        body: bytes = self.namespace.s3.get_object(Bucket=self.namespace.bucket, Key=key)["Body"].read()
        return body.decode().splitlines()

    def sweep(self, mark_id: str) -> None:
        for line in self.read_list(mark_id):
            self.namespace.s3.delete_object(Bucket=self.namespace.bucket, Key=f"{self.namespace.root}{line}")

    def write_list(self, asked: argparse.Namespace, namespace: script.Namespace, mark_id: str) -> int:
        lines = self.read_list(mark_id)
        key = f"{namespace.root}{script.RECEIPTS}{asked.collection}/marked/part-00000"
        namespace.s3.put_object(Bucket=namespace.bucket, Key=key, Body="".join(f"{line}\n" for line in lines).encode())
        return len(lines)


def main() -> None:
    given = dict(os.environ)
    words = [word for name in KNOWN if name in given for word in (f"--{name}", given[name])]
    asked = script.read_arguments(words)
    namespace = script.Namespace(asked)
    script.run(asked, InPlace(namespace, int(given.get("clock_ahead_seconds", "0"))), namespace)


if __name__ == "__main__":
    main()
