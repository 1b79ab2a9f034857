"""Singer messages on standard input through target-snowflake as far as its requests to Snowflake: the tables' columns,
the files it stages and the statements that load them. Staged records are compared with the messages. Prints
{"counts": {stream: records}, "refused": [...]}.
"""

import collections
import datetime
import gzip
import io
import json
import sys
import urllib.parse

import sqlalchemy
from target_snowflake.connector import SnowflakeConnector
from target_snowflake.target import TargetSnowflake

counts = collections.Counter()
refused = []
sent = collections.defaultdict(list)


def instant(text):
    return datetime.datetime.fromisoformat(text).replace(tzinfo=datetime.UTC)


def differences(schema, value, staged, path):
    if value is None or staged is None:
        if value is not staged:
            yield path
    elif "properties" in schema:
        for name, child in schema["properties"].items():
            yield from differences(child, value.get(name), staged.get(name), f"{path}/{name}")
    elif "items" in schema:
        for item, got in zip(value, staged, strict=True):
            yield from differences(schema["items"], item, got, path)
    elif (instant(value) != instant(staged)) if schema.get("format") == "date-time" else (value != staged):
        yield path


class Connector(SnowflakeConnector):
    """An account in which every table is there."""

    def create_engine(self):
        return sqlalchemy.create_engine(self.sqlalchemy_url)

    def prepare_schema(self, _name):
        pass

    def prepare_table(self, full_table_name, schema, **_options):
        for column in schema["properties"].values():
            self.to_sql_type(column).compile(dialect=self._engine.dialect)

    def create_file_format(self, **_options):
        pass

    def drop_file_format(self, **_options):
        pass

    def remove_staged_files(self, **_options):
        pass

    def put_batches_to_stage(self, sync_id, files):
        stream = sync_id.split("-")[0]
        for file in files:
            with gzip.open(urllib.parse.urlparse(file).path, "rt", encoding="utf-8") as lines:
                for line in lines:
                    counts[stream] += 1
                    place = sent[stream].pop(0)
                    refused.extend(differences(schemas[stream], place, json.loads(line), stream))

    def merge_from_stage(self, **given):
        self._get_merge_from_stage_statement(**given)
        return 0


text = sys.stdin.read()
schemas = {}
for message in map(json.loads, text.splitlines()):
    if message["type"] == "SCHEMA":
        schemas[message["stream"]] = message["schema"]
    if message["type"] == "RECORD":
        sent[message["stream"]].append(message["record"])

TargetSnowflake.default_sink_class.connector_class = Connector
config = {"account": "a", "user": "u", "password": "p", "database": "d", "schema": "s"}
standard_output, sys.stdout = sys.stdout, io.StringIO()
TargetSnowflake(config=config).listen(io.StringIO(text))
print(json.dumps({"counts": counts, "refused": refused}), file=standard_output, flush=True)
