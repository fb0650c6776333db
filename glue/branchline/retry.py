"""Trying again: exponential back-off with full jitter, within a budget of time."""

from __future__ import annotations

import logging
import random
import time
from dataclasses import dataclass
from typing import Callable, TypeVar

log = logging.getLogger("branchline")
T = TypeVar("T")

_BASE_SECONDS = 0.1
# Throttling starts slower: whoever is asked too often is not helped by haste.
_THROTTLED_BASE_SECONDS = 0.4
_MAX_SECONDS = 8.0


class Transient(Exception):
    """A failure that another try may mend.

    :param final: what to raise when the budget is used up.
    """

    def __init__(self, final: Exception, *, throttled: bool = False) -> None:
        super().__init__(str(final))
        self.final = final
        self.throttled = throttled


@dataclass(frozen=True)
class Patience:
    """How long to try, and by which clock."""

    budget_seconds: float = 120.0
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic
    #: In [0, 1).
    random: Callable[[], float] = random.random

    def delay(self, tried: int, throttled: bool) -> float:
        """Seconds before the next try; ``tried`` is 1 after the first failure."""
        base = _THROTTLED_BASE_SECONDS if throttled else _BASE_SECONDS
        return self.random() * min(_MAX_SECONDS, base * 2.0 ** min(tried, 16))

    def within(self, seconds: float) -> Patience:
        """The same with a smaller budget."""
        return Patience(min(seconds, self.budget_seconds), self.sleep, self.clock, self.random)

    def run(self, call: Callable[[], T]) -> T:
        """Calls until it neither raises ``Transient`` nor the budget is used up.

        :raises Exception: the last failure's ``final``; everything else at once.
        """
        until = self.clock() + self.budget_seconds
        tried = 0
        while True:
            try:
                return call()
            except Transient as failure:
                tried += 1
                delay = self.delay(tried, failure.throttled)
                if self.clock() + delay > until:
                    raise failure.final from None
                log.info("try %d failed, next in %.1f s: %s", tried, delay, failure.final)
                self.sleep(delay)
