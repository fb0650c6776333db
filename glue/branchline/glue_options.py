"""Glue's own reading of a job's arguments, where Glue's library is at hand."""

from __future__ import annotations

import logging
from typing import Dict, Sequence

log = logging.getLogger("branchline")

# Glue's parser knows these by itself and refuses to be asked for them.
_GLUES_OWN = ("JOB_NAME", "JOB_RUN_ID")


def resolved_options(argv: Sequence[str], names: Sequence[str]) -> Dict[str, str]:
    """What ``getResolvedOptions`` says of these names; nothing where there is no such function or it refuses.

    It reads the same command line as we do, so nothing is lost without it; with it, what Glue means counts.
    """
    try:
        from awsglue.utils import getResolvedOptions
    except ImportError:
        return {}
    given = {word.partition("=")[0] for word in argv}
    asked = [name for name in names if f"--{name}" in given and name not in _GLUES_OWN]
    try:
        found = getResolvedOptions(["script.py", *argv], asked)
    # It is argparse beneath, which ends the process where it does not understand.
    except (Exception, SystemExit) as error:  # noqa: BLE001
        log.debug("getResolvedOptions refused: %s", error)
        return {}
    return {name: str(found[name]) for name in names if f"--{name}" in given and found.get(name) is not None}
