"""Paper as PDF (ISO 32000-2): sheets of texts, rules and symbols, each in its true size, with its letters embedded.

Small because a sheet is: lines of text, black rectangles, a QR of rectangles. Text stays text, to be searched, copied
and read aloud. The same sheets are the same bytes: the day is the document's own and the identifier its hash.
"""

import math
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from hashlib import sha256
from typing import NamedTuple

from labels import typeface
from labels.label import Box, Size, Symbol, Text
from labels.typeface import BOLD, CAP, EM, Program

POINT = 72 / 25.4
"""Points in a millimetre."""


class Frame(NamedTuple):
    """The outline of a rectangle, its ``line`` so many mm wide."""

    x: float
    y: float
    width: float
    height: float
    line: float


class Stamp(NamedTuple):
    """Words in red across what else stands there, which shows through; turned around their middle."""

    x: float
    y: float
    em: float
    degrees: float
    text: str


class Sheet(NamedTuple):
    """A page. Places are in mm from the upper left corner."""

    size: Size
    texts: Sequence[Text] = ()
    boxes: Sequence[Box] = ()
    frames: Sequence[Frame] = ()
    symbols: Sequence[Symbol] = ()
    stamps: Sequence[Stamp] = ()


class About(NamedTuple):
    """What readers say of the document; ``day`` as YYYY-MM-DD, ``lang`` as in BCP 47."""

    title: str
    author: str
    subject: str
    day: str
    lang: str


def document(sheets: Sequence[Sheet], about: About) -> bytes:
    """``sheets`` as one file."""
    programs = _programs(sheets)
    objects: list[bytes] = []

    def add(body: bytes) -> int:
        objects.append(body)
        return len(objects)

    catalog, pages = add(b""), add(b"")
    fonts = {weight: _font(add, weight, program) for weight, program in programs.items()}
    named = " ".join(f"/F{weight} {number} 0 R" for weight, number in fonts.items())
    kids = []
    for sheet in sheets:
        drawn = add(_stream(" ".join(_drawn(sheet, programs)).encode("ascii")))
        box = f"[0 0 {_n(sheet.size.width * POINT)} {_n(sheet.size.height * POINT)}]"
        uses = f"<</Font<<{named}>>/ExtGState<</Through<</ca 0.45>>>>>>"
        page = f"<</Type/Page/Parent {pages} 0 R/MediaBox {box}/Resources{uses}/Contents {drawn} 0 R>>"
        kids.append(add(page.encode("ascii")))
    listed = " ".join(f"{kid} 0 R" for kid in kids)
    objects[pages - 1] = f"<</Type/Pages/Count {len(kids)}/Kids[{listed}]>>".encode("ascii")
    lead = f"<</Type/Catalog/Pages {pages} 0 R/Lang({about.lang})/ViewerPreferences<</DisplayDocTitle true>>>>"
    objects[catalog - 1] = lead.encode("ascii")
    return _file(objects, catalog, add(_info(about)))


# --- what is drawn -------------------------------------------------------------------------------------------------


def _drawn(sheet: Sheet, programs: dict[int, Program]) -> Iterator[str]:
    """The page's content: millimetres from the lower left corner, as PDF counts."""
    height = sheet.size.height
    yield f"{_n(POINT)} 0 0 {_n(POINT)} 0 0 cm"
    for box in sheet.boxes:
        yield f"{_n(box.x)} {_n(height - box.y - box.height)} {_n(box.width)} {_n(box.height)} re"
    for symbol in sheet.symbols:
        yield from _modules(symbol, height)
    yield "f"
    for frame in sheet.frames:
        low = height - frame.y - frame.height
        yield f"{_n(frame.line)} w {_n(frame.x)} {_n(low)} {_n(frame.width)} {_n(frame.height)} re S"
    yield "BT"
    for text in sheet.texts:
        shown = _shown(text.text, programs[text.weight])
        yield f"{int(text.white)} g /F{text.weight} {_n(text.em)} Tf"
        yield f"1 0 0 1 {_n(text.x)} {_n(height - text.y)} Tm {shown} Tj"
    yield "ET"
    for stamp in sheet.stamps:
        turn = math.radians(stamp.degrees)
        cos, sin = math.cos(turn), math.sin(turn)
        left, low = -typeface.width(stamp.text, stamp.em, BOLD) / 2, -CAP * stamp.em / 2
        x, y = stamp.x + left * cos - low * sin, height - stamp.y + left * sin + low * cos
        yield f"q /Through gs 0.8 0 0 rg BT /F{BOLD} {_n(stamp.em)} Tf"
        yield f"{_n(cos)} {_n(sin)} {_n(-sin)} {_n(cos)} {_n(x)} {_n(y)} Tm"
        yield f"{_shown(stamp.text, programs[BOLD])} Tj ET Q"


def _modules(symbol: Symbol, height: float) -> Iterator[str]:
    """The dark modules as rectangles one module high, neighbours in a row as one."""
    side = symbol.module
    for row, modules in enumerate(symbol.rows):
        at = 0
        while at < len(modules):
            end = at
            while end < len(modules) and modules[end] is modules[at]:
                end += 1
            if modules[at]:
                left, low = symbol.x + at * side, height - symbol.y - (row + 1) * side
                yield f"{_n(left)} {_n(low)} {_n((end - at) * side)} {_n(side)} re"
            at = end


def _shown(text: str, program: Program) -> str:
    return f"<{''.join(f'{program.glyphs[char]:04x}' for char in text)}>"


# --- its letters ---------------------------------------------------------------------------------------------------


def _programs(sheets: Iterable[Sheet]) -> dict[int, Program]:
    """The typeface in each weight, cut down to what the sheets say in it."""
    said: dict[int, set[str]] = {}
    for sheet in sheets:
        for text in sheet.texts:
            said.setdefault(text.weight, set()).update(text.text)
        for stamp in sheet.stamps:
            said.setdefault(BOLD, set()).update(stamp.text)
    return {weight: typeface.program(characters, weight) for weight, characters in sorted(said.items())}


def _font(add: Callable[[bytes], int], weight: int, program: Program) -> int:
    """A composite font whose codes are its glyphs (§9.7), with the way back from them to characters (§9.10.3)."""
    tag = "".join(chr(ord("A") + byte % 26) for byte in sha256(program.data).digest()[:6])
    name = f"/{tag}+NotoSansSC-{weight}"
    embedded = add(_stream(program.data, f"/Length1 {len(program.data)}"))
    descriptor = add(
        f"<</Type/FontDescriptor/FontName{name}/Flags 4/FontBBox[-1002 -1048 2928 1808]/ItalicAngle 0/Ascent 880"
        f"/Descent -120/CapHeight {round(CAP * EM)}/StemV {weight // 5}/FontFile2 {embedded} 0 R>>".encode("ascii")
    )
    widths = " ".join(map(str, program.widths))
    glyphs = add(
        f"<</Type/Font/Subtype/CIDFontType2/BaseFont{name}/CIDSystemInfo<</Registry(Adobe)/Ordering(Identity)"
        f"/Supplement 0>>/FontDescriptor {descriptor} 0 R/CIDToGIDMap/Identity/W[0[{widths}]]>>".encode("ascii")
    )
    back = add(_stream(_to_unicode(program)))
    return add(
        f"<</Type/Font/Subtype/Type0/BaseFont{name}/Encoding/Identity-H/DescendantFonts[{glyphs} 0 R]"
        f"/ToUnicode {back} 0 R>>".encode("ascii")
    )


def _to_unicode(program: Program) -> bytes:
    pairs = [f"<{glyph:04x}> <{char.encode('utf-16-be').hex()}>" for char, glyph in program.glyphs.items()]
    blocks = [pairs[at : at + 100] for at in range(0, len(pairs), 100)]
    lines = [
        "/CIDInit /ProcSet findresource begin 12 dict begin begincmap",
        "/CIDSystemInfo <</Registry (Adobe) /Ordering (UCS) /Supplement 0>> def",
        "/CMapName /Adobe-Identity-UCS def /CMapType 2 def",
        "1 begincodespacerange <0000> <ffff> endcodespacerange",
        *(f"{len(block)} beginbfchar\n" + "\n".join(block) + "\nendbfchar" for block in blocks),
        "endcmap CMapName currentdict /CMap defineresource pop end end",
    ]
    return "\n".join(lines).encode("ascii")


# --- the file ------------------------------------------------------------------------------------------------------


def _info(about: About) -> bytes:
    said = {"Title": about.title, "Author": about.author, "Subject": about.subject, "Producer": "Gengji"}
    lines = "".join(f"/{name}<feff{text.encode('utf-16-be').hex()}>" for name, text in said.items())
    return f"<<{lines}/CreationDate(D:{about.day.replace('-', '')})>>".encode("ascii")


def _stream(data: bytes, more: str = "") -> bytes:
    packed = zlib.compress(data, 9)
    return f"<</Length {len(packed)}/Filter/FlateDecode{more}>>stream\n".encode("ascii") + packed + b"\nendstream"


def _file(objects: Sequence[bytes], catalog: int, info: int) -> bytes:
    # The line of high bytes tells programs that move files that this one is not text (§7.5.2).
    out = bytearray(b"%PDF-1.7\n%\xe8\x80\x95\xe8\xbf\xb9\n")
    places = []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += f"{number} 0 obj\n".encode("ascii") + body + b"\nendobj\n"
    start, identity = len(out), sha256(out).hexdigest()[:32]
    out += f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n".encode("ascii")
    out += b"".join(f"{place:010} 00000 n \n".encode("ascii") for place in places)
    trailer = f"/Size {len(objects) + 1}/Root {catalog} 0 R/Info {info} 0 R/ID[<{identity}><{identity}>]"
    return bytes(out) + f"trailer<<{trailer}>>\nstartxref\n{start}\n%%EOF\n".encode("ascii")


def _n(value: float) -> str:
    """A number as PDF writes them: never with an exponent."""
    return f"{value:.4f}".rstrip("0").rstrip(".")
