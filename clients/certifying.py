"""``gengji certificate``: drawn up by the service from the record, looked at and signed here, and put on paper."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import quote

from cyclopts import Parameter

from clients.client import Client
from clients.codes import read_code
from clients.commands import DEFAULT, Code, Options, open_client, reading, speech, writing
from clients.errors import Unreachable, Usage
from clients.notebook import Kept
from clients.service import Service
from clients.speech import Speech, row
from ledger.canonical import Json
from ledger.errors import LedgerError
from ledger.identity import ChainId, StatementHash, grouped, mark, trace_code
from ledger.records import KINDS
from ledger.records.shapes import Choice, ListOf
from ledger.wordings import quantity

_KIND = KINDS["certify"]
_SHOWN = ("form", "product_name", "goods", "origin", "issued", "number", "basis", "tests", "parents", "contact")


def certificate(
    code: Code,
    /,
    *,
    sign: Annotated[bool, Parameter(negative="", help="签名并发送 · sign it and send it")] = False,
    contact: Annotated[str | None, Parameter(help="联系方式，不公开 · contact, not public")] = None,
    number: Annotated[str | None, Parameter(help="合格证编号 · its number")] = None,
    origin: Annotated[str | None, Parameter(help="产地，记录里没有时填写 · origin, where none is recorded")] = None,
    output: Annotated[Path | None, Parameter(name=["-o", "--output"], help="PDF 写到 · the PDF to write")] = None,
    size: Annotated[Literal["a4", "label"], Parameter(help="纸张：A4 或 80 × 60 mm 标签 · the paper")] = "a4",
    text: Annotated[Literal["zh", "en"], Parameter(help="合格证的文字 · language of the paper")] = "zh",
    options: Options = DEFAULT,
) -> int:
    """承诺达标合格证 · the certificate that goes with a batch: what it would say, signed (--sign), on paper (-o).

    按记录拟好，看过再签；不加 --sign 只显示，或打印已开的合格证 · it is drawn up from the record; without --sign it is
    only shown, or the one that was issued is printed. 批次暂停时不能开具 · there is none while the batch is on hold.

    Example: gengji certificate 1234 5678 9012 3456 7888 --sign --contact 0718-1234567 -o certificate.pdf --size label
    """
    speak, wanted = speech(options), read_code(code)
    if not sign:
        with reading(options) as (service, party):
            if output is None:
                return _show(speak, _ready(service, wanted, party))
            statement = _issued(service, wanted, party)
            return _print(speak, service, statement, output, size, text, _disclosed(options, statement))
    with open_client(options) as client:
        told = _ready(client.service, wanted, client.notebook.device.party)
        typed = {"contact": contact, "number": number, "origin": origin}
        fields = {**told["fields"], **{name: value for name, value in typed.items() if value}}
        kept = _sign(client, speak, told, fields, wanted)
        if kept.state == "refused":
            return 1
        if output is None:
            return 0
        return _print(speak, client.service, kept.hash, output, size, text, kept.disclosures)


def _ready(service: Service, code: str, party: ChainId | None) -> dict[str, Any]:
    """What the certificate would say. Raises Refused with every reason while the batch is on hold."""
    path = f"/v1/batches/{quote(code, safe='')}/certificate"
    told = service.get(path, {"party": party} if party else None)
    match told:
        case {"fields": {"goods": [{"batch": str(batch)}, *rest]}} if not rest:
            # What is signed is what was asked for, whatever the service says.
            if code in (batch, mark(ChainId(batch)), trace_code(ChainId(batch))):
                return told
    raise Unreachable("answer", path=path, has=str(told)[:80], wanted=code)


def _sign(client: Client, speak: Speech, told: Mapping[str, Any], fields: Mapping[str, Json], code: str) -> Kept:
    """Shown, signed, sent. Raises Usage ``certificate-missing`` for what neither record nor command says."""
    if lacking := [name for name in ("origin", "contact") if name not in fields]:
        raise Usage("certificate-missing", wanted=" ".join(f"--{name}" for name in lacking))
    if not speak.as_json:
        _lines(speak, fields)
    kept = client.state("certify", fields)
    client.send()
    kept = client.notebook.newest(kept.hash)
    speak.report([row(kept, code)])
    return kept


def _issued(service: Service, code: str, party: ChainId | None) -> StatementHash:
    """The newest certificate of the batch that stands, the party's own before others'. Raises Usage where none does."""
    path = f"/v1/batches/{quote(code, safe='')}/certificates"
    match service.get(path):
        case {"certificates": [*found]}:
            standing = [one for one in found if isinstance(one, dict) and one.get("state") == "valid"]
            mine = [one for one in standing if one.get("party", {}).get("id") == party]
            for one in (*mine, *standing):
                return StatementHash(str(one.get("statement")))
            raise Usage("certificate-none-yet", has=code)
    raise Unreachable("answer", path=path)


def _disclosed(options: Options, statement: StatementHash) -> tuple[str, ...]:
    """The disclosures of a certificate that this device signed; none of others'."""
    if not (options.home / "notebook.sqlite").exists():
        return ()
    with open_client(options) as client:
        try:
            return client.notebook[statement].disclosures
        except LedgerError:
            return ()


def _print(
    speak: Speech,
    service: Service,
    statement: StatementHash,
    output: Path,
    size: str,
    text: str,
    disclosures: tuple[str, ...],
) -> int:
    drawn = service.certificate(statement, size, text, disclosures)
    with writing(output):
        output.write_bytes(drawn)
    if speak.as_json:
        speak.document({"file": str(output), "size": len(drawn), "statement": statement})
    else:
        speak.line("已写入", "written", str(output))
    return 0


# --- what it says --------------------------------------------------------------------------------------------------


def _show(speak: Speech, told: Mapping[str, Any]) -> int:
    if speak.as_json:
        speak.document(told)
        return 0
    _lines(speak, told["fields"])
    for found in told.get("findings", ()):
        speak.line("⚠", "⚠", str(found.get("text", {}).get(speak.lang) or found.get("code")))
    if missing := [_label(name, speak) for name in told.get("missing", ()) if name in _KIND.by_name]:
        speak.line("还要填写", "to be filled in", speak("、", ", ").join(missing))
    return 0


def _lines(speak: Speech, fields: Mapping[str, Any]) -> None:
    for name in _SHOWN:
        if said := _said(name, fields.get(name), speak):
            speak.line(_label(name, speak), _label(name, speak), said)


def _label(name: str, speak: Speech) -> str:
    field = _KIND.by_name[name]
    return speak(field.zh, field.en)


def _said(name: str, value: Any, speak: Speech) -> str:
    shape = _KIND.by_name[name].shape
    apart = speak("、", ", ")
    match value:
        case None:
            return ""
        case str() if isinstance(shape, Choice):
            return speak(*shape.options[value])
        case list() if isinstance(shape, ListOf) and isinstance(shape.item, Choice):
            options = shape.item.options
            return apart.join(speak(*options[one]) for one in value)
        case list() if name == "goods":
            return apart.join(
                f"{quantity(line['quantity'], speak.lang)}  {grouped(trace_code(line['batch']))}" for line in value
            )
        case list() if name == "parents":
            return apart.join(one.get("number") or one["statement"][:8] for one in value)
        case list():
            return apart.join(str(one)[:8] for one in value)
    return str(value)
