"""Writes Parquet files that Arrow writes and that are not as a table expects them, into the folder named."""
import datetime
import os
import sys

import pyarrow
import pyarrow.parquet


def write(name, fields):
    """Name → (type, values), or with an id of the file's own."""
    schema = pyarrow.schema(
        [
            pyarrow.field(column, kind, metadata={b"PARQUET:field_id": str(*own).encode()} if own else None)
            for column, kind, _, *own in fields
        ]
    )
    arrays = [pyarrow.array(values, kind) for _, kind, values, *_ in fields]
    pyarrow.parquet.write_table(pyarrow.Table.from_arrays(arrays, schema=schema), os.path.join(sys.argv[1], name))


long, text = pyarrow.int64(), pyarrow.string()
nested = pyarrow.struct([("a", long), ("Z", pyarrow.list_(pyarrow.struct([("q", long)])))])
ID, V = ("id", long, [1, 2]), ("v", long, [10, 20])

write("plain", [ID, V])
write("ids-of-the-table", [(*ID, 1), (*V, 2)])
write("ids-swapped", [(*ID, 2), (*V, 1)])
write("ids-in-part", [(*ID, 1), V])
write("partition-inside", [ID, V, ("dt", text, ["other", "2026-11-01"])])
write("partition-inside-otherwise", [ID, V, ("dt", long, [1, 2])])
write(
    "more-columns",
    [
        *(ID, V),
        ("at", pyarrow.time64("us"), [datetime.time(1, 2)] * 2),
        ("Note", text, ["x", "y"]),
        ("s", nested, [{"a": 1, "Z": [{"q": 1}]}, None]),
        ("m", pyarrow.map_(text, nested), [[("k", {"a": 1, "Z": []})], None]),
    ],
)
