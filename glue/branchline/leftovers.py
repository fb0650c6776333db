"""What lies on a run branch and is part of nobody's table: claim objects, and the working folders of writers that died.

Twin of ``lambdas/domain/leftovers.ts``: ``test/fixtures/leftovers.json`` holds both to one rule.
"""

from __future__ import annotations

import re
from typing import Iterable, List, Optional

from .contract import CLAIM_PREFIX

_WORKING_FOLDER = re.compile(r"(?:.*?/)?(?:_temporary|\.spark-staging-[^/]+)/", re.DOTALL)


def leftover_of(path: str) -> Optional[str]:
    """The prefix that all of it lies below, up to and with its ``/``; ``None`` for what belongs to the run."""
    if path.startswith(CLAIM_PREFIX):
        return CLAIM_PREFIX
    found = _WORKING_FOLDER.match(path)
    return None if found is None else found.group(0)


def prefixes_of(paths: Iterable[str]) -> List[str]:
    """The prefixes of all leftovers among these paths, each once."""
    return sorted({prefix for prefix in map(leftover_of, paths) if prefix is not None})
