from __future__ import annotations

import hashlib
import zipfile
from pathlib import Path

from build_wheel import build, normalise


def test_the_wheel_holds_the_package_alone(tmp_path: Path) -> None:
    wheel = build(tmp_path)
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    assert wheel.name == "branchline-0.1.0-py3-none-any.whl"
    assert "branchline/_begin.py" in names
    assert "branchline/py.typed" in names
    assert {name.split("/")[0] for name in names} == {"branchline", "branchline-0.1.0.dist-info"}


def test_times_and_order_do_not_show(tmp_path: Path) -> None:
    seen = set()
    for year, order in ((2020, ("a", "b")), (2026, ("b", "a"))):
        made = tmp_path / f"{year}.zip"
        with zipfile.ZipFile(made, "w") as archive:
            for name in order:
                archive.writestr(zipfile.ZipInfo(name, (year, 1, 1, 0, 0, 0)), name)
        seen.add(hashlib.sha256(normalise(made, tmp_path / f"{year}.whl").read_bytes()).hexdigest())
    assert len(seen) == 1
