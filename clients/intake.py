"""``gengji intake-from``: goods that another county's log shipped, verified and taken in."""

from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from clients.arriving import arriving, take_in
from clients.client import Client
from clients.codes import read_code
from clients.commands import DEFAULT, Code, Options, open_client, speech
from clients.errors import Usage
from clients.lines import Clock
from clients.service import Service
from clients.verifying import read_pins
from ledger.identity import grouped, trace_code
from ledger.policy import Pin
from ledger.wordings import quantity as amount


def intake_from(
    code: Code,
    /,
    *,
    there: Annotated[
        str | None, Parameter(name="--from", help="对方总账的服务网址 · address of the other log's service")
    ] = None,
    bundle: Annotated[Path | None, Parameter(help="或对方给的凭证包 · or the bundle that they gave")] = None,
    pin: Annotated[list[Path], Parameter(help="对方总账的公开钉，从服务以外得来 · the other log's pin", negative="")],
    product: Annotated[str, Parameter(help="本总账的产品编号 · the product's id here", allow_leading_hyphen=True)],
    quantity: Annotated[str | None, Parameter(help="数量，缺省为发货数量 · how much; all that was shipped")] = None,
    unit: Annotated[str | None, Parameter(help="单位，如 kg · its unit")] = None,
    lot: Annotated[str | None, Parameter(help="批号 · lot")] = None,
    shipment: Annotated[
        str | None, Parameter(help="发货记录编号，发过几次时写 · which shipment", allow_leading_hyphen=True)
    ] = None,
    at: Annotated[str | None, Parameter(help="何时收到，缺省为现在 · when it came; now")] = None,
    options: Options = DEFAULT,
) -> int:
    """从另一本总账收购进货 · take in goods that another county's log shipped: check, sign, send, prove the origin.

    先用对方的公开钉核验对方的凭证包，通过才签名 · nothing is signed unless the other log's bundle holds by its pin.
    同一次发货只登记一次；再运行一次则补送来源凭证包 · a shipment is taken in once; run again, it sends the proof anew.

    Exit code 1: recorded, and its origin not verified by the service yet.

    Example: gengji intake-from 1234 5678 9012 3456 7888 --from https://trace.neighbour.example --pin neighbour.json
    --product 产品编号
    """
    speak = speech(options)
    pins = [one for _, one in read_pins(pin)]
    wanted = read_code(code)
    with open_client(options) as client:
        data = _fetch(client, there, bundle, wanted)
        goods = arriving(data, [*pins, *_own(client, pins)], wanted, shipment or "")
        said = goods.shipped or {}
        how_much = {"unit": unit or said.get("unit", ""), "value": quantity or said.get("value", "")}
        if not all(how_much.values()):
            raise Usage("shipment-quantity", has=goods.origin.statement)
        output: dict[str, Any] = {"product": product, "quantity": how_much, **({"lot": lot} if lot else {})}
        when = Clock(client).utc(at) if at else None
        again = None if there is None else lambda size: _fetch(client, there, None, wanted, size)
        done = take_in(client, goods, {"outputs": [output]}, again, at=when)
    (batch,) = done.kept.statement.created
    if options.json:
        refused = done.unproven.problem if done.unproven else None
        told = {"statement": done.kept.hash, "trace_code": trace_code(batch), "chain": batch}
        speak.document({**told, "from": goods.origin.body(), "verified": refused is None, "refused": refused})
        return 1 if refused else 0
    speak.line("✓ 已收货登记", "✓ taken in", f"{grouped(trace_code(batch))}  {amount(how_much, speak.lang)}")
    speak.line("发货方", "sender", "  ".join(filter(None, (goods.sender, goods.origin.log))))
    if done.unproven:
        speak.line("⚠ 来源尚未核验", "⚠ origin not verified", str(done.unproven))
        return 1
    speak.line("✓ 来源已核验", "✓ origin verified", goods.origin.log)
    return 0


def _own(client: Client, pins: list[Pin]) -> list[Pin]:
    """Goods may come back: then the other log's bundle carries one of this log."""
    own = client.notebook.device.pin
    return [] if own.origin in {one.origin for one in pins} else [own]


def _fetch(client: Client, there: str | None, file: Path | None, code: str, *since: int) -> bytes:
    """Raises Usage ``intake-source`` unless one of the two is given."""
    if (there is None) == (file is None):
        raise Usage("intake-source", wanted="--from | --bundle")
    if file is not None:
        return file.read_bytes()
    with Service(there or "") as service:
        return service.bundle(code, since)
