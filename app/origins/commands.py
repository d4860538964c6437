"""``gengji pin …``: which other counties' logs this service believes, and by which pin."""

import json as jsons
import os
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from app import config
from app.commands import Data
from app.errors import Conflict, Stopped
from app.origins.pins import add_pin, read_pin, read_pins
from ledger.identity import mark
from ledger.policy import Pin

pin = App(name="pin", help="公开钉 · the pins of other counties' logs, by which what comes from there is verified")

Json = Annotated[bool, Parameter(name="--json", negative="", help="输出 JSON · print JSON")]


@pin.command
def add(
    file: Annotated[Path, Parameter(help="那本总账的 policy.json · that log's pin")],
    /,
    *,
    replace: Annotated[
        bool, Parameter(negative="", help="它换了密钥或见证方 · its key or witnesses changed, replace the pin there is")
    ] = False,
    data: Data = Path("var"),
    json: Json = False,
) -> None:
    """加入另一本总账的公开钉 · add the pin of another log; get it from that county, by another way than the bundle.

    Example: gengji pin add neighbour-policy.json --data ./var
    """
    settings = config.load(data, os.environ)
    if not settings.pin.exists():
        raise Stopped("no-log", path=str(settings.pin))
    given = read_pin(file)
    if given.origin == read_pin(settings.pin).origin:
        raise Conflict("pin-here", has=given.origin)
    _tell([(add_pin(settings.data, given, replace=replace), given)], as_json=json)


@pin.command(name="list")
def list_(*, data: Data = Path("var"), json: Json = False) -> None:
    """列出其他总账的公开钉 · the pins of other logs that stand here.

    Example: gengji pin list --data ./var
    """
    settings = config.load(data, os.environ)
    _tell([(None, one) for _, one in sorted(read_pins(settings.data).items())], as_json=json)


def _tell(pins: list[tuple[Path | None, Pin]], *, as_json: bool) -> None:
    if as_json:
        told = [{"origin": one.origin, "root": one.root, **({"file": str(path)} if path else {})} for path, one in pins]
        print(jsons.dumps({"pins": told}, ensure_ascii=False))
        return
    for path, one in pins:
        print(f"{one.origin}  {mark(one.root)}" + (f"  ✓ {path}" if path else ""))
    if not pins:
        print("没有 · none")
