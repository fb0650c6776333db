"""Writes the Parquet files that standard input describes, as Arrow writes them: file → [{column: type}, rows as JSON gives them]."""
import decimal
import json
import re
import sys

import pyarrow
import pyarrow.parquet


def type_of(name):
    digits = re.fullmatch(r"decimal\((\d+),(\d+)\)", name)
    return getattr(pyarrow, name)() if digits is None else pyarrow.decimal128(int(digits[1]), int(digits[2]))


def value_of(kind, value):
    return decimal.Decimal(value) if value is not None and pyarrow.types.is_decimal(kind) else value


for path, (columns, rows) in json.load(sys.stdin).items():
    schema = pyarrow.schema([(name, type_of(kind)) for name, kind in columns.items()])
    data = [pyarrow.array([value_of(kind, row.get(name)) for row in rows], kind) for name, kind in zip(schema.names, schema.types)]
    pyarrow.parquet.write_table(pyarrow.table(data, schema=schema), path)
