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

What is done with a chunk, and with S3, lies in `modules/`: Glue puts that on the path of driver and executors.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import threading
from typing import Any, Callable, Dict, Iterable, List, Optional, Tuple

from branchline_chunks.chunk import NAMED, Outcome, work
from branchline_chunks.destination import Destination, client_of
from branchline_chunks.order import Order


class Refused(Exception):
    """Nothing was begun."""


class LeftBehind(Exception):
    """Chunks are still to be copied; they lie where they lay."""


def read_arguments(words: List[str]) -> argparse.Namespace:
    """Glue adds arguments of its own: what is unknown is passed over."""
    parser = argparse.ArgumentParser(allow_abbrev=False)
    for name in ("execution", "order", "region"):
        parser.add_argument(f"--{name}", required=True)
    known, _ = parser.parse_known_args(words)
    if not re.fullmatch(r"s3://[^/]+/.+\.json", known.order):
        raise Refused(f"--order is {known.order!r}, expected s3://bucket/….json")
    return known


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
        # Plain: what comes back from executors is read by names of theirs.
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
