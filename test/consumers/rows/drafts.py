"""Checks Singer messages on standard input by drafts 4, 7 and 2020-12 of JSON Schema; prints {"faults", "checked"}."""

import json
import sys

from jsonschema import Draft4Validator, Draft7Validator, Draft202012Validator, FormatChecker
from jsonschema.exceptions import SchemaError

DRAFTS = (Draft4Validator, Draft7Validator, Draft202012Validator)

faults = []
checked = {draft.__name__: 0 for draft in DRAFTS}
validators = {}


def compile_schema(stream, schema):
    for draft in DRAFTS:
        try:
            draft.check_schema(schema)
        except SchemaError as error:
            faults.append(f"{stream}: no schema of {draft.__name__}: {error.message}")
    validators[stream] = [draft(schema, format_checker=FormatChecker()) for draft in DRAFTS]


for line in sys.stdin:
    message = json.loads(line)
    if message["type"] == "SCHEMA":
        compile_schema(message["stream"], message["schema"])
    if message["type"] == "RECORD":
        for validator in validators[message["stream"]]:
            name = type(validator).__name__
            checked[name] += 1
            faults += [f"{message['stream']}: {name}: {error.message}" for error in validator.iter_errors(message["record"])]

json.dump({"faults": faults[:20], "checked": checked}, sys.stdout)
