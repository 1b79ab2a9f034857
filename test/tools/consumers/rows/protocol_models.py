"""Reads Airbyte messages from stdin, one per line. Prints {"lines": their number, "faults": [each with its position]}."""

import json
import sys

from airbyte_protocol.models import AirbyteMessage

# Lines that must not pass: if one did, nothing would be proven by those that do.
WRONG = [
    "not JSON",
    '{"type":"record","record":{"stream":"s","data":{},"emitted_at":1}}',
    '{"type":"RECORD","record":{"stream":"s","data":{"a":1},"emitted_at":"today"}}',
    '{"type":"RECORD","record":{"stream":"s","data":{"a":"\\ud83d"},"emitted_at":1}}',
    '{"type":"LOG","log":{"level":"LOUD","message":"m"}}',
]


def fault(line: str) -> str | None:
    try:
        message = json.loads(line)
        AirbyteMessage.parse_obj(message)
        # Half a surrogate pair is JSON, but no text: destinations drop such a record.
        json.dumps(message, ensure_ascii=False).encode("utf-8")
    except Exception as error:
        return f"{type(error).__name__}: {error}: {line[:300]}"
    return None


faults = [f"accepted although wrong: {line}" for line in WRONG if fault(line) is None]
lines = sys.stdin.read().splitlines()
faults += filter(None, map(fault, lines))
print(json.dumps({"lines": len(lines), "faults": faults}))
