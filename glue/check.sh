#!/bin/sh
# Everything about the Python package in one command: tests, types, lint, format, wheel. Needs Python 3.10 or newer and, the
# first time, a package index. BRANCHLINE_PYTHON names another Python than `python3`.
set -eu
cd "$(dirname "$0")"
venv=../.local/venv-glue
stamp=$venv/requirements-dev.txt
if ! cmp -s requirements-dev.txt "$stamp"; then
  rm -rf "$venv"
  mkdir -p ../.local
  "${BRANCHLINE_PYTHON:-python3}" -m venv "$venv"
  "$venv/bin/python" -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
  cp requirements-dev.txt "$stamp"
fi
"$venv/bin/python" -m pytest tests
"$venv/bin/python" -m mypy
"$venv/bin/python" -m ruff check .
"$venv/bin/python" -m ruff format --check .
