"""A checkpoint leaves out what the control plane does: test/unit/domain/leftovers.test.ts reads the same file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Dict, List

import pytest

from branchline.leftovers import leftover_of, prefixes_of

VECTORS: List[Dict[str, Any]] = json.loads(
    (Path(__file__).parents[2] / "test" / "fixtures" / "leftovers.json").read_text(encoding="utf-8")
)


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: repr(vector["path"]))
def test_the_rule_is_the_control_planes(vector: Dict[str, Any]) -> None:
    assert leftover_of(vector["path"]) == vector["leftover"]


def test_each_prefix_comes_once() -> None:
    paths = ["t/_temporary/0/b", "t/a", "_branchline/keep", "t/_temporary/0/a"]
    assert prefixes_of(paths) == ["_branchline/", "t/_temporary/"]
