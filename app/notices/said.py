"""A notice in words: what goes to a webhook as JSON, and to people as a letter; nothing of it was ever sealed."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Any
from zoneinfo import ZoneInfo

import orjson

from app.notices.events import EVENTS, WELCOME, Found, Notice
from app.parties.names import Name, Names
from ledger import b64u, records, wordings
from ledger.identity import ChainId, grouped, mark, trace_code
from ledger.records.shapes import Time
from ledger.sentences import Lang
from ledger.statement import Statement

SHOWN = 50
"""How many batches a notice names; it says how many there are besides."""

IN_LETTER = 10
"""How many of them are read out in its text."""

_SAID = ("reason", "instruction", "deadline", "due", "law")
"""The public fields that are read out; the rest is behind the link."""


@dataclass(frozen=True, slots=True)
class Goods:
    """A batch by name: its product and its owner's own lot."""

    chain: ChainId
    product: Name | None
    lot: str | None

    def say(self, lang: Lang) -> str:
        code = f"{('追溯码 ', 'trace code ')[lang == 'en']}{grouped(trace_code(self.chain))}"
        lot = f"{('批号 ', 'lot ')[lang == 'en']}{self.lot}" if self.lot else ""
        named = f"{self.product.say(lang)} " if self.product else ""
        return f"{named}{lot}{('，', ', ')[lang == 'en'] if lot else ''}{code}"


@dataclass(frozen=True, slots=True)
class Sender:
    """Who tells: the log, by its origin and its public address."""

    origin: str
    public_url: str
    demonstration: bool
    names: Names


def notice_id(*parts: str | int) -> str:
    """The id under which a notice is sent each time: what it is about, what happened, which contact."""
    text = "\n".join(("gengji notice v1", *map(str, parts)))
    return f"notice_{b64u.encode(hashlib.sha256(text.encode()).digest()[:16])}"


def payload(
    sender: Sender,
    notice: Notice,
    statement: Statement,
    index: int,
    contact_id: str,
    party: ChainId,
    goods: Sequence[Goods],
    *,
    more: int = 0,
    regulator: bool = False,
) -> str:
    """The notice to one contact of ``party``, about ``goods`` and ``more`` besides, as JSON."""
    names = sender.names
    by = names.party(statement.actor) if statement.actor else None

    def text(lang: Lang) -> str:
        return _text(names, notice, statement, by, goods, more, lang, regulator=regulator)

    return _json(
        sender,
        notice.event,
        notice_id(sender.origin, statement.hash, notice.event, contact_id),
        names.party(party),
        {"zh": text("zh"), "en": text("en")},
        _leads(notice, statement, goods, regulator=regulator),
        statement={
            "hash": statement.hash,
            "index": index,
            "kind": statement.kind,
            "at": statement.at,
            "by": {"id": by.id, "name": by.zh} if by else None,
        },
        batches=[
            {"code": trace_code(one.chain), "product": one.product.zh if one.product else None, "lot": one.lot}
            for one in goods
        ],
        more=more,
        findings=[
            {"code": one.code, "zh": _finding(names, one, goods, "zh"), "en": _finding(names, one, goods, "en")}
            for one in notice.found[:SHOWN]
        ],
    )


def welcome(sender: Sender, contact_id: str, party: ChainId) -> str:
    """The first notice to a contact, by which its party sees that it works."""
    name = sender.names.party(party)
    text = {
        "zh": f"{name.zh}：今后与贵方货物有关的召回、暂停、解除、发货、拒收和更正都会发到这里。无须回复。",
        "en": f"{name.en}: from now on recalls, holds, releases, shipments, rejections and corrections that concern "
        "your goods come here. There is nothing to answer.",
    }
    return _json(sender, WELCOME, notice_id(sender.origin, WELCOME, contact_id), name, text, "/desk")


def _json(sender: Sender, event: str, id_: str, party: Name, text: Mapping[str, str], leads: str, **more: Any) -> str:
    told = {
        "v": 1,
        "id": id_,
        "event": event,
        "log": sender.origin,
        "demonstration": sender.demonstration,
        "party": {"id": party.id, "name": party.zh},
        "text": text,
        "url": f"{sender.public_url.rstrip('/')}{leads}" if sender.public_url else None,
    }
    return orjson.dumps(told | more).decode()


def _leads(notice: Notice, statement: Statement, goods: Sequence[Goods], *, regulator: bool) -> str:
    """The page to look at: a recall's or a batch's, each by who looks."""
    if notice.event in ("recall", "drill"):
        return f"/audit/recalls/{statement.hash}" if regulator else "/desk"
    if not goods:
        return "/audit" if regulator else "/desk"
    return f"/audit/batches/{mark(goods[0].chain)}" if regulator else f"/t/{mark(goods[0].chain)}"


def _text(
    names: Names,
    notice: Notice,
    statement: Statement,
    by: Name | None,
    goods: Sequence[Goods],
    more: int,
    lang: Lang,
    *,
    regulator: bool,
) -> str:
    side = 0 if lang == "zh" else 1
    stop = ("。", ". ")[side]
    title = EVENTS[notice.event][side]
    who = by.say(lang) if by else statement.log
    lead = f"{title}：{who}" if lang == "zh" else f"{title[:1].upper()}{title[1:]}: {who}"
    said = [lead + stop]
    if goods:
        count = len(goods) + more
        some = ("；", "; ")[side].join(one.say(lang) for one in goods[:IN_LETTER])
        left = count - min(len(goods), IN_LETTER)
        rest = (f"；另有 {left} 批", f"; and {left} more")[side] if left else ""
        mine = notice.hands and not regulator
        whose = (("贵方经手的货：", "Goods that you have or had: ") if mine else ("货物：", "Goods: "))[side]
        said.append(f"{whose}{some}{rest}{stop}")
    known = records.KINDS.get(statement.kind)
    for name in _SAID:
        value = statement.body.get(name)
        field = known.by_name.get(name) if known else None
        if field is not None and isinstance(value, str):
            label = field.zh if lang == "zh" else field.en[:1].upper() + field.en[1:]
            when = isinstance(field.shape, Time)
            words = _local(value, names.registry.time_zone) if when else value.rstrip("。. ")
            said.append(f"{label}{('：', ': ')[side]}{words}{stop}")
    said += [_finding(names, one, goods, lang) + ("", " ")[side] for one in notice.found[:IN_LETTER]]
    return "".join(said).strip()


def _local(at: str, zone: str) -> str:
    """A time as on the wire, on the clocks of the log's own place."""
    return f"{datetime.fromisoformat(at).astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M}"


def _finding(names: Names, one: Found, goods: Sequence[Goods], lang: Lang) -> str:
    """A finding in words, parties and products named."""
    product = next((lot.product.say(lang) for lot in goods if lot.product and lot.chain == one.batch), "")
    params = {key: name.say(lang) if (name := names.of(value)) else value for key, value in one.params.items()}
    return wordings.say_finding(one.code, params | ({"product": product} if product else {}), lang)


# --- as a letter ---------------------------------------------------------------------------------------------------


def letter(text: str, sender: Address, to: str, now: float) -> EmailMessage:
    """A payload as an e-mail: Chinese first, then English, then the page; ``now`` is in seconds.

    Its Message-ID is the notice's id: who gets it twice has one letter.
    """
    told = orjson.loads(text)
    zh, en = EVENTS[told["event"]]
    first = next((one["product"] for one in told.get("batches", ()) if one["product"]), "")
    about = f"：{first}" if first else ""
    drill = "【演示】" if told["demonstration"] else ""
    mail = EmailMessage()
    # What is named freely has no line of its own in a letter's head.
    mail["Subject"] = " ".join(f"{drill}【耕迹】{zh}{about} · {en}".split())
    mail["From"] = sender
    mail["To"] = to
    mail["Date"] = format_datetime(datetime.fromtimestamp(now, UTC))
    mail["Message-ID"] = f"<{told['id']}@{sender.domain}>"
    mail["Auto-Submitted"] = "auto-generated"
    link = f"\n\n查看 · See: {told['url']}" if told["url"] else ""
    end = "这封邮件由溯源总账自动发出；要停止接收，请由本主体的管理员在“我的”页面删除这个地址。\n"
    end += "Sent by the ledger by itself; the manager of your party removes this address on the page “My desk”."
    mail.set_content(f"{told['text']['zh']}\n\n{told['text']['en']}{link}\n\n-- \n{told['log']}\n{end}\n")
    return mail
