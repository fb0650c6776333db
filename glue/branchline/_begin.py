"""``begin()``: the one line that a job needs."""

from __future__ import annotations

import logging
import threading
from typing import Any, Optional

from .arguments import read_arguments
from .opening import open_run
from .retry import Patience
from .run import Run

log = logging.getLogger("branchline")
_lock = threading.Lock()
_current: Optional[Run] = None


def begin(spark: Optional[Any] = None) -> Run:
    """The run that this job run belongs to, with its branch. Call it first; a second call returns the same run.

    :param spark: a SparkSession, SparkContext or GlueContext to configure, as ``run.configure(spark)`` does.

    :raises BranchlineError: where the run cannot be known (``InvalidArguments``), belongs to another job run
        (``ClaimRefused``), is over (``RunEnded``), or AWS or lakeFS cannot be used. The text says what to do.
    """
    global _current
    with _lock:
        if _current is None:
            arguments = read_arguments()
            opened = open_run(arguments, Patience())
            _current = Run(opened.opening, opened.client, arguments.access)
            log.info("began %r", _current)
        run = _current
    return run if spark is None else run.configure(spark)
