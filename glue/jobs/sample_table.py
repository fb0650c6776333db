"""A Glue job that writes a sample table: random sales as Parquet, partitioned by ``yyyy_mm_dd`` and ``hh_mm``.

Everything of Branchline in it is ``branchline.begin()`` and the paths of the run. It says nothing of committing, of
clean-up or of what happens if it dies half-way: what it wrote reaches the target as a whole, or not at all.

Runs as a Python-shell job (pyarrow comes with Glue's ``analytics`` library set). Arguments:

  --table      prefix in the repository; default ``sales``
  --from       first day, ``YYYY-MM-DD``, or ``now`` (the default): the present minute, one partition
  --days       how many days; default 1
  --hours      how many partitions a day, one an hour from midnight on; default 1
  --rows       rows in each partition, one file each; default 100
  --seed       makes the rows the same again; default: others each time
  --mode       ``overwrite`` (the default) replaces the partitions that it writes, ``append`` adds a file to them
  --die_after  raises an error after so many files
  --sleep      seconds to wait after each file; default 0
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import time
from datetime import datetime, timedelta, timezone
from typing import Iterator, List, Optional

import pyarrow as pa
import pyarrow.parquet as pq

import branchline

PRODUCTS = {"apple": 0.45, "bread": 3.20, "cheese": 7.90, "coffee": 11.50, "salt": 0.80}


def read_options(argv: List[str]) -> argparse.Namespace:
    """From the command line as on AWS; where it says nothing, from the environment, as on the local AWS."""
    parser = argparse.ArgumentParser(allow_abbrev=False)

    def option(name: str, kind: type, default: object, choices: Optional[List[str]] = None) -> None:
        value = os.environ.get(name)
        parser.add_argument(f"--{name}", type=kind, choices=choices, default=default if value is None else kind(value))

    option("table", str, "sales")
    option("from", str, "now")
    option("days", int, 1)
    option("hours", int, 1)
    option("rows", int, 100)
    option("seed", int, None)
    option("mode", str, "overwrite", ["overwrite", "append"])
    option("die_after", int, None)
    option("sleep", float, 0.0)
    # Glue has arguments of its own on the command line.
    return parser.parse_known_args(argv)[0]


def partitions(first: str, days: int, hours: int) -> Iterator[datetime]:
    """The beginning of each partition."""
    if first == "now":
        yield datetime.now(timezone.utc).replace(second=0, microsecond=0)
        return
    midnight = datetime.strptime(first, "%Y-%m-%d").replace(tzinfo=timezone.utc)
    for day in range(days):
        for hour in range(hours):
            yield midnight + timedelta(days=day, hours=hour)


def sales(start: datetime, rows: int, chance: random.Random) -> pa.Table:
    """Random sales within the hour that begins at ``start``."""
    products = [chance.choice(sorted(PRODUCTS)) for _ in range(rows)]
    quantities = [chance.randint(1, 9) for _ in range(rows)]
    return pa.table(
        {
            "sold_at": pa.array(
                [start + timedelta(seconds=chance.randrange(3600)) for _ in range(rows)], pa.timestamp("ms", "UTC")
            ),
            "product": products,
            "quantity": pa.array(quantities, pa.int32()),
            "amount": [round(PRODUCTS[product] * count, 2) for product, count in zip(products, quantities)],
        }
    )


def main() -> None:
    options = read_options(sys.argv[1:])
    run = branchline.begin()
    chance = random.Random(options.seed)  # noqa: S311 - sample data
    for count, start in enumerate(partitions(getattr(options, "from"), options.days, options.hours), 1):
        partition = f"{options.table}/yyyy_mm_dd={start:%Y-%m-%d}/hh_mm={start:%H-%M}/"
        if options.mode == "overwrite":
            run.delete_prefix(partition)
        # A name of its own for each run, as Spark does: appended files must not replace each other.
        path = f"{partition}part-{run.run_id}-{run.attempt}.parquet"
        with run.open(path, "wb") as file:
            pq.write_table(sales(start, options.rows, chance), file)
        print(f"wrote {run.uri(path)}", flush=True)
        if count == options.die_after:
            raise RuntimeError(f"told to die after {count} files")
        time.sleep(options.sleep)


if __name__ == "__main__":
    main()
