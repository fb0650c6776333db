"""One chunk: its objects are copied, and it becomes a part of the manifest."""

from __future__ import annotations

import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Callable, Dict, List, NamedTuple, Optional, Set, Tuple

from .destination import COPIES_AT_ONCE, Destination, client_of
from .faults import Fault
from .order import Order

#: Pauses before the further tries of a chunk. An object that is gone or forbidden is so a moment later: it has one.
PAUSES = (2.0, 6.0, 18.0)
#: How often a chunk that takes long looks whether its order still stands.
LOOK_EVERY = 30.0

NAMED = 5


class Outcome(NamedTuple):
    """Of one chunk. ``said``: why it was left."""

    #: ``copied``, ``already-copied``, ``left``, ``stopped``
    what: str
    copied: int
    said: str


class Stopped(Exception):
    """The order was withdrawn."""


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
