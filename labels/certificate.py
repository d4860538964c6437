"""The promise on paper: 承诺达标合格证 as PDF, on A4 and on a label of 80 × 60 mm.

What it must say: name, quantity, origin, day of issue, who promises and how to reach them, what is promised and on
which basis (农产品质量安全承诺达标合格证管理办法, MARA Order 4 of 2025; promise: its §2 and 农产品质量安全法 §39). The
QR leads to the batch's page; the line at the foot names the signed statement that this paper is a picture of.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Literal, NamedTuple, TypeAlias

from labels import qr, typeface
from labels.label import MODULE, Box, LabelError, Size, Symbol, Text
from labels.pdf import About, Frame, Sheet, Stamp, document
from labels.typeface import BOLD, CAP, MEDIUM
from ledger.identity import StatementHash, TraceCode, grouped, read_trace_code

Lang: TypeAlias = Literal["zh", "en"]

PAPERS = {"a4": Size(210, 297), "label": Size(80, 60)}
NAME = "承诺达标合格证"


@dataclass(frozen=True)
class Certificate:
    """What one certificate says; names and amounts are printed as given. ``url`` is what the QR carries."""

    url: str
    trace_code: TraceCode
    statement: StatementHash
    form: str
    """``own`` for what its party grew or raised, ``buyer`` for what it bought."""
    product: str
    quantity: str
    origin: str
    party: str
    issued: str
    """YYYY-MM-DD."""
    basis: Collection[str]
    """Of ``BASES``."""
    number: str | None = None
    contact: str | None = None
    parents: Sequence[str] = ()
    """What the certificates are called that it was made out from."""
    void: str | None = None
    """Why it no longer holds; a void one is drawn with 作废 across."""
    demonstration: bool = False
    lang: Lang = "zh"


BASES = {
    "control": ("质量安全控制符合要求", "quality and safety controls kept"),
    "self_tested": ("自行检测合格", "passed its own test"),
    "commissioned": ("委托检测合格", "passed a commissioned test"),
}
FORMS = {"own": ("生产者", "producer"), "buyer": ("收购者", "buyer")}
_TITLE = "Certificate of Committed Compliance"
_PROMISE = ("我承诺，销售的农产品：", "I promise that the produce I sell:")
_PROMISED = (
    (
        "未使用禁用农药、兽药及其他化合物；",
        "was produced without banned pesticides, veterinary drugs or other compounds;",
    ),
    ("使用的常规农药、兽药残留不超标。", "holds residues of permitted pesticides and drugs within their limits."),
)
_BASIS = ("承诺依据：", "Basis of the promise:")
_SCAN = ("扫码查看全程记录并核验签名", "Scan for the whole record, and to check the signatures")
_SIGNED = ("签名凭证", "Signed record")
_VERIFY = ("核验：扫码页面，或 gengji verify", "Check it on the page behind the code, or with gengji verify")
_CODE = ("追溯码", "Trace code")
_DEMONSTRATION = ("演示 非真实产品", "Demonstration only")
_STAMP = ("作废", "作废 VOID")


def pdf(certificate: Certificate, paper: str = "a4") -> bytes:
    """``certificate`` on one of ``PAPERS``; the same one is the same bytes, always.

    Raises LabelError ``label-empty``, ``-qr`` or ``-text`` where it cannot be drawn.
    """
    sheet = {"a4": _page, "label": _label}[paper](certificate, PAPERS[paper])
    lang, party = certificate.lang, typeface.readable(certificate.party)
    about = About(
        title=f"{NAME} {typeface.readable(certificate.product)}",
        author=party,
        subject=f"{_SIGNED[0]} {certificate.statement}",
        day=certificate.issued,
        lang="zh-CN" if lang == "zh" else "en",
    )
    return document([sheet], about)


# --- what it says --------------------------------------------------------------------------------------------------


class _Row(NamedTuple):
    """A particular: what it is called, what it says, and whether that may lose its end on the smallest paper."""

    caption: str
    text: str
    weight: int = MEDIUM
    may_end: bool = True


def _rows(certificate: Certificate) -> list[_Row]:
    say = _say(certificate.lang)
    comma = say(("、", ", "))
    party = f"{certificate.party}{say(('（{}）', ' ({})')).format(say(FORMS[certificate.form]))}"
    given = (
        _Row(say(("作废原因", "Void because")), certificate.void or "", BOLD),
        _Row(say(("农产品名称", "Produce")), certificate.product, BOLD),
        _Row(say(("数量", "Quantity")), certificate.quantity, MEDIUM, False),
        _Row(say(("产地", "Origin")), certificate.origin),
        _Row(say(("承诺主体", "Promised by")), party),
        _Row(say(("联系方式", "Contact")), certificate.contact or ""),
        _Row(say(("开具日期", "Issued on")), certificate.issued, MEDIUM, False),
        _Row(say(("合格证编号", "Number")), certificate.number or ""),
        _Row(say(("来源合格证", "Made out from")), comma.join(certificate.parents)),
    )
    return [row._replace(text=text) for row in given if (text := typeface.readable(row.text))]


def _say(lang: Lang) -> Callable[[tuple[str, str]], str]:
    return itemgetter(0 if lang == "zh" else 1)


# --- blocks, each from a corner of its own -------------------------------------------------------------------------


_MOST = 40
"""Lines that one particular may take."""
_STEPS = 13


class _Block(NamedTuple):
    """Set text and what is drawn with it, from (0, 0) downwards, and how high all of it is."""

    height: float
    texts: list[Text]
    frames: Sequence[Frame] = ()
    ends: Sequence[float] = ()
    """Where each row of a table ends."""

    def at(self, x: float, y: float) -> "_Block":
        texts = [text._replace(x=text.x + x, y=text.y + y) for text in self.texts]
        frames = [frame._replace(x=frame.x + x, y=frame.y + y) for frame in self.frames]
        return _Block(self.height, texts, frames, [end + y for end in self.ends])


def _table(rows: Sequence[_Row], room: float, height: float, sizes: tuple[float, float], gap: float) -> _Block:
    """The particulars as large as ``height`` lets them be; at the smallest size names may lose their end to …"""
    large, small = sizes
    full = [_MOST] * len(rows)
    for step in range(_STEPS):
        em = large - (large - small) * step / (_STEPS - 1)
        if (block := _set(rows, room, em, gap, full)) and block.height <= height:
            return block
    lines = [1] * len(rows)
    found = _set(rows, room, small, gap / 2, lines, cut=True)
    found = found if found and found.height <= height else None
    growing = [place for place, row in enumerate(rows) if row.may_end] if found else []
    while growing:
        for place in [*growing]:
            more = [*lines[:place], lines[place] + 1, *lines[place + 1 :]]
            block = _set(rows, room, small, gap / 2, more, cut=True)
            # What is whole by now takes no more lines, and what does not fit now never will.
            if block and found and found.height < block.height <= height:
                lines, found = more, block
            else:
                growing.remove(place)
    if found is None:
        has = f"{room:.1f} × {height:.1f} mm"
        raise LabelError("label-text", size=has, has=has, wanted=rows[0].text[:80])
    return found


def _set(
    rows: Sequence[_Row], room: float, em: float, gap: float, most: Sequence[int], cut: bool = False
) -> _Block | None:
    """The rows in at most so many lines each; None where one has no room and may not be ``cut``."""
    left = max(typeface.width(row.caption, em, MEDIUM) for row in rows) + 0.8 * em
    wide = (room - left) / em
    texts: list[Text] = []
    ends: list[float] = []
    y = 0.0
    for row, lines in zip(rows, most, strict=True):
        found = typeface.wrap(row.text, row.weight, wide, lines if row.may_end else _MOST)
        if found is None and cut and row.may_end:
            found = typeface.shorten(row.text, row.weight, wide, lines)
        if found is None:
            return None
        y += gap * em
        texts.append(Text(0, y + 0.9 * em, em, MEDIUM, row.caption))
        texts += [Text(left, y + (0.9 + 1.3 * i) * em, em, row.weight, line) for i, line in enumerate(found)]
        y += (1.3 * len(found) - 0.1 + gap) * em
        ends.append(y)
    return _Block(y, texts, (), ends)


def _lines(text: str, em: float, room: float, weight: int = MEDIUM, most: int = 4) -> _Block:
    """A paragraph."""
    found = typeface.wrap(text, weight, room / em, most) or typeface.shorten(text, weight, room / em, most) or []
    texts = [Text(0, (0.92 + 1.35 * i) * em, em, weight, line) for i, line in enumerate(found)]
    return _Block(1.35 * em * len(found), texts)


def _basis(certificate: Certificate, em: float, room: float) -> _Block:
    """All that a promise may rest on, with a tick for what this one does."""
    say = _say(certificate.lang)
    head = say(_BASIS)
    texts, frames = [Text(0, 0.92 * em, em, BOLD, head)], []
    left = x = typeface.width(head, em, BOLD) + 0.3 * em
    y = 0.0
    for basis, words in BASES.items():
        said = say(words)
        wide = typeface.width(said, em, MEDIUM) + 1.25 * em
        if x > left and x + wide > room:
            x, y = left, y + 1.45 * em
        frames.append(Frame(x, y + 0.1 * em, 0.9 * em, 0.9 * em, 0.07 * em))
        if basis in certificate.basis:
            texts.append(Text(x - 0.02 * em, y + 0.9 * em, em, BOLD, "√"))
        texts.append(Text(x + 1.2 * em, y + 0.92 * em, em, MEDIUM, said))
        x += wide + 0.9 * em
    return _Block(y + 1.35 * em, texts, frames)


def _symbol(certificate: Certificate, right: float, top: float, room: float, most: float) -> Symbol:
    """The QR, its quiet zone within ``room`` square, in the upper right corner at (right, top)."""
    rows = qr.matrix(certificate.url)
    side = min(room / (len(rows) + 2 * qr.QUIET), most)
    if side < MODULE[0]:
        wanted = f"{MODULE[0]} mm a module"
        raise LabelError("label-qr", size=f"{room:g} mm", modules=len(rows), has=f"{side:.3f} mm", wanted=wanted)
    return Symbol(right - (len(rows) + qr.QUIET) * side, top + qr.QUIET * side, side, rows)


def _badge(certificate: Certificate, right: float, top: float, em: float) -> tuple[list[Box], list[Text]]:
    """White on black: that a demonstration's goods are none."""
    if not certificate.demonstration:
        return [], []
    words = _say(certificate.lang)(_DEMONSTRATION)
    wide = typeface.width(words, em, BOLD) + 0.8 * em
    text = Text(right - wide + 0.4 * em, top + 1.06 * em, em, BOLD, words, white=True)
    return [Box(right - wide, top, wide, 1.4 * em)], [text]


def _centred(text: str, middle: float, y: float, em: float, weight: int) -> Text:
    return Text(middle - typeface.width(text, em, weight) / 2, y, em, weight, text)


def _code(certificate: Certificate) -> str:
    return f"{_say(certificate.lang)(_CODE)} {grouped(read_trace_code(certificate.trace_code))}"


def _checked(certificate: Certificate) -> list[_Row]:
    rows = _rows(certificate)
    if not typeface.readable(certificate.product):
        raise LabelError("label-empty", path="product")
    return rows


# --- A4 ------------------------------------------------------------------------------------------------------------


def _page(certificate: Certificate, size: Size) -> Sheet:
    say = _say(certificate.lang)
    margin, room = 22.0, size.width - 44
    middle, foot = size.width / 2, size.height - 70
    frames = [
        Frame(9, 9, size.width - 18, size.height - 18, 0.9),
        Frame(11.2, 11.2, size.width - 22.4, size.height - 22.4, 0.25),
    ]
    texts = [
        _centred(NAME, middle, 48, 21, BOLD),
        _centred(_TITLE, middle, 59, 5.6, MEDIUM),
    ]
    promise = list(_stacked(_promise_blocks(certificate, 5, room), 1.6))
    below = foot - 5 - promise[-1].height
    table = _table(_checked(certificate), room, below - 74, (6, 2.9), 0.5).at(margin, 68)
    boxes = [Box(margin, y - 0.1, room, 0.2) for y in (68.0, *table.ends)]
    boxes.append(Box(margin, foot, room, 0.4))
    spare = max(0.0, below - 68 - table.height)
    words = promise[-1].at(margin, 68 + table.height + spare / 2)
    symbol = _symbol(certificate, size.width - margin + 4, foot + 1, 54, 1.3)
    wide = symbol.x - qr.QUIET * symbol.module - margin
    said = [
        _lines(_code(certificate), 4.6, wide, BOLD, 2),
        _lines(say(_SCAN), 3.6, wide),
        _lines(say(_SIGNED), 3.6, wide, BOLD),
        _lines(certificate.statement, 3.0, wide, MEDIUM, 2),
        _lines(say(_VERIFY), 3.0, wide),
    ]
    low = list(_stacked(said, 2.2))[-1].at(margin, foot + 6)
    badge_boxes, badge_texts = _badge(certificate, size.width - margin, 15.5, 4.0)
    return Sheet(
        size,
        [*texts, *table.texts, *words.texts, *low.texts, *badge_texts],
        [*boxes, *badge_boxes],
        [*frames, *words.frames],
        [symbol],
        _stamps(certificate, size, 66, 38),
    )


def _promise_blocks(certificate: Certificate, em: float, room: float) -> list[_Block]:
    say = _say(certificate.lang)
    points = [_lines(say(words), em, room - 2 * em).at(2 * em, 0) for words in _PROMISED]
    return [_lines(say(_PROMISE), em, room, BOLD), *points, _basis(certificate, em, room)]


def _stacked(blocks: Sequence[_Block], gap: float) -> Iterator[_Block]:
    """One under the other, growing: the last one given has them all."""
    texts: list[Text] = []
    frames: list[Frame] = []
    y = 0.0
    for block in blocks:
        moved = block.at(0, y)
        texts, frames = [*texts, *moved.texts], [*frames, *moved.frames]
        y += block.height
        yield _Block(y, texts, frames)
        y += gap


def _stamps(certificate: Certificate, size: Size, em: float, degrees: float) -> list[Stamp]:
    if certificate.void is None:
        return []
    words = _say(certificate.lang)(_STAMP)
    em = min(em, 0.7 * size.width / typeface.width(words, 1, BOLD))
    return [Stamp(size.width * 0.42, size.height * 0.52, em, degrees, words)]


# --- the label -----------------------------------------------------------------------------------------------------


def _label(certificate: Certificate, size: Size) -> Sheet:
    say = _say(certificate.lang)
    margin, room = 2.2, size.width - 4.4
    symbol = _symbol(certificate, size.width - 0.6, 0.6, 25, MODULE[1])
    beside = symbol.x - qr.QUIET * symbol.module - margin
    title = min(6.9, beside / typeface.width(NAME, 1, BOLD))
    head = 1.8 + title
    texts = [Text(margin, 1.4 + CAP * title + 0.5, title, BOLD, NAME)]

    fine = 1.75
    low = size.height - 1.8
    said = f"{say(_SIGNED)} {certificate.statement}"
    foot = min(fine, room / typeface.width(said, 1, MEDIUM))
    texts.append(Text(margin, low, foot, MEDIUM, said))
    low -= 1.35 * fine
    code = _code(certificate)
    texts.append(Text(margin, low, 2.5, BOLD, code))
    badge_boxes, badge_texts = _badge(certificate, size.width - margin, low - 2.3, 2.1)
    low -= 3.1
    boxes = [Box(margin, low, room, 0.2)]

    said = "".join((say(_PROMISE), *(say(words) + say(("", " ")) for words in _PROMISED)))
    said = said if certificate.lang == "zh" else said.replace(":", ": ", 1)
    promise = list(_stacked([_lines(said, 2.05, room), _basis(certificate, 2.05, room)], 0.25))[-1]
    top = low - 0.5 - promise.height
    promise = promise.at(margin, top)
    boxes.append(Box(margin, top - 0.7, room, 0.2))
    room_left = top - 1.0 - head
    table = _table(_checked(certificate), beside, room_left, (2.9, 1.95), 0.16)
    table = table.at(margin, head + max(0, min((room_left - table.height) / 2, 2)))
    return Sheet(
        size,
        [*texts, *table.texts, *promise.texts, *badge_texts],
        [*boxes, *badge_boxes],
        promise.frames,
        [symbol],
        _stamps(certificate, size, 21, 28),
    )
