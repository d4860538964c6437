"""What a changed table opened and closed, as a supervisor reads it on the first page."""

from pathlib import Path

from app.audit.runs import last_run
from app.db import connect
from app.main import create_app
from app.parties.names import Names
from app.rules.running import run
from app.rules.versions import bring
from tests.app.rules.season import sprayed
from tests.app.rules.test_running import waits
from tests.app.seeding import LOG_ID
from tests.app.town import NOON, PASSWORD, settle
from tests.app.visiting import visiting


def test_the_last_run_is_told_with_what_it_brought(tmp_path: Path, database_url: str) -> None:
    world, lot = sprayed()
    town = settle(tmp_path / "data", database_url, world=world)
    names = Names(world.registry)
    assert last_run(town.engine, LOG_ID, names) is None
    engine = connect(town.settings.url)
    for days in (30, 0):
        with engine.execution_options(writes=True).begin() as connection:
            bring(connection, LOG_ID, waits(days), NOON)
            ran = run(connection, LOG_ID, NOON)
        told = last_run(engine, LOG_ID, names)
        assert told is not None
        assert (told.run, told.tables, told.opened, told.closed) == (
            ran.run, {"intervals": ran.run}, ran.count("opened").total(), ran.count("closed").total(),
        )  # fmt: skip
        change = "opened" if days else "closed"
        (interval,) = (one for one in told.changes if one.code == "interval")
        assert (interval.change, interval.zh) == (change, "安全间隔期未到")
        assert interval.batch is not None
        assert interval.batch.chain == lot
        with visiting(create_app(town.settings)) as visitor:
            visitor.sign_in("li.na", PASSWORD)
            page = visitor.get("/audit").text
            assert "规则表更新改变了什么" in page
            assert f"/audit/batches/{interval.batch.mark}#e{interval.about}" in page
            assert "农产品质量安全法（2022年修订）第二十九条" in page[page.index("规则表更新改变了什么") :]
            assert f"第 {ran.run} 次运行" in page
    engine.dispose()
    town.engine.dispose()
