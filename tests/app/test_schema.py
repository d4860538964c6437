"""The schema as it is made: what its databases are told beyond their tables."""

from pathlib import Path

import pytest
from sqlalchemy import Select, select
from sqlalchemy.dialects import sqlite

from app import schema
from app.db import connect
from app.tables import entries, lineage, postings, statements

ID = "A" * 43


@pytest.mark.parametrize(
    "query",
    [
        select(entries).where(entries.c.log_id == 1, entries.c.chain.in_([ID, ID])),
        select(entries)
        .where(entries.c.log_id == 1, entries.c.chain.in_([ID]), entries.c.log_index < 10**6)
        .order_by(entries.c.log_index),
        select(statements).where(statements.c.log_id == 1, statements.c.hash.in_([ID, ID])),
        select(lineage).where(lineage.c.log_id == 1, lineage.c.parent.in_([ID, ID])),
        select(postings).where(postings.c.log_id == 1, postings.c.batch.in_([ID, ID])),
    ],
    ids=["chains", "chains below a size", "hashes", "children", "postings"],
)
def test_sqlite_finds_by_a_key_s_own_columns_and_does_not_walk_the_log(
    tmp_path: Path, query: Select[tuple[int]]
) -> None:
    """In an empty database too: what was never counted is planned as if ``log_id`` chose half of all rows."""
    engine = connect(f"sqlite:///{tmp_path / 'ledger.sqlite'}")
    schema.migrate(engine)
    schema.migrate(engine)  # told again, it says the same
    sql = str(query.compile(dialect=sqlite.dialect(), compile_kwargs={"render_postcompile": True}))
    with engine.connect() as connection:
        plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", tuple(range(sql.count("?")))).all()
    engine.dispose()
    assert all("log_id=? AND" in step[3] for step in plan if "SEARCH" in step[3]), plan
    assert not any("log_index" in step[3] for step in plan), plan
