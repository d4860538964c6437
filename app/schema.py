"""The schema's life: bring a database to the newest form, or say that it is behind."""

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine

from app.errors import Stopped


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", "migrations:")
    return config


def migrate(engine: Engine) -> None:
    """To the newest revision; nothing happens where that stands already."""
    config = _config()
    with engine.execution_options(writes=True).connect() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        connection.commit()


def check(engine: Engine) -> None:
    """Raises Stopped ``schema-behind`` unless the database has the form this code was written for."""
    wanted = ScriptDirectory.from_config(_config()).get_current_head()
    with engine.connect() as connection:
        has = MigrationContext.configure(connection).get_current_revision()
    if has != wanted:
        raise Stopped("schema-behind", has=has or "–", wanted=wanted or "–")
