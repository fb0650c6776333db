"""
Asks pyiceberg and DuckDB for what stands in tables whose objects lie in a folder, by many conditions, and holds the answers against the rows that
were written (`rows.pickle` of random_files.py). Arguments: the folder, the pickle, a seed. Standard input: table → metadata file.

Prints for each table the rows that differ, the conditions whose answers differ, and for each column how many files pyiceberg left out.
"""
import datetime
import json
import pickle
import random
import sys

import pyarrow
import pyarrow.parquet
from pyiceberg.expressions import (
    EqualTo,
    GreaterThan,
    GreaterThanOrEqual,
    In,
    IsNull,
    LessThan,
    LessThanOrEqual,
    NotEqualTo,
    NotNull,
    StartsWith,
)
from pyiceberg.table import StaticTable
from read_metadata_duckdb import connect

folder, pickled, seed = sys.argv[1], sys.argv[2], int(sys.argv[3])
dice = random.Random(seed)
VALUES_OF_A_COLUMN = 5


def plain(value):
    """The same for both sides: points in time in UTC without a zone, names in lower case."""
    if isinstance(value, datetime.datetime) and value.tzinfo is not None:
        return value.astimezone(datetime.timezone.utc).replace(tzinfo=None)
    if value == []:
        # pyiceberg 0.12.0 reads a list that is null as an empty one.
        return None
    if isinstance(value, dict):
        return {key.lower(): plain(each) for key, each in value.items()}
    if isinstance(value, list):
        return [plain(each) for each in value]
    return tuple(plain(each) for each in value) if isinstance(value, tuple) else value


def leaves(row):
    for name, value in row.items():
        if name == "nested":
            yield "nested.number", None if value is None else value["number"]
            yield "nested.deeper.text", None if value is None or value["deeper"] is None else value["deeper"]["text"]
        elif name not in ("listed", "mapped", "id"):
            yield name, value


def is_number(value):
    return value is not None and value == value


CONDITIONS = {
    "<": (LessThan, lambda value, bound: value < bound),
    "<=": (LessThanOrEqual, lambda value, bound: value <= bound),
    ">": (GreaterThan, lambda value, bound: value > bound),
    ">=": (GreaterThanOrEqual, lambda value, bound: value >= bound),
    "==": (EqualTo, lambda value, bound: value == bound),
    "!=": (NotEqualTo, lambda value, bound: value != bound),
    "in": (lambda name, bound: In(name, {bound}), lambda value, bound: value == bound),
}


def literal(value, is_zoned):
    if is_zoned and isinstance(value, datetime.datetime):
        return value.replace(tzinfo=datetime.timezone.utc)
    return value


def conditions(name, values, is_zoned):
    """(words, expression, which values fit)."""
    yield f"{name} is null", IsNull(name), lambda value: value is None
    yield f"{name} is not null", NotNull(name), lambda value: value is not None
    known = [value for value in values if is_number(value)]
    for bound in dice.sample(known, min(len(known), VALUES_OF_A_COLUMN)):
        for sign, (make, fits) in CONDITIONS.items():
            test = lambda value, fits=fits, bound=bound: is_number(value) and fits(value, bound)
            yield f"{name} {sign} {bound!r}", make(name, literal(bound, is_zoned)), test
        if isinstance(bound, str) and bound != "":
            beginning = bound[: dice.randint(1, len(bound))]
            test = lambda value, beginning=beginning: value is not None and value.startswith(beginning)
            yield f"{name} begins with {beginning!r}", StartsWith(name, beginning), test


def ask_pyiceberg(table, files):
    lost, skipped = [], {}
    every = {each.file.file_path for each in table.scan().plan_files()}
    columns = {name: [] for rows in files.values() for row in rows for name, _ in leaves(row)}
    for name, values in columns.items():
        for rows in files.values():
            values.extend(value for row in rows for of, value in leaves(row) if of == name)
    kinds = {name: str(table.schema().find_type(name)) for name in columns}
    for name, values in columns.items():
        skipped[name] = 0
        for words, expression, fits in conditions(name, values, kinds[name] == "timestamptz"):
            planned = {each.file.file_path for each in table.scan(row_filter=expression).plan_files()}
            skipped[name] += len(every - planned)
            wanted = {at for at, rows in files.items() if any(fits(dict(leaves(row))[name]) for row in rows)}
            lost.extend(f"{words}: {at}" for at in sorted(wanted - planned))
    return lost, skipped


def ask_duckdb(location):
    """The same conditions on the table, and on a copy of all its rows, of which nothing can be left out."""
    connection = connect(folder)
    connection.sql(f"CREATE OR REPLACE TABLE whole AS SELECT * FROM iceberg_scan('{location}')")
    scalars = [
        (name, kind)
        for name, kind, *_ in connection.sql("DESCRIBE whole").fetchall()
        if name != "id" and not kind.startswith(("STRUCT", "MAP")) and not kind.endswith("[]")
    ]
    wrong = []
    for name, kind in scalars:
        values = [value for (value,) in connection.sql(f"SELECT DISTINCT CAST({name} AS VARCHAR) FROM whole WHERE {name} IS NOT NULL").fetchall()]
        tests = [(f"{name} IS NULL", [])]
        # Above all others for DuckDB, of no place in bounds for Iceberg.
        but = f" AND NOT isnan({name})" if kind in ("FLOAT", "DOUBLE") else ""
        for bound in dice.sample(values, min(len(values), VALUES_OF_A_COLUMN // 2)):
            tests.extend((f"{name} {sign} CAST(? AS {kind}){but}", [bound]) for sign in ("<", ">=", "="))
        for where, bound in tests:
            ids = [
                [each for (each,) in connection.execute(f"SELECT id FROM {scan} WHERE {where} ORDER BY id", bound).fetchall()]
                for scan in (f"iceberg_scan('{location}')", "whole")
            ]
            if ids[0] != ids[1]:
                wrong.append(f"{where} {bound}: {ids}")
    return wrong


def differences(written, read):
    """By id and column, as text: no number equals one that is none."""
    texts = [{row["id"]: {name: repr(value) for name, value in plain(row).items()} for row in rows} for rows in (written, read)]
    if [len(of) for of in texts] != [len(written), len(read)]:
        yield "a row is there twice"
    for at in texts[0].keys() | texts[1].keys():
        before, after = (of.get(at, {}) for of in texts)
        for name in before.keys() | after.keys():
            if before.get(name) != after.get(name):
                yield f"{name} of {at}: {before.get(name)} became {after.get(name)}"


def judge(location, written):
    table = StaticTable.from_metadata(location, {"py-io-impl": "read_metadata.Folder", "folder": folder})
    by_id = {row["id"]: row for _, rows in written for row in rows}
    read = table.scan().to_arrow().to_pylist()
    # Which file holds which rows: by reading each of them.
    files = {}
    for task in table.scan().plan_files():
        opened = table.io.new_input(task.file.file_path).open()
        files[task.file.file_path] = [plain(by_id[each]) for each in ids_in(opened)]
    lost, skipped = ask_pyiceberg(table, files)
    return {
        "rows": len(read),
        "differ": [*differences(list(by_id.values()), read)][:10],
        "lost": lost[:10],
        "skipped": skipped,
        "duckdb": ask_duckdb(location)[:10],
    }


def ids_in(opened):
    return pyarrow.parquet.read_table(pyarrow.BufferReader(opened.read()), columns=["id"])["id"].to_pylist()


with open(pickled, "rb") as file:
    rows_of = pickle.load(file)
json.dump({name: judge(at, rows_of[name]) for name, at in json.load(sys.stdin).items()}, sys.stdout)
