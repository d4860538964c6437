"""Draws a composed label: as dots for thermal printers, and as outlines for everything else."""

from io import BytesIO
from itertools import groupby
from xml.sax.saxutils import quoteattr

from PIL import Image, ImageDraw

from labels import typeface
from labels.label import STANDARD, Label, LabelError, Size, Symbol, Text, face
from ledger.identity import grouped, read_trace_code


def png(label: Label, size: Size = STANDARD, dpi: int = 300) -> bytes:
    """``label`` as a black and white PNG for a printer of ``dpi`` dots an inch."""
    if not 150 <= dpi <= 1200:
        raise LabelError("label-dpi", has=dpi, wanted="150 to 1200")
    scale = dpi / 25.4
    drawn = face(label, size, scale)
    paper = Image.new("1", (round(size.width * scale), round(size.height * scale)), 1)
    pen = ImageDraw.Draw(paper)
    for box in drawn.boxes:
        left, top = round(box.x * scale), round(box.y * scale)
        right, bottom = round((box.x + box.width) * scale), round((box.y + box.height) * scale)
        pen.rectangle((left, top, max(left, right - 1), max(top, bottom - 1)), 0)
    for text in drawn.texts:
        _set(paper, text, scale)
    _stamp(paper, drawn.symbol, scale)
    out = BytesIO()
    paper.save(out, "PNG", dpi=(dpi, dpi), compress_level=1)
    return out.getvalue()


def svg(label: Label, size: Size = STANDARD) -> bytes:
    """``label`` as an SVG of its true size.

    Letters are outlines, so that it looks the same in a browser, a drawing program and a printer's driver
    without the typeface. Modules keep to eighths of a millimetre, the dots of the commonest printers.
    """
    drawn = face(label, size, 8)
    said = f"{'演示标签 ' if label.demonstration else ''}{typeface.readable(label.product)} 追溯码 "
    said += grouped(read_trace_code(label.trace_code))
    width, height = size
    symbol = drawn.symbol
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:g}mm" height="{height:g}mm"'
        f' viewBox="0 0 {width:g} {height:g}" role="img" aria-label={quoteattr(said)}>',
        f'<path fill="#fff" d="M0 0h{width:g}v{height:g}h-{width:g}z"/>',
        *(f'<path d="M{b.x:.4g} {b.y:.4g}h{b.width:.4g}v{b.height:.4g}h-{b.width:.4g}z"/>' for b in drawn.boxes),
        *(_outlined(text) for text in drawn.texts),
        f'<path shape-rendering="crispEdges" transform="translate({symbol.x:.6g} {symbol.y:.6g})'
        f' scale({symbol.module:.6g})" d="{_runs(symbol.rows)}"/>',
        "</svg>\n",
    ]
    return "\n".join(parts).encode()


def _set(paper: Image.Image, text: Text, scale: float) -> None:
    """Sets one line character by character, each on whole dots, none drifting from its place."""
    em = round(text.em * scale)
    line = round(text.y * scale)
    reach = 0.0
    for char in text.text:
        box, left, top = typeface.dots(char, em, text.weight)
        paper.paste(int(text.white), (round(text.x * scale + reach) + left, line + top), box)
        reach += typeface.width(char, text.em * scale, text.weight)


def _stamp(paper: Image.Image, symbol: Symbol, scale: float) -> None:
    size, dots = len(symbol.rows), round(symbol.module * scale)
    modules = Image.new("1", (size, size))
    modules.putdata([not dark for row in symbol.rows for dark in row])
    place = round(symbol.x * scale), round(symbol.y * scale)
    paper.paste(modules.resize((size * dots, size * dots), Image.Resampling.NEAREST), place)


def _outlined(text: Text) -> str:
    fill = ' fill="#fff"' if text.white else ""
    scale = text.em / typeface.EM
    place = f"translate({text.x:.5g} {text.y:.5g}) scale({scale:.5g} -{scale:.5g})"
    return f'<path{fill} transform="{place}" d="{typeface.outline(text.text, text.weight)}"/>'


def _runs(rows: list[list[bool]]) -> str:
    """The dark modules as rectangles one module high, neighbours in a row as one."""
    path = []
    for y, row in enumerate(rows):
        x = 0
        for dark, run in groupby(row):
            reach = len(list(run))
            if dark:
                path.append(f"M{x} {y}h{reach}v1h-{reach}z")
            x += reach
    return "".join(path)
