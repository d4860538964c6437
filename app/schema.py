"""The schema's life: bring a database to the newest form, or say that it is behind."""

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine

from app.errors import Stopped

ROWS, FEW = 1_000_000, 10
"""How many rows SQLite's planner is told of, and how many share all but the last column of a key."""


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", "migrations:")
    return config


def migrate(engine: Engine) -> bool:
    """To the newest revision; nothing happens where that stands already. Whether there was anything to do."""
    config = _config()
    with engine.execution_options(writes=True).connect() as connection:
        before = MigrationContext.configure(connection).get_current_revision()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        after = MigrationContext.configure(connection).get_current_revision()
        if connection.dialect.name == "sqlite":
            _tell_sizes(connection)
        connection.commit()
    return before != after


def _tell_sizes(connection: Connection) -> None:
    """Tell SQLite's planner that tables are large and ``log_id`` chooses nothing.

    Every key leads with it, and SQLite, which has never counted, takes it for a good half of any key: it then walks
    the whole log to find one chain. PostgreSQL counts by itself. https://sqlite.org/fileformat2.html#stat1tab
    """
    connection.exec_driver_sql("ANALYZE sqlite_schema")  # makes the table of statistics, and counts nothing
    connection.exec_driver_sql("DELETE FROM sqlite_stat1")
    tables = connection.exec_driver_sql(
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%'"
    )
    for (table,) in tables.all():
        for _, index, unique, *_ in connection.exec_driver_sql(f"PRAGMA index_list({table})").all():
            columns = connection.exec_driver_sql(f"PRAGMA index_info({index})").all()
            told = [ROWS, *([ROWS] + [FEW] * (len(columns) - 1))[: len(columns)]]
            if unique:
                told[-1] = 1
            primary = index.startswith(f"sqlite_autoindex_{table}_1")
            name = table if primary and _without_rowid(connection, table) else index
            row = (table, name, " ".join(map(str, told)))
            connection.exec_driver_sql("INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES (?, ?, ?)", row)
    connection.exec_driver_sql("ANALYZE sqlite_schema")


def _without_rowid(connection: Connection, table: str) -> bool:
    sql = connection.exec_driver_sql("SELECT sql FROM sqlite_schema WHERE type = 'table' AND name = ?", (table,))
    return "WITHOUT ROWID" in str(sql.scalar())


def check(engine: Engine) -> None:
    """Raises Stopped ``schema-behind`` unless the database has the form this code was written for."""
    wanted = ScriptDirectory.from_config(_config()).get_current_head()
    with engine.connect() as connection:
        has = MigrationContext.configure(connection).get_current_revision()
    if has != wanted:
        raise Stopped("schema-behind", has=has or "–", wanted=wanted or "–")
