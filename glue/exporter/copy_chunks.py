"""Copies the chunks of a large export, as a Glue job: each task of Spark takes one chunk and does with it what a worker of
the distributed map does (`lambdas/usecases/copy-chunk.ts`), so that everything before and after is the same for both.

A chunk is an object below `todo/` of the run of the export. Its objects are copied inside S3: no data is read here, nor
decoded. When all are there, the part of the manifest is written, and last the chunk is removed; what could not be copied is
noted below `left/` with the reason, and the next try copies that alone. So this may die anywhere and be begun again.

The order lies in S3 beside the chunks, and says who it is for. Whoever begins another try, or gives the run up, removes it:
a job run without its order begins no further chunk, and gives up the one under way within half a minute. So nothing that
was left behind writes to a destination that somebody else writes to.

Arguments, all given by Branchline:

  --execution  Branchline's name for this try; finds the job run again
  --order      ``s3://bucket/prefix/_branchline/exports/<run>/spark/<execution>.json``
  --region     of the destination
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Callable, Dict, Iterable, Iterator, List, NamedTuple, Optional, Set, Tuple

#: S3 answers a copy within tens of milliseconds. As many as a worker of the map has, for each core.
COPIES_AT_ONCE = 32
#: Source: S3 API, CopyObject: up to 5 GB in one call; UploadPartCopy: parts of 5 MB to 5 GB, at most 10,000.
MAX_COPY = 5 * 1024**3
PART = 512 * 1024**2
PARTS_AT_ONCE = 8
COPY_TIMEOUT = 180
#: Each call is tried so often, by botocore: throttling, answers of 500 and more, and connections that broke.
CALL_TRIES = 5
#: Pauses before the further tries of a chunk. An object that is gone or forbidden is so a moment later: it has one.
PAUSES = (2.0, 6.0, 18.0)
#: How often a chunk that takes long looks whether its order still stands.
LOOK_EVERY = 30.0

CHECKSUM = "branchline-checksum"
NAMED = 5
#: Titles of the catalog of errors.
TITLE = {
    "BL4001": "AWS call failed",
    "BL4002": "AWS access denied",
    "BL9003": "objects could not be copied",
    "BL9004": "export is not whole",
}
DENIED = {"AccessDenied", "AccessDeniedException", "403", "ExpiredToken", "InvalidAccessKeyId", "SignatureDoesNotMatch"}
GONE = {"NoSuchKey", "404", "NotFound"}


class Refused(Exception):
    """Nothing was begun."""


class LeftBehind(Exception):
    """Chunks are still to be copied; they lie where they lay."""


class Fault(Exception):
    """Of the catalog. ``is_own``: of one object alone, the others can go on."""

    def __init__(self, code: str, message: str, *, is_own: bool = False) -> None:
        super().__init__(f"{code} {TITLE[code]}: {message}")
        self.is_own = is_own


class Order(NamedTuple):
    """What is to be done, as Branchline wrote it down."""

    execution: str
    region: str
    export: str
    run: str
    bucket: str
    #: Of the destination; empty, or with a slash at its end.
    prefix: str
    tolerated_failure_percent: int
    kms_key_arn: Optional[str]
    storage_class: Optional[str]

    def key(self, below: str) -> str:
        return f"{self.prefix}_branchline/exports/{self.run}/{below}"

    @property
    def own(self) -> str:
        """Keys of the order, and of the word that no further chunk is to be begun, begin so."""
        return self.key(f"spark/{self.execution}.")


class Outcome(NamedTuple):
    """Of one chunk. ``said``: why it was left."""

    #: ``copied``, ``already-copied``, ``left``, ``stopped``
    what: str
    copied: int
    said: str


def read_arguments(words: List[str]) -> argparse.Namespace:
    """Glue adds arguments of its own: what is unknown is passed over."""
    parser = argparse.ArgumentParser(allow_abbrev=False)
    for name in ("execution", "order", "region"):
        parser.add_argument(f"--{name}", required=True)
    known, _ = parser.parse_known_args(words)
    if not re.fullmatch(r"s3://[^/]+/.+\.json", known.order):
        raise Refused(f"--order is {known.order!r}, expected s3://bucket/….json")
    return known


def client_of(region: str) -> Any:
    import boto3
    from botocore.config import Config

    endpoint = os.environ.get("AWS_ENDPOINT_URL")
    # A task was sent here with all that it calls: only what is imported outlives it. A client takes a quarter of a second.
    made: Dict[Tuple[str, Optional[str]], Any] = vars(boto3).setdefault("branchline_clients", {})
    if (region, endpoint) in made:
        return made[region, endpoint]
    config = Config(
        retries={"mode": "standard", "max_attempts": CALL_TRIES},
        max_pool_connections=COPIES_AT_ONCE + PARTS_AT_ONCE,
        connect_timeout=10,
        read_timeout=COPY_TIMEOUT,
        # A local endpoint has no DNS for the names of buckets.
        **({} if endpoint is None else {"s3": {"addressing_style": "path"}}),
    )
    made[region, endpoint] = boto3.client("s3", region_name=region, endpoint_url=endpoint, config=config)
    return made[region, endpoint]


def code_of(error: BaseException) -> str:
    response = getattr(error, "response", None)
    said = response.get("Error", {}).get("Code", "") if isinstance(response, dict) else ""
    return str(said) or type(error).__name__


def fault_of(action: str, error: Exception) -> Fault:
    code = code_of(error)
    return Fault("BL4002" if code in DENIED else "BL4001", f"{action}: {code}: {error}", is_own=code in DENIED)


def encryption(order: Order) -> Dict[str, Any]:
    """Small files of ours get this alone: they stay readable at once, whatever the class of the data."""
    if order.kms_key_arn is None:
        return {}
    return {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": order.kms_key_arn, "BucketKeyEnabled": True}


def storing(order: Order) -> Dict[str, Any]:
    return {**encryption(order), **({} if order.storage_class is None else {"StorageClass": order.storage_class})}


class Destination:
    """The few calls that a chunk takes."""

    def __init__(self, order: Order, client: Any) -> None:
        self.order = order
        self.s3 = client

    def get(self, key: str) -> Optional[bytes]:
        try:
            return bytes(self.s3.get_object(Bucket=self.order.bucket, Key=key)["Body"].read())
        except Exception as error:
            if code_of(error) in GONE:
                return None
            raise fault_of(f"s3:GetObject s3://{self.order.bucket}/{key}", error) from error

    def put(self, key: str, text: str) -> None:
        try:
            self.s3.put_object(Bucket=self.order.bucket, Key=key, Body=text.encode(), **encryption(self.order))
        except Exception as error:
            raise fault_of(f"s3:PutObject s3://{self.order.bucket}/{key}", error) from error

    def remove(self, *keys: str) -> None:
        try:
            answer = self.s3.delete_objects(
                Bucket=self.order.bucket, Delete={"Quiet": True, "Objects": [{"Key": key} for key in keys]}
            )
        except Exception as error:
            raise fault_of(f"s3:DeleteObject s3://{self.order.bucket}/{keys[0]}", error) from error
        # An answer of 200 names what was not removed.
        for each in answer.get("Errors", []):
            raise Fault("BL4001", f"s3:DeleteObject s3://{self.order.bucket}/{each.get('Key')}: {each.get('Code')}")

    def list(self, prefix: str) -> Iterator[str]:
        try:
            for page in self.s3.get_paginator("list_objects_v2").paginate(Bucket=self.order.bucket, Prefix=prefix):
                yield from (each["Key"] for each in page.get("Contents", []))
        except Exception as error:
            raise fault_of(f"s3:ListBucket s3://{self.order.bucket}/{prefix}", error) from error

    def copy(self, source: Dict[str, Any], key: str) -> None:
        """Inside S3, with the checksum that lakeFS gave the source."""
        address = str(source["address"])
        bucket, _, at = address[len("s3://") :].partition("/") if address.startswith("s3://") else ("", "", "")
        if not bucket or not at:
            raise Fault("BL9003", f"{address} does not lie in S3", is_own=True)
        place = {"Bucket": self.order.bucket, "Key": key}
        made = {**place, "Metadata": {CHECKSUM: str(source["checksum"])}, **storing(self.order)}
        origin = {"Bucket": bucket, "Key": at}
        try:
            if source["sizeBytes"] > MAX_COPY:
                self._copy_in_parts(origin, int(source["sizeBytes"]), place, made)
            else:
                self.s3.copy_object(CopySource=origin, MetadataDirective="REPLACE", **made)
        except Exception as error:
            if code_of(error) in GONE:
                raise Fault("BL9003", f"{address} is not there", is_own=True) from error
            raise fault_of(f"s3:PutObject s3://{self.order.bucket}/{key}", error) from error

    def _copy_in_parts(self, origin: Dict[str, str], size: int, place: Dict[str, str], made: Dict[str, Any]) -> None:
        upload = {**place, "UploadId": self.s3.create_multipart_upload(**made)["UploadId"]}

        def part(index: int) -> Dict[str, Any]:
            last = min(size, (index + 1) * PART) - 1
            answer = self.s3.upload_part_copy(
                CopySource=origin, CopySourceRange=f"bytes={index * PART}-{last}", PartNumber=index + 1, **upload
            )
            return {"PartNumber": index + 1, "ETag": answer["CopyPartResult"]["ETag"]}

        try:
            with ThreadPoolExecutor(PARTS_AT_ONCE) as pool:
                parts = list(pool.map(part, range(-(-size // PART))))
            self.s3.complete_multipart_upload(MultipartUpload={"Parts": parts}, **upload)
        except Exception:
            # Parts that nobody completes would be paid for until the bucket's lifecycle rule takes them.
            try:
                self.s3.abort_multipart_upload(**upload)
            except Exception as lost:  # noqa: BLE001
                print(f"an upload was left behind at {place['Key']}: {lost}", file=sys.stderr, flush=True)
            raise


def read_order(asked: argparse.Namespace, client: Any) -> Order:
    bucket, _, key = asked.order[len("s3://") :].partition("/")
    blank = Order(asked.execution, asked.region, "", "", bucket, "", 0, None, None)
    text = Destination(blank, client).get(key)
    if text is None:
        raise Refused(f"{asked.order} is not there: the export needs this job run no more")
    said = json.loads(text)
    order = blank._replace(
        export=str(said["export"]),
        run=str(said["run"]),
        prefix=str(said["prefix"]),
        tolerated_failure_percent=int(said["toleratedFailurePercent"]),
        kms_key_arn=said.get("kmsKeyArn"),
        storage_class=said.get("storageClass"),
    )
    if key != f"{order.own}json":
        raise Refused(f"--order is {asked.order!r}, expected s3://{bucket}/{order.own}json")
    return order


class Standing:
    """Whether the order is there, and whether another chunk may be begun."""

    def __init__(self, destination: Destination) -> None:
        self.destination = destination
        self.looked = 0.0
        self.there: Set[str] = set()
        self.lock = threading.Lock()

    def look(self, older_than: float = 0.0) -> None:
        with self.lock:
            now = time.monotonic()
            if self.looked and now - self.looked < older_than:
                return
            own = self.destination.order.own
            self.there = {key[len(own) :] for key in self.destination.list(own)}
            self.looked = now

    @property
    def may_begin(self) -> bool:
        self.look()
        return self.there == {"json"}

    @property
    def may_go_on(self) -> bool:
        self.look(older_than=LOOK_EVERY)
        return "json" in self.there


def as_json(value: Any) -> str:
    """To the byte as the map's workers write it."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def write_part(destination: Destination, part: str, copies: List[Dict[str, Any]]) -> None:
    order = destination.order

    def uri(key: str) -> str:
        return f"s3://{order.bucket}/{order.prefix}{key}"

    entries = [
        {"url": uri(key), "mandatory": True, "meta": {"content_length": source["sizeBytes"]}}
        for key, source in ((each["key"], each["source"]) for each in copies)
        if source["sizeBytes"] > 0
    ]
    destination.put(order.key(f"redshift-{part}.manifest"), as_json({"entries": entries}))
    lines = [
        as_json(
            {
                "key": each["key"],
                "url": uri(each["key"]),
                "sizeBytes": each["source"]["sizeBytes"],
                "checksum": each["source"]["checksum"],
            }
        )
        for each in copies
    ]
    # Last: where it lies the chunk is done.
    destination.put(order.key(f"part-{part}.jsonl"), "\n".join(lines) + "\n")


class Stopped(Exception):
    """The order was withdrawn."""


def copy_all(
    destination: Destination, copies: List[Dict[str, Any]], standing: Standing
) -> Tuple[List[Dict[str, str]], Optional[Fault]]:
    """:returns: what is not there yet, and what kept all others from being tried."""
    faults: List[Fault] = []

    def one(copy: Dict[str, Any]) -> Optional[Dict[str, str]]:
        if faults:
            return {"key": copy["key"], "reason": "it was not tried"}
        try:
            if not standing.may_go_on:
                raise Stopped
            destination.copy(copy["source"], f"{destination.order.prefix}{copy['key']}")
        except Fault as fault:
            # One object that is gone or refused must not keep the others; a bucket that is away is tried again as a whole.
            if not fault.is_own:
                faults.append(fault)
            return {"key": copy["key"], "reason": str(fault)}
        return None

    with ThreadPoolExecutor(COPIES_AT_ONCE) as pool:
        left = [each for each in pool.map(one, copies) if each is not None]
    return left, faults[0] if faults else None


def copy_chunk(destination: Destination, key: str, standing: Standing) -> Outcome:
    """One try. :raises Fault: after noting what is left."""
    order = destination.order
    part = key[len(order.key("todo/")) : -len(".json")]
    todo = destination.get(key)
    if todo is None:
        if destination.get(order.key(f"part-{part}.jsonl")) is not None:
            return Outcome("already-copied", 0, "")
        raise Fault("BL9004", f"s3://{order.bucket}/{key} is not there, nor the part it should become")
    copies: List[Dict[str, Any]] = json.loads(todo)["copies"]
    noted = destination.get(order.key(f"left/{part}.json"))
    still = None if noted is None else {each["key"] for each in json.loads(noted)["left"]}
    wanted = copies if still is None else [each for each in copies if each["key"] in still]
    left, fault = copy_all(destination, wanted, standing)
    if left:
        destination.put(order.key(f"left/{part}.json"), as_json({"left": left}))
        if fault is not None:
            raise fault
        named = "; ".join(f"{each['key']} ({each['reason']})" for each in left[:NAMED])
        raise Fault("BL9003", f"{len(left)} of {len(copies)} objects could not be copied: {named}", is_own=True)
    write_part(destination, part, copies)
    destination.remove(key, order.key(f"left/{part}.json"))
    return Outcome("copied", len(wanted), "")


def work(
    order: Order, key: str, client: Callable[[str], Any] = client_of, pause: Callable[[float], None] = time.sleep
) -> Outcome:
    """What a task of Spark does: it never fails for what one chunk says, or Spark would end the job for all."""
    destination = Destination(order, client(order.region))
    standing = Standing(destination)
    for tries in range(len(PAUSES) + 1):
        try:
            if not standing.may_begin:
                return Outcome("stopped", 0, "")
            return copy_chunk(destination, key, standing)
        except Stopped:
            return Outcome("stopped", 0, "")
        except Fault as fault:
            if tries == len(PAUSES) or (fault.is_own and tries > 0):
                return Outcome("left", 0, str(fault))
        pause(PAUSES[tries])
    raise AssertionError("the last try returns")


def chunks_of(destination: Destination) -> List[str]:
    folder = destination.order.key("todo/")
    return [key for key in destination.list(folder) if re.fullmatch(r"\d{6,}\.json", key[len(folder) :])]


def watch(destination: Destination, failed: Callable[[], int], total: int, ended: threading.Event) -> None:
    """Says that no further chunk is to be begun where more have failed than is tolerated."""
    order = destination.order
    while not ended.wait(1.0):
        if failed() * 100 > order.tolerated_failure_percent * total:
            destination.put(f"{order.own}stop", "")
            return


def run(context: Any, asked: argparse.Namespace, client: Callable[[str], Any] = client_of) -> Dict[str, int]:
    """:raises LeftBehind: where chunks are still to be copied."""
    order = read_order(asked, client(asked.region))
    destination = Destination(order, client(asked.region))
    destination.remove(f"{order.own}stop")
    keys = chunks_of(destination)
    print(f"{len(keys)} chunks of run {order.run} of export {order.export}", flush=True)
    failed = context.accumulator(0)

    def task(key: str) -> Tuple[str, int, str]:
        what, copied, said = work(order, key, client)
        if what == "left":
            failed.add(1)
        # Plain: executors know none of the classes of this script by name.
        return (what, copied, said)

    ended = threading.Event()
    watcher = threading.Thread(target=watch, args=(destination, lambda: failed.value, len(keys), ended), daemon=True)
    watcher.start()
    try:
        # A task for each: they take as long as their objects are large.
        outcomes = context.parallelize(keys, len(keys)).map(task).collect() if keys else []
    finally:
        ended.set()
        watcher.join()
    told = tell(Outcome(*each) for each in outcomes)
    print(f"{told}", flush=True)
    return told


def tell(outcomes: Iterable[Outcome]) -> Dict[str, int]:
    told = {"copied": 0, "already-copied": 0, "left": 0, "stopped": 0, "objects": 0}
    said: List[str] = []
    for outcome in outcomes:
        told[outcome.what] += 1
        told["objects"] += outcome.copied
        if outcome.said and len(said) < NAMED:
            said.append(outcome.said)
    missing = told["left"] + told["stopped"]
    if missing:
        total = sum(told.values()) - told["objects"]
        why = f"; such as {said[0]}" if said else "; the order was withdrawn"
        raise LeftBehind(f"{missing} of {total} chunks were left, {told['stopped']} of them not begun{why}")
    return told


def main(words: Optional[List[str]] = None) -> None:
    asked = read_arguments(sys.argv[1:] if words is None else words)
    from pyspark.sql import SparkSession

    session = SparkSession.builder.appName(f"branchline-export-{asked.execution}").getOrCreate()
    run(session.sparkContext, asked)


if __name__ == "__main__":
    main()
