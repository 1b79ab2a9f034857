"""Airbyte's suite for connectors in images, and what its suite for connectors in Python asks of records and catalog.

The latter two are private parts of airbyte-cdk: its version is pinned.
"""

import json
import os
import subprocess
from pathlib import Path

import pytest
from airbyte_cdk.models import (
    AirbyteMessageSerializer,
    ConfiguredAirbyteCatalog,
    ConfiguredAirbyteStream,
    DestinationSyncMode,
    SyncMode,
)
from airbyte_cdk.test.standard_tests._catalog_checks import find_catalog_problems, format_catalog_problems
from airbyte_cdk.test.standard_tests._read_assertions import assert_read_records
from airbyte_cdk.test.standard_tests.docker_base import DockerConnectorTestSuite

ROOT = Path(__file__).parent
CONFIG = str(ROOT / "secrets" / "config.json")


def messages_of(*arguments: str) -> list[dict]:
    command = [os.environ["SOURCE_PROGRAM"], *arguments]
    output = subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout
    return [json.loads(line) for line in output.splitlines()]


def discover() -> dict:
    messages = messages_of("discover", "--config", CONFIG)
    (catalog,) = [message["catalog"] for message in messages if message["type"] == "CATALOG"]
    return catalog


def as_model(catalog: dict):
    return AirbyteMessageSerializer.load({"type": "CATALOG", "catalog": catalog}).catalog


@pytest.mark.image_tests
def test_catalog_has_no_problem():
    problems = find_catalog_problems(as_model(discover()))
    assert not problems, format_catalog_problems(problems)


@pytest.mark.image_tests
@pytest.mark.parametrize("mode", ["full_refresh", "incremental"])
def test_records_are_valid_by_the_schema(tmp_path, mode):
    catalog = discover()
    configured = {
        "streams": [
            {"stream": stream, "sync_mode": mode, "destination_sync_mode": "append"}
            for stream in catalog["streams"]
        ]
    }
    path = tmp_path / "catalog.json"
    path.write_text(json.dumps(configured))
    messages = [
        AirbyteMessageSerializer.load(message)
        for message in messages_of("read", "--config", CONFIG, "--catalog", str(path))
    ]
    models = [
        ConfiguredAirbyteStream(
            stream=stream,
            sync_mode=SyncMode(mode),
            destination_sync_mode=DestinationSyncMode.append,
        )
        for stream in as_model(catalog).streams
    ]
    assert_read_records(
        records=[message for message in messages if message.type.value == "RECORD"],
        configured_catalog=ConfiguredAirbyteCatalog(streams=models),
        require_records_per_stream=True,
        validate_schema=True,
    )
    told = {
        message.state.stream.stream_descriptor.name
        for message in messages
        if message.type.value == "STATE"
    }
    assert told == {stream["name"] for stream in catalog["streams"]}


class TestConnectorImage(DockerConnectorTestSuite):
    @classmethod
    def get_connector_root_dir(cls):
        return ROOT
