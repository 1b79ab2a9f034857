"""Singer messages on standard input through target-bigquery as far as its request to BigQuery: denormalized tables, the
Storage Write API. Each record is decoded again and compared. Prints {"counts": {stream: records}, "refused": [...]}.
"""

import collections
import io
import json
import sys

from target_bigquery import core, storage_write
from target_bigquery.target import TargetBigQuery

counts = collections.Counter()
refused = []


class Client:
    """An account whose tables are there."""

    def get_dataset(self, dataset):
        return dataset

    def get_table(self, table):
        return table

    def update_table(self, *_args, **_options):
        pass


def differences(value, message, path):
    """A list without items and one that is null are the same to BigQuery."""
    for field in message.DESCRIPTOR.fields:
        place = f"{path}/{field.name}"
        sent = value.get(field.name)
        read = getattr(message, field.name)
        if field.label == field.LABEL_REPEATED:
            items = list(zip(sent or [], read, strict=True))
            if field.message_type:
                for item, got in items:
                    yield from differences(item, got, place)
            elif any(item != got for item, got in items):
                yield place
        elif (sent is not None) != message.HasField(field.name):
            yield place
        elif field.message_type and sent is not None:
            yield from differences(sent, read, place)
        elif not field.message_type and sent is not None and sent != read:
            yield place


class Sink(storage_write.BigQueryStorageWriteDenormalizedSink):
    def process_record(self, record, context):
        try:
            super().process_record(record, context)
            row = self.proto_schema.FromString(self.proto_rows.serialized_rows[-1])
            changed = list(differences(record, row, self.stream_name))
            if changed:
                raise ValueError(f"changed: {changed}")
            counts[self.stream_name] += 1
        except Exception as error:
            refused.append(f"{self.stream_name}: {type(error).__name__}: {error}")

    def process_batch(self, context):
        """Here a batch would leave."""


core.bigquery_client_factory = lambda _credentials: Client()
TargetBigQuery.resize_worker_pool = lambda _self: None
TargetBigQuery.get_sink_class = lambda _self, **_stream: Sink
config = {"project": "p", "dataset": "d", "method": "storage_write_api", "denormalized": True}
messages = io.StringIO(sys.stdin.read())
standard_output, sys.stdout = sys.stdout, io.StringIO()
TargetBigQuery(config=config).listen(messages)
print(json.dumps({"counts": counts, "refused": refused}), file=standard_output, flush=True)
