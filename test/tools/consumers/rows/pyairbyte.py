"""Reads a source with PyAirbyte. Takes its instructions from stdin and prints the result to stdout.

The first line of the input is the plan: {"program", "config", "cache": {"duckdb": path} or {"postgres": {...}}, "streams",
"steps"}. Without "streams" all are selected.
Each line after that is "check", "streams", "read", "tables" or "follow", which runs the plan's steps, Python with a
`source` and a `cache`; each is answered by one line of JSON, an error by {"error": class, "message": text}. Standard output belongs to the answers; what PyAirbyte prints goes to stderr.
"""

import json
import os
import sys
import warnings
from pathlib import Path

answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
os.dup2(2, 1)
plan = json.loads(sys.stdin.readline())

# PyAirbyte looks at these while it is imported. Offline: it would ask a registry about the source's name.
home = os.environ["HOME"]
os.environ.update(
    AIRBYTE_OFFLINE_MODE="1",
    AIRBYTE_CACHE_ROOT=home,
    AIRBYTE_TEMP_DIR=home,
    AIRBYTE_LOGGING_ROOT=home,
    NO_COLOR="1",
)
warnings.filterwarnings("ignore")

import airbyte  # noqa: E402
from airbyte.caches import DuckDBCache, PostgresCache  # noqa: E402


def make_cache():
    if "duckdb" in plan["cache"]:
        return DuckDBCache(db_path=plan["cache"]["duckdb"])
    # It insists on a password; the server does not ask for one.
    return PostgresCache(**plan["cache"]["postgres"], password="none")


def make_source():
    source = airbyte.get_source(
        "source-zendesk-chat",
        config=plan["config"],
        local_executable=Path(plan["program"]),
        install_if_missing=False,
    )
    if "streams" in plan:
        source.select_streams(plan["streams"])
    else:
        source.select_all_streams()
    return source


cache = make_cache()


def plain(value):
    """A value of a database as JSON has it."""
    if value is None or isinstance(value, (bool, int, float, str, dict, list)):
        return value
    if hasattr(value, "isoformat"):
        return value.isoformat()
    return float(value) if hasattr(value, "as_integer_ratio") else str(value)


def rows_of(table: str) -> list[dict]:
    rows = cache.get_records(table)
    return [{name: plain(value) for name, value in dict(row).items()} for row in rows]


def read() -> dict:
    result = make_source().read(cache=cache)
    return {"processed": result.processed_records}


def follow() -> bool:
    exec(plan["steps"], {"source": make_source(), "cache": cache})
    return True


VERBS = {
    "follow": follow,
    "check": lambda: make_source().check() or True,
    "streams": lambda: make_source().get_available_streams(),
    "read": read,
    "tables": lambda: {name: rows_of(name) for name in cache.streams},
}

for line in sys.stdin:
    try:
        answer = VERBS[line.strip()]()
    except Exception as error:
        answer = {"error": type(error).__name__, "message": str(error)}
    answers.write(json.dumps(answer) + "\n")
    answers.flush()
