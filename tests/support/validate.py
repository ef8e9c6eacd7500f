"""Validates each line of files against a JSON Schema: validate.py SCHEMA FILE...

The schema allows fields that it does not know, for a later trapline may have them. Here every field has to be described."""

import json
import sys

from jsonschema import Draft202012Validator


def parts(schema):
    """All schemas within a schema."""
    yield schema
    for value in schema.values():
        for part in value if isinstance(value, list) else [value]:
            if isinstance(part, dict):
                yield from parts(part)


def strict(schema):
    """The same schema, but for fields that it does not describe. What others are composed of leaves that to them.

    Values within values are values, which the schema leaves out because many generators of code do not cope with it."""
    within = {"$ref": "#/$defs/value"}
    for choice in schema.get("$defs", {}).get("value", {}).get("oneOf", []):
        choice.update({"array": {"items": within}, "object": {"additionalProperties": within}}.get(choice["type"], {}))
    composed = {
        part["$ref"] for whole in parts(schema) for part in whole.get("allOf", []) if isinstance(part, dict) and "$ref" in part
    }
    composed = [schema["$defs"][ref.rsplit("/", 1)[1]] for ref in composed]
    for part in list(parts(schema)):
        described = isinstance(part.get("properties"), dict) and part.get("type") == "object"
        if described and "additionalProperties" not in part and not any(part is base for base in composed):
            part["unevaluatedProperties"] = False
    return schema


with open(sys.argv[1]) as file:
    schema = json.load(file)
Draft202012Validator.check_schema(schema)
as_it_is = Draft202012Validator(schema)
strict(schema)
validators = {}
for branch in schema.get("oneOf", []):
    kind = branch["$ref"].rsplit("/", 1)[1]
    # A record is held against its own branch, for errors that say more than "none fits".
    validators[kind] = Draft202012Validator({**branch, "$defs": schema["$defs"]})
whole = Draft202012Validator(schema)
lines = failures = 0
for name in sys.argv[2:]:
    with open(name, encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            lines += 1
            record = json.loads(line)
            for error in validators.get(record["type"], whole).iter_errors(record):
                failures += 1
                print(f"{name}:{number}: {error.json_path}: {error.message[:300]}\n  {line[:600]}")
            if number % 100 == 1 and not as_it_is.is_valid(record):
                failures += 1
                print(f"{name}:{number}: not a record\n  {line[:600]}")
if failures or not lines:
    sys.exit(f"{failures} errors in {lines} lines")
