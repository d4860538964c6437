"""Somebody with a bundle, a pin and a command line."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from clients import cli
from tests.bundles import bundle_of, daily_heads, pin_of
from tests.world import county, harvested, planted


class Desk:
    """Somebody with files in a folder; `out` and `err` are what the command said last."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder, self._capsys = folder, capsys
        self.world = county()
        self.lot = harvested(self.world, planted(self.world))
        daily = daily_heads(self.world)
        self.world.state("observe", "farm", {"weather": "晴"}, [self.lot], sealed={"person": "王秀兰"})
        self.bundle = self.file("lot.json", bundle_of(self.world, self.lot, daily=daily).text())
        self.pin = self.file("policy.json", pin_of(self.world).text())
        self.out = self.err = ""

    def file(self, name: str, content: str | bytes) -> Path:
        path = self.folder / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def verify(self, bundle: Path | str, *more: str | Path, lang: str = "zh") -> int:
        arguments = ["verify", str(bundle), "--policy", str(self.pin), "--lang", lang, *map(str, more)]
        code = cli.run(arguments, {})
        self.out, self.err = self._capsys.readouterr()
        return code

    def json(self, bundle: Path, *more: str | Path) -> Any:
        self.code = self.verify(bundle, "--json", *more)
        return json.loads(self.out)

    def changed(self, change: Callable[[dict[str, Any]], object], name: str = "changed.json") -> Path:
        value = json.loads(self.bundle.read_text())
        change(value)
        return self.file(name, json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")))
