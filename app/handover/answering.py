"""How a shipment is answered from a form: taken whole, in part, or refused; as fields, and as the command for it."""

import shlex
import unicodedata
from collections.abc import Mapping
from typing import Any

from app.custody.holding import Unsigned
from app.handover.shipments import Good, Shipment
from ledger.canonical import Json
from ledger.errors import Malformed
from ledger.records import KINDS
from ledger.records.shapes import Choice, ListOf, Object

ANSWERS = {
    "whole": ("全部收下", "accept all of it"),
    "part": ("只收一部分", "accept a part"),
    "reject": ("拒收退回", "refuse it"),
}


def _reasons() -> Mapping[str, tuple[str, str]]:
    """Why something is short, as the kind has it."""
    match KINDS["receive"].by_name["short"].shape:
        case ListOf(Object() as line):
            for field in line.fields:
                if isinstance(field.shape, Choice):
                    return field.shape.options
    raise LookupError("reason")


REASONS = _reasons()


def answered(shipment: Shipment, sent: Mapping[str, str], known: frozenset[str] = frozenset()) -> Unsigned:
    """What a form says: ``answer`` (one of ``ANSWERS``); of a part ``taken.MARK``, and ``short.MARK``,
    ``damaged.MARK``, ``spoiled.MARK``; of a refusal ``reason``. ``known`` are the findings that were shown.

    What is neither taken nor short stays on the way. Raises Malformed ``choice``, or ``received-nothing`` where nothing
    was taken: that is a refusal.
    """
    answer = sent.get("answer", "")
    if answer not in ANSWERS:
        raise Malformed("choice", path="answer", has=answer[:80], wanted=" | ".join(ANSWERS))
    fields: dict[str, Json] = {"shipment": shipment.statement}
    waiting = shipment.waiting
    if answer == "part":
        taken = [_line(one, value) for one in waiting if (value := _typed(sent, "taken", one))]
        if not taken:
            raise Malformed("received-nothing", path="body.goods")
        fields["goods"] = [*taken]
        short = [
            {**_line(one, value), "reason": reason}
            for one in waiting
            for reason in REASONS
            if (value := _typed(sent, reason, one))
        ]
        if short:
            fields["short"] = [*short]
    else:
        fields["goods"] = [_line(one, one.amount) for one in waiting]
    if answer == "reject":
        fields["reason"] = " ".join(sent.get("reason", "").split())
        return Unsigned("reject", None, fields, known=known)
    if sent.get("certificate_checked"):
        fields["certificate_checked"] = True
    if number := " ".join(sent.get("certificate_no", "").split()):
        fields["certificate_no"] = number
    if value := _number(sent.get("temperature", "")):
        fields["temperature"] = {"unit": "C", "value": value}
    return Unsigned("receive", None, fields, known=known)


def command(shipment: Shipment, wanted: Unsigned) -> str:
    """The same for whoever keeps the party's key: signs it, and sends it."""
    codes = {one.batch.chain: one.batch.code for one in shipment.goods}
    words = ["gengji", "submit", wanted.kind, f"shipment={shipment.statement}"]
    fields: Mapping[str, Any] = wanted.fields
    for name in ("goods", "short"):
        for line in fields.get(name, ()):
            quantity = line["quantity"]
            words += [f"{name}.batch={codes[line['batch']]}", f"{name}.quantity={quantity['value']} {quantity['unit']}"]
            words += [f"{name}.reason={line['reason']}"] if "reason" in line else []
    words += [f"{name}={fields[name]}" for name in ("certificate_no", "reason") if name in fields]
    if "certificate_checked" in fields:
        words.append("certificate_checked=yes")
    if "temperature" in fields:
        words.append(f"temperature={fields['temperature']['value']} C")
    return shlex.join(words)


def _line(good: Good, value: str) -> dict[str, Json]:
    return {"batch": good.batch.chain, "quantity": {"unit": good.unit, "value": value}}


def _typed(sent: Mapping[str, str], what: str, good: Good) -> str:
    """A number that was typed; none of it is nothing."""
    value = _number(sent.get(f"{what}.{good.batch.mark}", ""))
    return value if value.strip("0.") else ""


def _number(text: str) -> str:
    """As phones in Chinese type it too: full-width digits and signs."""
    return unicodedata.normalize("NFKC", text).strip()
