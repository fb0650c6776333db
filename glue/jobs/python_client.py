"""A Python-shell job that needs no Spark: it branches, writes and commits by ``branchline`` alone.

``begin()`` makes the branch. ``commit()`` is a checkpoint on it, of use to jobs that run for many hours: it promotes
nothing. What is written after it is committed when Glue says that the job succeeded.

Arguments:

  --table   prefix in the repository; default ``rates``
  --days    how many days from 2026-11-01 on; default 3
"""

from __future__ import annotations

import argparse
import csv
import os
import sys
from datetime import date, timedelta

import branchline

RATES = {"CHF": 0.94, "GBP": 0.83, "USD": 1.08}


def main() -> None:
    parser = argparse.ArgumentParser(allow_abbrev=False)
    # The local AWS gives a Python-shell job its arguments as environment variables.
    given = os.environ
    parser.add_argument("--table", default=given.get("table", "rates"))
    parser.add_argument("--days", type=int, default=int(given.get("days", "3")))
    options = parser.parse_known_args(sys.argv[1:])[0]

    run = branchline.begin()
    for offset in range(options.days):
        day = date(2026, 11, 1) + timedelta(days=offset)
        partition = f"{options.table}/day={day}/"
        run.delete_prefix(partition)
        with run.open(f"{partition}rates.csv", "w", newline="") as file:
            lines = csv.writer(file)
            lines.writerow(["currency", "rate"])
            lines.writerows(sorted(RATES.items()))
    commit = run.commit(f"{options.days} days of {options.table}", {"days": str(options.days)})
    run.write(f"reports/{options.table}-{run.run_id}.txt", f"checkpoint {commit}\n")
    for found in run.list(f"{options.table}/"):
        print(f"{found.path} {found.size}", flush=True)


if __name__ == "__main__":
    main()
