"""Reads files of Airbyte messages, a message a line, and says which lines Airbyte would not accept.

    protocol_models.py FILE ...

Prints {"lines": how many there were, "faults": [what is wrong, where]}.
"""

import json
import sys
from pathlib import Path

from airbyte_protocol.models import AirbyteMessage

PAYLOADS = {
    "RECORD": "record",
    "STATE": "state",
    "LOG": "log",
    "SPEC": "spec",
    "CONNECTION_STATUS": "connectionStatus",
    "CATALOG": "catalog",
    "TRACE": "trace",
    "CONTROL": "control",
}

STATE = {"type": "STREAM", "stream": {"stream_descriptor": {"name": "s"}, "stream_state": {}}}

# Lines that must not pass: if one did, nothing would be proven by those that do.
WRONG = [
    "not JSON",
    "[]",
    '{"type":"record","record":{"stream":"s","data":{},"emitted_at":1}}',
    '{"type":"RECORD"}',
    '{"type":"RECORD","record":{"stream":"s","data":{"a":1},"emitted_at":"today"}}',
    '{"type":"RECORD","record":{"stream":"s","data":{"a":1}}}',
    '{"type":"RECORD","record":{"stream":"s","data":{},"emitted_at":1}}',
    '{"type":"RECORD","record":{"stream":"s","data":{"a":"\\ud83d"},"emitted_at":1}}',
    '{"type":"LOG","log":{"level":"LOUD","message":"m"}}',
    '{"type":"STATE","state":{"data":{}}}',
    '{"type":"STATE","state":{"type":"LEGACY","data":{}}}',
    '{"type":"STATE","state":{"type":"STREAM"}}',
    json.dumps({"type": "STATE", "state": STATE}),
    json.dumps({"type": "STATE", "state": {**STATE, "id": 1, "sourceStats": {"recordCount": 0}}}),
]


def payload_faults(kind: str, payload: dict) -> list[str]:
    """What the models let through although the platform does not: it throws, drops the line, or loses count."""
    if kind == "RECORD" and not payload.get("data"):
        return ["a record without data"]
    if kind != "STATE":
        return []
    faults = []
    if payload.get("type") != "STREAM" or "stream" not in payload:
        faults.append("a state that is not one of a stream")
    if "id" in payload:
        faults.append("a state with an id, which is the platform's to give")
    if not isinstance((payload.get("sourceStats") or {}).get("recordCount"), (int, float)):
        faults.append("a state that does not count its records")
    return faults


def line_faults(line: str) -> list[str]:
    try:
        message = json.loads(line)
        message_type = AirbyteMessage.parse_obj(message).type.value
        # Half a surrogate pair is JSON, but no text: destinations drop such a record.
        json.dumps(message, ensure_ascii=False).encode("utf-8")
    except Exception as error:
        return [f"{type(error).__name__}: {error}"]
    payload = message.get(PAYLOADS.get(message_type, ""))
    if not isinstance(payload, dict):
        return ["a message without what its type says"]
    return payload_faults(message_type, payload)


def main(paths: list[str]) -> None:
    faults = [f"accepted although wrong: {line}" for line in WRONG if not line_faults(line)]
    count = 0
    for path in paths:
        for line in Path(path).read_text(encoding="utf-8").removesuffix("\n").split("\n"):
            count += 1
            found = line_faults(line)
            faults += [f"{Path(path).name}: {fault}: {line[:300]}" for fault in found]
    print(json.dumps({"lines": count, "faults": faults}))


main(sys.argv[1:])
