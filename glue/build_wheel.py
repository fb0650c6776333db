"""Builds the wheel that jobs import: ``python3 glue/build_wheel.py [folder]`` (``glue/dist`` by default).

Needs setuptools alone and no network. The same sources give the same bytes, so that a deployment whose job library did not
change uploads nothing. Prints the path of the wheel.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
# Wheels are zip files, whose times begin here.
EPOCH = (1980, 1, 1, 0, 0, 0)


def build(folder: Path) -> Path:
    """:raises subprocess.CalledProcessError: with what pip printed on standard error."""
    with tempfile.TemporaryDirectory(prefix="branchline-wheel-") as scratch:
        # setuptools leaves folders beside what it builds; the checkout stays as it is.
        sources, raw = Path(scratch, "sources"), Path(scratch, "raw")
        sources.mkdir()
        for name in ("pyproject.toml", "README.md"):
            shutil.copy(HERE / name, sources / name)
        shutil.copytree(HERE / "branchline", sources / "branchline", ignore=shutil.ignore_patterns("__pycache__"))
        command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-index", "--no-build-isolation"]
        subprocess.run(  # noqa: S603
            [*command, "--wheel-dir", str(raw), str(sources)],
            check=True,
            stdout=sys.stderr,
            env={**os.environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1"},
        )
        (made,) = raw.glob("*.whl")
        folder.mkdir(parents=True, exist_ok=True)
        return normalise(made, folder / made.name)


def normalise(made: Path, to: Path) -> Path:
    """The same archive with fixed order, times and permissions."""
    with zipfile.ZipFile(made) as source, zipfile.ZipFile(to, "w", zipfile.ZIP_DEFLATED) as target:
        for name in sorted(source.namelist()):
            info = zipfile.ZipInfo(name, EPOCH)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = 0o644 << 16
            target.writestr(info, source.read(name))
    return to


if __name__ == "__main__":
    print(build(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE / "dist"))
