"""Triggers that keep a table's rows as they were written, for the migrations that make such a table.

SQLite's ``INSERT OR REPLACE`` deletes without asking a delete trigger unless ``recursive_triggers`` is on, which
is for each connection to say; so there an insert that would replace anything is refused as well.
"""

from types import ModuleType


def keep(op: ModuleType, table: str, *keys: tuple[str, ...]) -> None:
    """From now on ``table``, with these primary and unique keys, refuses UPDATE, DELETE, TRUNCATE and REPLACE."""
    refused = f"{table}: what is recorded is not changed"
    if op.get_bind().dialect.name == "sqlite":
        same = [" AND ".join(f"{column} = NEW.{column}" for column in key) for key in keys]
        taken = " OR ".join(f"EXISTS (SELECT 1 FROM {table} WHERE {key})" for key in same)  # noqa: S608 - names of ours
        for verb, when in (("UPDATE", ""), ("DELETE", ""), ("INSERT", f"WHEN {taken} ")):
            op.execute(
                f"CREATE TRIGGER {table}_keep_{verb.lower()} BEFORE {verb} ON {table} {when}"
                f"BEGIN SELECT RAISE(ABORT, '{refused}'); END"
            )
        return
    op.execute(
        f"CREATE FUNCTION {table}_keep() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{refused}'; END $$"
    )
    op.execute(
        f"CREATE TRIGGER {table}_keep BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} EXECUTE FUNCTION {table}_keep()"
    )
