"""Validates each line of files against a JSON Schema: validate.py SCHEMA FILE..."""

import json
import sys

from jsonschema import Draft202012Validator

with open(sys.argv[1]) as file:
    schema = json.load(file)
Draft202012Validator.check_schema(schema)
validators = {}
for branch in schema["oneOf"]:
    kind = branch["$ref"].rsplit("/", 1)[1]
    # A record is held against its own branch, for errors that say more than "none fits".
    validators[kind] = Draft202012Validator({**branch, "$defs": schema["$defs"]})
lines = failures = 0
for name in sys.argv[2:]:
    with open(name, encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            lines += 1
            record = json.loads(line)
            for error in validators[record["type"]].iter_errors(record):
                failures += 1
                print(f"{name}:{number}: {error.json_path}: {error.message[:300]}\n  {line[:600]}")
if failures or not lines:
    sys.exit(f"{failures} errors in {lines} lines")
