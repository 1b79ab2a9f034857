"""Prints what a target has stored, as JSON: {table: [row, ...]}. Takes the location from stdin:
{"tables": [...]} with {"postgres": {"host", "port", "user", "dbname"}, "schema"}, {"duckdb": path} or {"csv": folder}.
A table that is not there has no entry. Values come as the database itself writes them in JSON.
"""

import ast
import csv
import json
import pathlib
import re
import sys

plan = json.load(sys.stdin)


def read_postgres():
    """Both targets bring a driver of their own."""
    try:
        import psycopg as driver
    except ImportError:
        import psycopg2 as driver
    connection = driver.connect(**plan["postgres"])
    cursor = connection.cursor()
    for table in plan["tables"]:
        name = f'"{plan["schema"]}"."{table}"'
        cursor.execute("select to_regclass(%s)", (name,))
        if cursor.fetchone()[0] is None:
            continue
        cursor.execute(f"select to_jsonb(t)::text from {name} t")
        yield table, [json.loads(text) for (text,) in cursor.fetchall()]
    for column in plan.get("json_nulls", []):
        # In JSON there is no telling them from those of SQL.
        cursor.execute(f"""select count(*) from "{plan["schema"]}".chats where {column} = 'null'::jsonb""")
        yield f"json nulls of {column}", cursor.fetchone()[0]
    for table, key in plan.get("parts", {}).items():
        schema = plan["schema"]
        cursor.execute(
            f'select count(*), count(distinct (part.chat_id, part."{key}")) '
            f'from "{schema}"."{table}" part join "{schema}".chats on chats.id = part.chat_id'
        )
        yield f"{table} joined to chats", list(cursor.fetchone())


def read_duckdb():
    import duckdb

    connection = duckdb.connect(plan["duckdb"])
    known = {name for (name,) in connection.execute("select table_name from information_schema.tables").fetchall()}
    for table in plan["tables"]:
        if table not in known:
            continue
        rows = connection.execute(f'select * from "{table}"')
        names = [column[0] for column in rows.description]
        types = [str(column[1]) for column in rows.description]
        yield table, [
            {name: of_duckdb(value, kind) for name, value, kind in zip(names, row, types)} for row in rows.fetchall()
        ]


def of_duckdb(value, kind):
    if value is None:
        return None
    if kind.lower() == "json":
        return json.loads(value)
    return value.isoformat() if hasattr(value, "isoformat") else value


def read_csv():
    csv.field_size_limit(sys.maxsize)
    for table in plan["tables"]:
        path = pathlib.Path(plan["csv"], f"{table}.csv")
        if path.exists():
            with path.open(newline="", encoding="utf-8") as file:
                rows = list(csv.DictReader(file))
            # A row with more cells than the header has them under None.
            yield table, [{str(name): of_csv(value) for name, value in row.items()} for row in rows]


def of_csv(value):
    """Lists and objects are written as Python writes them, numbers with a fraction as its decimals, null as nothing."""
    if value == "":
        return None
    if value[:1] in ("[", "{"):
        try:
            return ast.literal_eval(re.sub(r"Decimal\('([^']*)'\)", r"\1", value))
        except (SyntaxError, ValueError):
            return value
    return value


readers = {"postgres": read_postgres, "duckdb": read_duckdb, "csv": read_csv}
(reader,) = [reader for name, reader in readers.items() if name in plan]
json.dump(dict(reader()), sys.stdout)
