"""The wheel that the deployment makes without Python is a wheel, and the one that Python makes."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Dict

import pytest

from build_wheel import build

PROJECT = Path(__file__).parents[2]
NODE = PROJECT / "node_modules" / ".bin" / "node"


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if not NODE.exists():
        pytest.skip("needs `npm ci`")
    command = [str(NODE), "lib/constructs/wheel.ts", str(tmp_path_factory.mktemp("wheel"))]
    made = subprocess.run(command, cwd=PROJECT, check=True, capture_output=True, text=True)  # noqa: S603
    return Path(made.stdout.strip())


def members(wheel: Path) -> Dict[str, bytes]:
    with zipfile.ZipFile(wheel) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


def test_both_hold_the_same_package_under_the_same_name(deployed: Path, tmp_path: Path) -> None:
    built = build(tmp_path)
    assert deployed.name == built.name
    ours, theirs = members(deployed), members(built)
    package = [name for name in theirs if name.startswith("branchline/")]
    assert {name: ours[name] for name in package} == {name: theirs[name] for name in package}
    assert {name for name in ours if name.startswith("branchline/")} == set(package)


def test_pip_installs_it_and_it_imports(deployed: Path, tmp_path: Path) -> None:
    options = ["--quiet", "--no-index", "--no-deps", "--disable-pip-version-check", "--target", str(tmp_path)]
    subprocess.run([sys.executable, "-m", "pip", "install", *options, str(deployed)], check=True)  # noqa: S603
    say = "import branchline, importlib.metadata as m; print(branchline.__file__, m.version('branchline'), branchline.begin)"
    ran = subprocess.run(  # noqa: S603
        [sys.executable, "-S", "-c", say],
        env={"PYTHONPATH": str(tmp_path)},
        cwd=tmp_path,
        check=True,
        capture_output=True,
        text=True,
    )
    assert str(tmp_path) in ran.stdout
    assert f" {deployed.name.split('-')[1]} " in ran.stdout
