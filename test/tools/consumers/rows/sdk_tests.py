"""The Meltano SDK's own tests of a tap, on any program: its catalog stands for the streams, its records for theirs.

Takes from the environment: TAP (the program), TAP_CONFIG (its config file).
"""

import functools
import json
import os
import subprocess

from singer_sdk import Stream, Tap
from singer_sdk.testing import SuiteConfig, get_tap_test_class

program = [os.environ["TAP"], "--config", os.environ["TAP_CONFIG"]]


def run(*more: str) -> str:
    return subprocess.run([*program, *more], check=True, stdout=subprocess.PIPE, text=True).stdout


@functools.cache
def catalog() -> dict:
    return json.loads(run("--discover"))


@functools.cache
def records() -> dict[str, list[dict]]:
    by_stream = {}
    for line in run().splitlines():
        message = json.loads(line)
        if message["type"] == "RECORD":
            by_stream.setdefault(message["stream"], []).append(message["record"])
    return by_stream


class DiscoveredStream(Stream):
    def __init__(self, tap, entry):
        self.primary_keys = entry["key_properties"]
        super().__init__(tap, schema=entry["schema"], name=entry["stream"])
        self.replication_key = entry.get("replication_key")

    def get_records(self, context):
        yield from records()[self.name]


class ProgramTap(Tap):
    name = "tap-zendesk-chat"
    config_jsonschema = json.loads(run("--about", "--format=json"))["settings"]

    def discover_streams(self):
        return [DiscoveredStream(self, entry) for entry in catalog()["streams"]]


with open(os.environ["TAP_CONFIG"], encoding="utf-8") as file:
    config = json.load(file)

TestTap = get_tap_test_class(ProgramTap, config=config, suite_config=SuiteConfig())
