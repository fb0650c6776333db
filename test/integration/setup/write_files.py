"""Writes the files that its arguments name to its run branch, then ends as it is told to."""
import json
import os
import sys
import time

import branchline

# The local Glue gives a Python-shell job its arguments as environment variables without dashes.
run = branchline.begin()
for path, content in json.loads(os.environ.get("files", "{}")).items():
    run.write(path, content.encode("utf-8"))
time.sleep(float(os.environ.get("hold_seconds", "0")))
if os.environ.get("fail"):
    sys.exit("told to fail")
