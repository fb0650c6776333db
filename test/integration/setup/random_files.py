"""
Writes random Parquet files of every type that an Iceberg table shows, extremes included, and what stands in them. Arguments: a folder and a seed.
Prints a list of [table, path below the table, file]; `rows.pickle` holds table → (path, rows).

`types` has a column for each type and nested ones; `by_<type>` is partitioned by a value of that type, null included.
"""
import datetime
import decimal
import json
import os
import pickle
import random
import sys
import urllib.parse

import pyarrow
import pyarrow.parquet

folder, seed = sys.argv[1], int(sys.argv[2])
dice = random.Random(seed)
FILES = 24
ROWS = 12
EPOCH = datetime.datetime(1970, 1, 1)
WORDS = ["", "a", "Zebra", "zebra", "a long text that goes on", "a long text that goes on and on", "é" * 20, "\U0010ffff" * 20, "\uffff" * 17, "日本" * 9]


def near(least, most):
    """Around a centre that each file has for itself, so that files can be told apart by their bounds."""
    centre = dice.randint(least, most)
    reach = max(1, (most - least) // 20)

    def value():
        if dice.random() < 0.02:
            return dice.choice([least, most])
        return min(most, max(least, centre + dice.randint(-reach, reach)))

    return value


def texts():
    beginning = dice.choice("aémz\U0001f600") * dice.choice([1, 15, 16, 17])
    return lambda: dice.choice(WORDS) if dice.random() < 0.1 else beginning + str(dice.randint(0, 99))


def some_bytes():
    beginning = dice.choice([b"\x00", b"\x7f", b"\x80", b"\xff"]) * dice.choice([1, 15, 16, 17])
    return lambda: beginning + bytes([dice.randint(0, 255)])


def decimals(digits, scale):
    least, most = -(10**digits) + 1, 10**digits - 1
    of = near(least, most)
    return lambda: decimal.Decimal(of()).scaleb(-scale, decimal.Context(prec=digits))


def moments(unit):
    of = near(-62_000_000_000, 200_000_000_000)
    part = {"ms": 1000, "us": 1}[unit]
    return lambda: EPOCH + datetime.timedelta(seconds=of(), microseconds=dice.randrange(0, 1_000_000, part))


def zoned(of):
    return lambda: of().replace(tzinfo=datetime.timezone.utc)


def floats(kind):
    centre = dice.choice([-1e30, -1.5, 0.0, 2.5, 1e30])

    def value():
        odd = dice.random()
        if odd < 0.05:
            return float("nan")
        if odd < 0.1:
            return dice.choice([0.0, -0.0, float("inf"), float("-inf")])
        return pyarrow.scalar(centre + abs(centre) * dice.random() / 10, kind).as_py()

    return value


FLOAT, DOUBLE = pyarrow.float32(), pyarrow.float64()
# Column → its type in the file, and what makes values around a centre.
TYPES = {
    "a_boolean": (pyarrow.bool_(), lambda: dice.choice([lambda: True, lambda: False, lambda: dice.random() < 0.5])),
    "a_byte": (pyarrow.int8(), lambda: near(-128, 127)),
    "an_int": (pyarrow.int32(), lambda: near(-(2**31), 2**31 - 1)),
    "a_long": (pyarrow.int64(), lambda: near(-(2**63), 2**63 - 1)),
    "a_float": (FLOAT, lambda: floats(FLOAT)),
    "a_double": (DOUBLE, lambda: floats(DOUBLE)),
    "a_text": (pyarrow.string(), texts),
    "a_binary": (pyarrow.binary(), some_bytes),
    "a_date": (pyarrow.date32(), lambda: (lambda of: lambda: EPOCH.date() + datetime.timedelta(days=of()))(near(-700_000, 2_000_000))),
    "in_milliseconds": (pyarrow.timestamp("ms"), lambda: moments("ms")),
    "in_microseconds": (pyarrow.timestamp("us"), lambda: moments("us")),
    "in_utc": (pyarrow.timestamp("us", "UTC"), lambda: zoned(moments("us"))),
    "in_utc_milliseconds": (pyarrow.timestamp("ms", "UTC"), lambda: zoned(moments("ms"))),
    "few_digits": (pyarrow.decimal128(5, 2), lambda: decimals(5, 2)),
    "more_digits": (pyarrow.decimal128(18, 6), lambda: decimals(18, 6)),
    "most_digits": (pyarrow.decimal128(38, 10), lambda: decimals(38, 10)),
}
NESTED = pyarrow.struct([("Number", pyarrow.int32()), ("Deeper", pyarrow.struct([("Text", pyarrow.string())]))])
LISTED = pyarrow.list_(pyarrow.struct([("Number", pyarrow.int64())]))
MAPPED = pyarrow.map_(pyarrow.string(), pyarrow.float64())


def maybe(of, chance=0.2):
    return lambda: None if dice.random() < chance else of()


def write(name, columns, rows, whole_digits):
    schema = pyarrow.schema(list(columns.items()))
    data = [pyarrow.array([row[column] for row in rows], kind) for column, kind in columns.items()]
    path = os.path.join(folder, name)
    # Few rows in a group, so that a file has several; decimals as numbers, or as bytes.
    pyarrow.parquet.write_table(
        pyarrow.table(data, schema=schema), path, row_group_size=5, store_decimal_as_integer=whole_digits
    )
    return path


told = []
rows_of = {}


def tell(table, path, columns, rows, partition):
    told.append([table, path, write(f"{len(told)}.parquet", columns, rows, len(told) % 2 == 0)])
    rows_of.setdefault(table, []).append((path, [{**row, **partition} for row in rows]))


for number in range(FILES):
    makers = {name: maybe(lambda: None, 1) if dice.random() < 0.05 else maybe(make()) for name, (_, make) in TYPES.items()}
    number_of, text_of = near(-1000, 1000), texts()
    rows = []
    for at in range(dice.randint(1, ROWS)):
        row = {"id": number * 100 + at, **{name: make() for name, make in makers.items()}}
        row["Nested"] = maybe(lambda: {"Number": maybe(number_of)(), "Deeper": maybe(lambda: {"Text": maybe(text_of)()})()})()
        row["Listed"] = maybe(lambda: [{"Number": dice.randint(0, 9)} for _ in range(dice.randint(0, 3))])()
        row["Mapped"] = maybe(lambda: [(f"k{at}", dice.random())])()
        rows.append(row)
    columns = {"id": pyarrow.int64(), **{name: kind for name, (kind, _) in TYPES.items()}}
    tell("types", f"{number:02}.parquet", {**columns, "Nested": NESTED, "Listed": LISTED, "Mapped": MAPPED}, rows, {})

# Type of the partition → values, each with a text that paths have for it.
DECIMAL = decimal.Decimal
PARTITIONS = {
    "by_text": [("a b", "a b"), ("é/=%", "é/=%"), ("9", "9"), ("10", "10"), ("Zz", "Zz")],
    "by_boolean": [(True, "true"), (False, "false")],
    "by_int": [(value, str(value)) for value in (-(2**31), -1, 0, 7, 10, 2**31 - 1)] + [(9, "09")],
    "by_long": [(value, str(value)) for value in (-(2**63), -1, 0, 2**53 + 1, 2**63 - 1)],
    # pyiceberg 0.12.0 reads them through 32 bits: what has more digits it finds nowhere.
    "by_double": [(value, str(value)) for value in (-1.5, 0.0, 2.5, 2.0**100)],
    "by_decimal": [(DECIMAL(value), value) for value in ("-9999999.99", "-1.50", "0.00", "2.50", "127.00", "300.00")],
    "by_date": [(datetime.date.fromisoformat(value), value) for value in ("1969-12-31", "1970-01-01", "2026-11-30")],
    "by_moment": [
        (datetime.datetime.fromisoformat(value), value)
        for value in ("1969-12-31 23:59:59.500000", "2026-11-30 10:00:00", "2026-11-30 10:00:00.000001")
    ],
}
for table, values in PARTITIONS.items():
    for at, (value, text) in enumerate([*values, (None, "__HIVE_DEFAULT_PARTITION__")]):
        rows = [{"id": at * 10 + i} for i in range(2)]
        tell(table, f"k={urllib.parse.quote(text, safe=' -._')}/a.parquet", {"id": pyarrow.int64()}, rows, {"k": value})

with open(os.path.join(folder, "rows.pickle"), "wb") as file:
    pickle.dump(rows_of, file)
json.dump(told, sys.stdout)
