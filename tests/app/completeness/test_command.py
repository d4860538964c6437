"""``gengji trace --completeness`` against a service that runs."""

import json
import os
from pathlib import Path

import pytest

from clients import cli
from ledger.identity import trace_code
from tests.app.seeding import seed
from tests.parts.service import serving
from tests.world import county, harvested, planted


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_how_complete_a_record_is(tmp_path: Path, database_url: str, capsys: pytest.CaptureFixture[str]) -> None:
    world = county()
    code = trace_code(harvested(world, planted(world)))
    settings = seed(tmp_path / "data", world, database_url)
    with serving(settings.data, settings.url) as (address, _):

        def run(*options: str) -> str:
            where = ["trace", code, "--completeness", "--url", address, *options]
            assert cli.run(where, {**os.environ, "LANG": "zh_CN.UTF-8"}) == 0
            return capsys.readouterr().out

        told = run()
        assert "中国 2026：" in told
        assert "/100" in told
        assert "请更正补填" in told
        assert {one["profile"] for one in json.loads(run("--json"))["profiles"]} >= {"china-2026"}
