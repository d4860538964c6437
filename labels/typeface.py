"""The letters on labels: Noto Sans SC, measured, broken into lines, given as dots and as outlines.

Sizes are the height of the em square on which Chinese characters are drawn; one fills about 0.92 of it.
A character that the typeface lacks is set as 〓, as printers do.
"""

import unicodedata
from collections.abc import Iterable, Mapping
from functools import cache, lru_cache
from importlib.resources import files
from io import BytesIO
from threading import RLock
from typing import Any, NamedTuple

from fontTools.fontBuilder import FontBuilder
from fontTools.pens.basePen import BasePen
from fontTools.pens.recordingPen import DecomposingRecordingPen
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib import TTFont
from PIL import Image, ImageDraw, ImageFont

EM = 1000  # units of the outlines
CAP = 0.733  # height of capitals and figures, in em
REGULAR, MEDIUM, BOLD = 400, 500, 700

_LACKING = "〓"
_NOT_FIRST = frozenset("、。，．：；？！）］｝」』】〉》〕’”％…—·～,.:;?!)]}%°℃")
_NOT_LAST = frozenset("（［｛「『【〈《〔‘“([{￥$")


class Dots(NamedTuple):
    """One character at one size: black dots, and where their box stands from the pen on the base line."""

    box: Image.Image
    left: int
    top: int


class Program(NamedTuple):
    """A typeface of a few characters, as documents carry it: TrueType, with the glyph of each and its width."""

    data: bytes
    glyphs: Mapping[str, int]
    widths: list[int]


def readable(text: str) -> str:
    """``text`` as characters that can be set: NFC, single spaces, nothing invisible, 〓 for what lacks."""
    one = " ".join(unicodedata.normalize("NFC", text).split())
    seen = (char for char in one if unicodedata.category(char) not in ("Cf", "Cc", "Mn", "Me"))
    return "".join(char if ord(char) in _characters() else _LACKING for char in seen)


def width(text: str, em: float, weight: int) -> float:
    """How far ``text`` reaches, in the unit of ``em``."""
    return sum(_advance(char, weight) for char in text) * em / EM


def wrap(text: str, weight: int, room: float, lines: int) -> list[str] | None:
    """``text`` in at most ``lines`` lines that fit ``room`` (in em), or None.

    Chinese breaks between any two characters but not before closing or after opening marks; words, numbers
    and what stands in brackets stay whole where the room lets them. The lines are made as equal as can be.
    """
    pieces = _pieces(text, weight, room)
    found = _fill(pieces, room)
    if len(found) > lines or any(piece.bare > room for piece in pieces):
        return None
    low, high = sum(piece.reach for piece in pieces) / max(len(found), 1), room
    while len(found) > 1 and high - low > 0.25:
        middle = (low + high) / 2
        if len(even := _fill(pieces, middle)) > len(found):
            low = middle
        else:
            high, found = middle, even
    return found


def shorten(text: str, weight: int, room: float, lines: int) -> list[str] | None:
    """As `wrap`, with as much of the end as must go replaced by …"""
    low, high = 0, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        if wrap(text[:middle].rstrip() + "…", weight, room, lines):
            low = middle
        else:
            high = middle - 1
    return wrap(text[:low].rstrip() + "…", weight, room, lines) if low else None


class _Piece(NamedTuple):
    """Characters between two breaks; ``reach`` with the space that may end them, ``bare`` without, in em."""

    text: str
    reach: float
    bare: float


def _pieces(text: str, weight: int, room: float) -> list[_Piece]:
    found: list[_Piece] = []
    for piece in _measured(text, weight, True):
        if piece.bare <= room:
            found.append(piece)
        else:
            for word in _measured(piece.text, weight, False):
                found += [word] if word.bare <= room else (_measure(char, weight) for char in word.text)
    return found


@lru_cache(maxsize=2048)
def _measured(text: str, weight: int, whole: bool) -> tuple[_Piece, ...]:
    return tuple(_measure(word, weight) for word in _words(text, whole))


def _measure(text: str, weight: int) -> _Piece:
    return _Piece(text, width(text, 1, weight), width(text.rstrip(), 1, weight))


def _words(text: str, whole: bool) -> list[str]:
    """The pieces between which a line may end, each with the space after it; ``whole`` keeps brackets together."""
    words: list[str] = []
    depth = 0
    for char in text:
        before = words[-1] if words else ""
        joins = before and (
            (whole and depth > 0)
            or char == " "
            or char in _NOT_FIRST
            or before[-1] in _NOT_LAST
            or (_is_narrow(char) and _is_narrow(before[-1]))
        )
        if joins:
            words[-1] += char
        else:
            words.append(char)
        depth = max(depth + (char in "（(") - (char in "）)"), 0)
    return words


def _is_narrow(char: str) -> bool:
    return char != " " and unicodedata.east_asian_width(char) not in ("W", "F")


def _fill(pieces: list[_Piece], room: float) -> list[str]:
    lines: list[str] = []
    reach = 0.0
    for piece in pieces:
        if lines and reach + piece.bare <= room:
            lines[-1] += piece.text
            reach += piece.reach
        else:
            lines.append(piece.text)
            reach = piece.reach
    return [line.rstrip() for line in lines]


@lru_cache(maxsize=8192)
def dots(char: str, size: int, weight: int) -> Dots:
    """``char`` on an em of ``size`` dots, black or white, fitted to the dots so that no stroke is lost."""
    pad = size
    with _drawing:
        box = Image.new("1", (size * 3, size * 3))
        draw = ImageDraw.Draw(box)
        draw.fontmode = "1"
        draw.text((pad, 2 * pad), char, fill=1, font=_sized(size, weight), anchor="ls")
    edge = box.getbbox() or (pad, 2 * pad, pad + 1, 2 * pad + 1)
    return Dots(box.crop(edge), edge[0] - pad, edge[1] - 2 * pad)


def outline(text: str, weight: int) -> str:
    """``text`` as one SVG path: 1000 units to the em, y upwards, the pen starting at 0 0."""
    path = []
    at = 0
    for char in text:
        path += [f"M{at + x} {y}{rest}" for x, y, rest in _contours(char, weight)]
        at += _advance(char, weight)
    return "".join(path)


def program(characters: Iterable[str], weight: int) -> Program:
    """The typeface cut down to ``characters``, without the tables that a page does not ask for (ISO 32000-2 §9.9)."""
    chars = sorted(set(characters))
    names = [".notdef", *(f"c{ord(char):x}" for char in chars)]
    with _drawing:
        glyphs = [_glyph(".notdef", weight), *(_glyph(_characters()[ord(char)], weight) for char in chars)]
        widths = [EM, *(_advance(char, weight) for char in chars)]
        # Neither name nor time of its own: the same characters are the same bytes.
        font = FontBuilder(EM, isTTF=True)
        font.font.recalcTimestamp = False
        font.setupHead(unitsPerEm=EM, created=0, modified=0)
        font.setupGlyphOrder(names)
        font.setupGlyf(dict(zip(names, glyphs, strict=True)))
        lefts = [glyph.xMin if glyph.numberOfContours else 0 for glyph in glyphs]
        font.setupHorizontalMetrics(dict(zip(names, zip(widths, lefts, strict=True), strict=True)))
        font.setupHorizontalHeader(ascent=880, descent=-120)
        font.setupPost(keepGlyphNames=False)
        data = BytesIO()
        font.save(data)
    return Program(data.getvalue(), {char: 1 + i for i, char in enumerate(chars)}, widths)


@lru_cache(maxsize=8192)
def _glyph(name: str, weight: int) -> Any:
    """The outlines of a glyph, made of nothing but itself."""
    drawn, pen = DecomposingRecordingPen(_glyphs(weight)), TTGlyphPen(None)
    _glyphs(weight)[name].draw(drawn)
    drawn.replay(pen)
    return pen.glyph()


@lru_cache(maxsize=8192)
def _contours(char: str, weight: int) -> tuple[tuple[int, int, str], ...]:
    """The contours of ``char``: where each starts, and its way from there in relative steps."""
    with _drawing:
        glyphs = _glyphs(weight)
        pen = _Pen(glyphs)
        glyphs[_characters()[ord(char)]].draw(pen)
    return tuple((x, y, "".join(steps) + "z") for x, y, steps in pen.contours)


class _Pen(BasePen):  # type: ignore[misc]  # fontTools carries no types
    """Writes contours as relative SVG steps in whole units, so that a glyph can be set down anywhere."""

    def __init__(self, glyphs: Any) -> None:
        super().__init__(glyphs)
        self.contours: list[tuple[int, int, list[str]]] = []
        self.x = self.y = 0

    def _moveTo(self, point: tuple[float, float]) -> None:
        self.x, self.y = round(point[0]), round(point[1])
        self.contours.append((self.x, self.y, []))

    def _lineTo(self, point: tuple[float, float]) -> None:
        self._step("l", point)

    def _qCurveToOne(self, control: tuple[float, float], point: tuple[float, float]) -> None:
        self._step("q", control, point)

    def _step(self, verb: str, *points: tuple[float, float]) -> None:
        whole = [(round(x), round(y)) for x, y in points]
        self.contours[-1][2].append(verb + " ".join(f"{x - self.x} {y - self.y}" for x, y in whole))
        self.x, self.y = whole[-1]


# The typeface's file and Pillow's faces keep a position of their own: one thread at a time.
_drawing = RLock()


@cache
def _file() -> str:
    return str(files("justmytype_intl_cjk") / "fonts" / "ofl" / "notosanssc" / "NotoSansSC[wght].ttf")


@cache
def _typeface() -> Any:
    return TTFont(_file(), lazy=True)


@cache
def _characters() -> dict[int, str]:
    with _drawing:
        found: dict[int, str] = _typeface().getBestCmap()
    return found


@cache
def _glyphs(weight: int) -> Any:
    return _typeface().getGlyphSet(location={"wght": weight})


@lru_cache(maxsize=8)  # each maps the typeface anew
def _sized(size: int, weight: int) -> ImageFont.FreeTypeFont:
    font = ImageFont.truetype(_file(), size, layout_engine=ImageFont.Layout.BASIC)
    font.set_variation_by_axes([weight])
    return font


@lru_cache(maxsize=8192)
def _advance(char: str, weight: int) -> int:
    with _drawing:
        reach: float = _glyphs(weight)[_characters()[ord(char)]].width
    return round(reach)
