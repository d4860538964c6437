"""``gengji receive``, ``gengji reject``: what was sent to this party, looked at by the code on its box, and answered.

Everything that is shown is public, so no session is needed: what stops the goods first, then their certificates.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import quote

import orjson
from cyclopts import Parameter

from clients.client import Client
from clients.codes import read_code
from clients.commands import DEFAULT, Code, Options, open_client, speech
from clients.errors import Unreachable, Usage
from clients.importer import cells
from clients.importer.problems import BadCell
from clients.service import Service
from clients.speech import Speech, row
from ledger.canonical import Json
from ledger.identity import ChainId, grouped, mark, trace_code
from ledger.wordings import quantity as said_quantity

Amount = Annotated[str | None, Parameter(help="数量，如 3 或 '3 kg' · an amount: 3, or '3 kg'")]
Which = Annotated[str | None, Parameter(help="哪次发货，有几次时才要 · which shipment, where there are several")]
Sign = Annotated[bool, Parameter(negative="", help="签名并发送 · sign it and send it")]


def receive(
    code: Code,
    /,
    *,
    quantity: Annotated[str | None, Parameter(help="实收，默认全部 · accepted; all of it if not said")] = None,
    short: Amount = None,
    damaged: Amount = None,
    spoiled: Amount = None,
    checked: Annotated[bool, Parameter(negative="", help="已查验合格证 · I have seen the certificate")] = False,
    number: Annotated[str | None, Parameter(help="纸质合格证编号 · number of a paper certificate")] = None,
    shipment: Which = None,
    sign: Sign = False,
    options: Options = DEFAULT,
) -> int:
    """收货 · goods that were sent to this party: what stops them and their certificates, then (--sign) the receipt.

    扫箱上的码；先看暂停原因和合格证，再加 --sign 签名 · by the code on the box; look first, then add --sign.
    没有写到的数量算还在路上 · what is not accounted for stays on the way. 拒收用 gengji reject · to refuse: reject.

    Example: gengji receive 1234 5678 9012 3456 7888 --quantity 76 --damaged 4 --checked --sign
    """
    with open_client(options) as client:
        way = _way(client, read_code(code), shipment)
        lost = {"short": short, "damaged": damaged, "spoiled": spoiled}
        gone: list[Json] = [
            {**way.line(text, reason), "reason": reason} for reason, text in lost.items() if text is not None
        ]
        fields: dict[str, Json] = {"shipment": way.shipment, "goods": [way.line(quantity or way.amount, "quantity")]}
        fields |= {"short": gone} if gone else {}
        fields |= {"certificate_checked": True} if checked else {}
        fields |= {"certificate_no": number} if number else {}
        return _answer(client, speech(options), way, "receive", fields, sign=sign)


def reject(
    code: Code,
    /,
    *,
    reason: Annotated[str, Parameter(help="为什么不要 · why it is refused")],
    shipment: Which = None,
    sign: Sign = False,
    options: Options = DEFAULT,
) -> int:
    """拒收退回 · refuse what was sent to this party: all of it that is still on the way goes back to its sender.

    Example: gengji reject 1234 5678 9012 3456 7888 --reason 包装破损 --sign
    """
    with open_client(options) as client:
        way = _way(client, read_code(code), shipment)
        fields: dict[str, Json] = {
            "shipment": way.shipment,
            "goods": [way.line(way.amount, "quantity")],
            "reason": reason,
        }
        return _answer(client, speech(options), way, "reject", fields, sign=sign)


@dataclass(frozen=True)
class _Way:
    """So much of a batch on its way to this party, as the service shows it."""

    code: str
    chain: ChainId
    name: Mapping[str, str]
    shipment: str
    sender: Mapping[str, str]
    amount: str
    unit: str

    def line(self, text: str, option: str) -> dict[str, Json]:
        """So much of it. Raises Usage ``receive-amount`` for what is no amount."""
        try:
            return {"batch": self.chain, "quantity": {**cells.quantity(text, self.unit)}}
        except BadCell:
            raise Usage("receive-amount", path=option, has=text[:40], wanted=self.unit) from None

    def say(self, speak: Speech) -> None:
        amount = said_quantity({"unit": self.unit, "value": self.amount}, speak.lang)
        speak.line("货", "goods", f"{self.name.get(speak.lang, '')} {amount}  {grouped(trace_code(self.chain))}")
        speak.line("发货方", "sender", self.sender.get(speak.lang, ""))


def _way(client: Client, code: str, shipment: str | None) -> _Way:
    """Raises Usage ``receive-none`` where nothing of it is on its way here, ``receive-several`` where it must be said
    which shipment is meant."""
    ways = [one for one in _ways(client, code) if shipment in (None, one.shipment)]
    if not ways:
        raise Usage("receive-none", has=code)
    if len(ways) > 1:
        raise Usage("receive-several", has=code, wanted=" ".join(f"--shipment {one.shipment}" for one in ways))
    return ways[0]


def _ways(client: Client, code: str) -> Iterator[_Way]:
    """Raises Unreachable ``answer`` for another batch than was asked for: what is signed is what was scanned."""
    match client.service.batch(code):
        case {"chain": str(chain), "name": {"zh": str(), "en": str()} as name}:
            known = ChainId(chain)
            if code not in (known, mark(known), trace_code(known)):
                raise Unreachable("answer", path=f"/v1/batches/{code}", has=chain[:80], wanted=code)
        case told:
            raise Unreachable("answer", path=f"/v1/batches/{code}", has=str(told)[:80])
    for one in _listed(client.service, code, "holdings"):
        match one:
            case {
                "account": "transit",
                "shipment": str(shipment),
                "amount": str(amount),
                "unit": str(unit),
                "owner": {"zh": str(), "en": str()} as sender,
                "to": {"id": client.notebook.device.party},
            } if not amount.startswith("-"):
                yield _Way(code, known, name, shipment, sender, amount, unit)


def _answer(client: Client, speak: Speech, way: _Way, kind: str, fields: dict[str, Json], *, sign: bool) -> int:
    """Shown, with what signing would bring up; signed and sent where that was asked for."""
    stops = list(_stops(client.service, way.code))
    papers = client.service.get(f"/v1/batches/{quote(way.code, safe='')}/certificates")["certificates"]
    if sign:
        if not speak.as_json:
            _say(speak, way, stops, papers)
        kept = client.state(kind, fields)
        client.send()
        kept = client.notebook.newest(kept.hash)
        speak.report([row(kept, way.code)])
        return 1 if kept.state == "refused" else 0
    found = client.check(client.draft(kind, fields))
    if speak.as_json:
        told = {"kind": kind, "fields": fields, "stops": stops, "certificates": papers}
        speak.document({**told, "findings": [vars(one) for one in found]})
        return 0
    _say(speak, way, stops, papers)
    for one in found:
        speak.line("⚠", "⚠", one.say(speak.lang))
    speak.line("签名", "sign it", speak("再加 --sign", "add --sign"))
    return 0


def _say(speak: Speech, way: _Way, stops: list[Mapping[str, Any]], papers: list[Mapping[str, Any]]) -> None:
    """What stops it is the first thing that its receiver reads."""
    for one in stops:
        speak.line("⛔ 已暂停", "⛔ stopped", str(one["text"].get(speak.lang) or one["code"]))
    way.say(speak)
    states = {"valid": ("有效", "valid"), "void": ("已作废", "void"), "superseded": ("已被取代", "replaced")}
    said = [f"{one['number'] or one['statement'][:8]} {speak(*states[one['state']])}" for one in papers]
    speak.line("合格证", "certificates", speak("、", ", ").join(said) or speak("没有", "none"))


def _stops(service: Service, code: str) -> Iterator[Mapping[str, Any]]:
    for one in _listed(service, code, "findings"):
        if one["holds"]:
            yield one["found"]


def _listed(service: Service, code: str, what: str) -> list[dict[str, Any]]:
    path = f"/v1/batches/{quote(code, safe='')}/{what}"
    told = orjson.loads(service.read(path))
    if not isinstance(told, list):
        raise Unreachable("answer", path=path, has=str(told)[:80])
    return told
