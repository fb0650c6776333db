"""Writes and removes the files that its arguments name on its run branch, then ends as it is told to."""
import base64
import json
import os
import sys
import time

import branchline

# The local Glue gives a Python-shell job its arguments as environment variables without dashes.
run = branchline.begin()
for path, content in json.loads(os.environ.get("files", "{}")).items():
    run.write(path, content.encode("utf-8"))
for path, content in json.loads(os.environ.get("binary_files", "{}")).items():
    run.write(path, base64.b64decode(content))
for path in json.loads(os.environ.get("removed", "[]")):
    run.delete(path)
time.sleep(float(os.environ.get("hold_seconds", "0")))
if os.environ.get("fail"):
    sys.exit("told to fail")
