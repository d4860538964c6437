"""The label on the box: what it is, from where, when and by whom, its trace code, and the QR to all the rest.

`face` composes it, in millimetres; `labels.drawing` draws that face, and so will every other way of printing:
what stands where does not depend on the format. Black only, for thermal printers; a module is whole dots.
"""

from dataclasses import dataclass
from math import ceil
from typing import NamedTuple
from urllib.parse import urlsplit

from labels import qr, typeface
from labels.typeface import BOLD, CAP, MEDIUM
from ledger.errors import LedgerError
from ledger.identity import TraceCode, grouped, read_trace_code


class LabelError(LedgerError):
    """A label that cannot be printed as asked: ``label-size``, ``-dpi``, ``-empty``, ``-qr`` or ``-text``."""


@dataclass(frozen=True)
class Label:
    """What one label says; texts are printed as given, in Chinese. ``url`` is what the QR carries."""

    url: str
    product: str
    quantity: str
    origin: str
    date: str
    producer: str
    trace_code: TraceCode
    lot: str | None = None
    demonstration: bool = False
    maker: str = "生产者"
    """What ``producer`` is to the goods."""


class Size(NamedTuple):
    """Width and height of the paper, in millimetres."""

    width: float
    height: float

    def __str__(self) -> str:
        return f"{self.width:g} × {self.height:g} mm"


SIZES = Size(60, 40), Size(80, 60), Size(40, 30)
STANDARD = SIZES[0]

MODULE = 0.396, 0.990  # mm, the least and the most


class Text(NamedTuple):
    """Characters from (x, y) on, y the base line; ``em`` and places in mm from the upper left corner."""

    x: float
    y: float
    em: float
    weight: int
    text: str
    white: bool = False


class Box(NamedTuple):
    """A black rectangle."""

    x: float
    y: float
    width: float
    height: float


class Symbol(NamedTuple):
    """The QR: its upper left dark corner, the side of a module, and its rows; the quiet zone is around it."""

    x: float
    y: float
    module: float
    rows: list[list[bool]]


class Face(NamedTuple):
    """A composed label, to be drawn in this order."""

    size: Size
    symbol: Symbol
    boxes: list[Box]
    texts: list[Text]


def face(label: Label, size: Size, scale: float) -> Face:
    """Composes ``label`` for paper of ``size`` and a printer of ``scale`` dots a millimetre.

    Raises LabelError when the QR or the texts do not fit, Malformed when the trace code is none.
    """
    if not (20 <= size.width <= 200 and 20 <= size.height <= 200):
        raise LabelError("label-size", has=str(size), wanted="20 to 200 mm each way")
    margin = 1.5 if size.height >= 40 else 1.0
    foot = _foot(label, size, margin)
    symbol = _symbol(label.url, size, foot.top, scale)
    room = symbol.x - qr.QUIET * symbol.module - margin
    body = _body(label, size, room, foot.top - 1.5 * margin)
    texts = [text._replace(x=text.x + margin, y=text.y + margin) for text in body]
    return Face(size, symbol, foot.boxes, texts + foot.texts)


class _Foot(NamedTuple):
    top: float
    boxes: list[Box]
    texts: list[Text]


def _foot(label: Label, size: Size, margin: float) -> _Foot:
    """The trace code in figures as large as the paper is wide, and over it what it is and what it is for."""
    groups = grouped(read_trace_code(label.trace_code)).split()
    room = size.width - 2 * margin
    group, gap = typeface.width(groups[0], 1, BOLD), 0.42
    em = room / (5 * group + 4 * gap)
    line = size.height - margin - 0.1
    texts = [Text(margin + i * (group + gap) * em, line, em, BOLD, text) for i, text in enumerate(groups)]

    small = min(max(size.height * 0.06, 2.2), 3.2)
    line -= CAP * em + 0.35 * small + 0.5
    texts.append(Text(margin, line, small, BOLD, "追溯码"))
    top, right, boxes = line - 1.08 * small, size.width - margin, []
    if label.demonstration:
        words = "演示标签 非真实产品"
        wide = typeface.width(words, small, BOLD) + 0.8 * small
        boxes.append(Box(right - wide, top, wide, 1.36 * small))
        texts.append(Text(right - wide + 0.4 * small, line, small, BOLD, words, white=True))
    else:
        words = typeface.readable(f"扫码查询，或到 {urlsplit(label.url).netloc} 输入此码")
        if typeface.width(words, small, MEDIUM) > room - 3.6 * small:
            words = "扫码或凭码查询"
        texts.append(Text(right - typeface.width(words, small, MEDIUM), line, small, MEDIUM, words))
    boxes.append(Box(margin, top - 0.6, room, 0.25))
    return _Foot(top - 0.6, boxes, texts)


def _symbol(url: str, size: Size, room: float, scale: float) -> Symbol:
    """The QR at the right: large where there is room, never below the least module, in whole dots."""
    rows = qr.matrix(url)
    modules = len(rows) + 2 * qr.QUIET
    least = ceil(MODULE[0] * scale)
    most = min(room, size.width * 0.6)
    if modules * least / scale > most:
        raise LabelError(
            "label-qr",
            size=str(size),
            modules=modules,
            has=f"{most:.1f} mm, {most / modules:.3f} mm a module",
            wanted=f"{modules * least / scale:.1f} mm, {least} dots of {1 / scale:.3f} mm a module",
        )
    dots = min(max(least, int(min(room, size.width * 0.46) * scale / modules)), int(MODULE[1] * scale))
    side = modules * dots / scale
    edge = min((room - side) / 2, 1.0)
    x = round((size.width - side - edge) * scale) / scale
    y = round((room - side) / 2 * scale) / scale
    quiet = qr.QUIET * dots / scale
    return Symbol(x + quiet, y + quiet, dots / scale, rows)


class _Field(NamedTuple):
    """One particular: its caption in full and short, its text, and whether that may lose its end."""

    caption: str
    short: str
    text: str
    may_end: bool


class _Column(NamedTuple):
    """Set text from a corner of its own: its height, where each particular ends, how little it pleases."""

    height: float
    texts: list[Text]
    ends: list[int]
    loss: float


_STEPS = 6
_NAME, _TEXT, _RUN_IN = 2.6, 2.2, 2.1  # mm, the smallest that 203 dots an inch keep legible


def _body(label: Label, size: Size, room: float, height: float) -> list[Text]:
    """The product's name over the particulars, in what sizes and lines look best in ``room`` and ``height``.

    On the smallest paper captions run into their texts, names and addresses lose their end to …, then the lot
    goes; quantity and date never do.
    """
    name = typeface.readable(label.product)
    if not name:
        raise LabelError("label-empty", path="product")
    given = (
        _Field("数量", "数量", label.quantity, False),
        _Field("产地", "产地", label.origin, True),
        _Field("生产日期", "日期", label.date, False),
        _Field(label.maker, label.maker, label.producer, True),
        _Field("批号", "批号", label.lot or "", False),
    )
    fields = [field._replace(text=text) for field in given if (text := typeface.readable(field.text))]
    large = [_between(min(size.height * 0.135, 7.5), _NAME, step) for step in range(_STEPS)]
    small = [_between(min(max(size.height * 0.07, 2.4), 3.6), _TEXT, step) for step in range(_STEPS)]
    titles = [title for step, em in enumerate(large) if (title := _title(name, em, room, 4, step))]
    tables = [
        table
        for step, em in enumerate(small)
        for full in (True, False)
        if (table := _in_columns(fields, full, em, room, step))
    ]
    pairs = [(title, table) for title in titles for table in tables if title.height + table.height <= height]
    if pairs:
        return _stacked(*min(pairs, key=lambda pair: pair[0].loss + pair[1].loss), height)
    without_lot = [field for field in fields if field.caption != "批号"]
    for most, lines, kept in ((3, 3, fields), (2, 2, fields), (2, 2, without_lot), (2, 1, without_lot)):
        title = _title(name, _NAME, room, most, 0, cut=True)
        table = _run_in(kept, _RUN_IN, room, lines)
        if title and table and title.height + table.height <= height:
            return _stacked(title, table, height)
    raise LabelError("label-text", size=str(size), has=f"{room:.1f} × {height:.1f} mm", wanted=name[:80])


def _between(largest: float, smallest: float, step: int) -> float:
    return largest - (largest - smallest) * step / (_STEPS - 1)


def _stacked(title: _Column, table: _Column, height: float) -> list[Text]:
    """One over the other; room that is left goes between the particulars first, then around."""
    spare = height - title.height - table.height
    more = min(spare / (len(table.ends) + 2), 1.2)
    top = (spare - more * len(table.ends)) / 2
    texts = [text._replace(y=text.y + top) for text in title.texts]
    for i, text in enumerate(table.texts):
        above = more * (1 + sum(end <= i for end in table.ends))
        texts.append(text._replace(y=text.y + top + title.height + above))
    return texts


def _title(name: str, em: float, room: float, most: int, step: int, cut: bool = False) -> _Column | None:
    """The name in as few lines as need not make it much smaller."""
    for lines in range(1, most + 1):
        for part in (1.0, 0.92, 0.84, 0.76):
            size = max(em * part, _NAME)
            found = typeface.wrap(name, BOLD, room / size, lines)
            if not found and cut and lines == most:
                found = typeface.shorten(name, BOLD, room / size, lines)
            if found:
                texts = [Text(0, (0.95 + 1.15 * i) * size, size, BOLD, line) for i, line in enumerate(found)]
                return _Column((1.15 * len(found) + 0.2) * size, texts, [], step + len(found) / 2)
    return None


def _in_columns(fields: list[_Field], full: bool, em: float, room: float, step: int) -> _Column | None:
    """Captions, spread to one width as Chinese tables have them, and texts beside them."""
    captions = [field.caption if full else field.short for field in fields]
    wide = max(map(len, captions), default=0) * em
    left = wide + 0.45 * em
    texts: list[Text] = []
    ends = []
    y, lines = 0.88 * em, 0
    for caption, field in zip(captions, fields, strict=True):
        found = typeface.wrap(field.text, MEDIUM, (room - left) / em, 4)
        if found is None:
            return None
        spread = (wide - em) / (len(caption) - 1)
        texts += [Text(i * spread, y, em, MEDIUM, char) for i, char in enumerate(caption)]
        texts += [Text(left, y + 1.22 * i * em, em, MEDIUM, line) for i, line in enumerate(found)]
        ends.append(len(texts))
        lines += len(found)
        y += (1.22 * len(found) + 0.15) * em
    return _Column(y - 0.88 * em, texts, ends, step + 1.5 * lines + (0 if full else 2))


def _run_in(fields: list[_Field], em: float, room: float, most: int) -> _Column | None:
    """Captions run into their texts, which take the whole width: for the smallest paper."""
    texts: list[Text] = []
    ends = []
    y = 0.88 * em
    for field in fields:
        said = f"{field.short} {field.text}"
        found = typeface.wrap(said, MEDIUM, room / em, most if field.may_end else 2)
        if found is None and field.may_end:
            found = typeface.shorten(said, MEDIUM, room / em, most)
        if found is None:
            return None
        texts += [Text(0, y + 1.16 * i * em, em, MEDIUM, line) for i, line in enumerate(found)]
        ends.append(len(texts))
        y += (1.16 * len(found) + 0.05) * em
    return _Column(y - 0.88 * em, texts, ends, 0)
