"""What all tables have: ids as their 32 bytes, one scheme of names, and ``log_id`` in front."""

from functools import lru_cache
from typing import Any

from sqlalchemy import Column, Dialect, LargeBinary, MetaData, SmallInteger, TypeDecorator

from ledger import b64u


class Digest(TypeDecorator[str]):
    """A hash or id: b64u in Python, its 32 bytes in the database."""

    impl = LargeBinary(32)
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> bytes | None:
        return None if value is None else b64u.decode(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> str | None:
        return None if value is None else _text(bytes(value))


@lru_cache(maxsize=65536)
def _text(value: bytes) -> str:
    # A lineage reads the same ids again and again.
    return b64u.encode(value)


metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)


def log_column() -> Column[int]:
    """Which log a row is of: the first column of every table, and of every key."""
    return Column("log_id", SmallInteger, nullable=False)
