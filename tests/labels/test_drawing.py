import dataclasses
import re
import subprocess
from io import BytesIO
from math import ceil
from pathlib import Path
from xml.etree import ElementTree

import pytest
import zxingcpp
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageFilter
from playwright.sync_api import Browser

from labels import qr, typeface
from labels.digital_link import Link, build
from labels.drawing import png, svg
from labels.label import MODULE, SIZES, STANDARD, Face, Label, LabelError, Size, Text, face
from ledger.errors import Malformed
from ledger.identity import ChainId, TraceCode, mark, trace_code
from tests.parts.need import need

CHAIN = ChainId("JicI8qnmfQmAlX7d7nJ4wYVm0PO4m5-rGOpOd_BH7gA")
MARK = mark(CHAIN)
PLAIN = Label(
    url=build(Link("https://trace.example.cn", MARK)),
    product="高山番茄",
    quantity="5 kg",
    origin="湖北省恩施土家族苗族自治州利川市团堡镇",
    date="2026-07-12",
    producer="利川市团堡镇高山蔬菜专业合作社",
    trace_code=trace_code(CHAIN),
)
GS1 = dataclasses.replace(
    PLAIN,
    url=build(Link("https://trace.example.cn", MARK, "06912345678902", "LC20260712-03")),
    product="有机高山小番茄（樱桃番茄）",
    lot="LC20260712-03",
    demonstration=True,
)
LABELS = {"mark": PLAIN, "gs1": GS1}
EVERY = pytest.mark.parametrize(
    ("label", "size", "dpi"),
    [
        pytest.param(label, size, dpi, id=f"{name}-{size.width}x{size.height}-{dpi}")
        for name, label in LABELS.items()
        for size in SIZES
        for dpi in (203, 300)
    ],
)


def opened(data: bytes) -> Image.Image:
    return Image.open(BytesIO(data))


def read_by_zxing(image: Image.Image) -> list[str]:
    return [found.text for found in zxingcpp.read_barcodes(image.convert("L"))]


def read_by_zbar(image: Image.Image, folder: Path) -> list[str]:
    image.save(folder / "label.png")
    command = [need("zbarimg"), "--quiet", "--raw", str(folder / "label.png")]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout.splitlines()


def corner(drawn: Face, scale: float) -> tuple[int, int, int]:
    """Where the dark of the QR begins in dots, and the side of a module in dots."""
    symbol = drawn.symbol
    return round(symbol.x * scale), round(symbol.y * scale), round(symbol.module * scale)


@EVERY
def test_both_readers_read_the_symbol(label: Label, size: Size, dpi: int, tmp_path: Path) -> None:
    image = opened(png(label, size, dpi))
    assert read_by_zxing(image) == [label.url]
    # One line: zbar takes no Chinese and no rule on the label for another symbol.
    assert read_by_zbar(image, tmp_path) == [label.url]


@EVERY
def test_both_readers_read_a_poor_picture_of_it(label: Label, size: Size, dpi: int, tmp_path: Path) -> None:
    paper = opened(png(label, size, dpi)).convert("L")
    dots = corner(face(label, size, dpi / 25.4), dpi / 25.4)[2]
    smaller = paper.resize(
        (paper.width * 3 // dots, paper.height * 3 // dots), Image.Resampling.BILINEAR
    )  # 3 pixels a module
    blurred = paper.filter(ImageFilter.GaussianBlur(dots / 3))
    turned = paper.rotate(7, Image.Resampling.BICUBIC, expand=True, fillcolor=255)
    grey = paper.point(lambda light: 70 + light * 90 // 255)
    for picture in (smaller, blurred, turned, grey):
        assert read_by_zxing(picture) == [label.url]
        assert read_by_zbar(picture, tmp_path) == [label.url]


@EVERY
def test_module_and_quiet_zone_as_printed(label: Label, size: Size, dpi: int) -> None:
    """Measured from the dots alone: every module is one square of them, and four modules around are white."""
    scale = dpi / 25.4
    image = opened(png(label, size, dpi))
    assert image.mode == "1"
    assert image.size == (round(size.width * scale), round(size.height * scale))
    assert image.info["dpi"] == pytest.approx((dpi, dpi), abs=0.02)
    left, top, dots = corner(face(label, size, scale), scale)
    assert MODULE[0] <= dots / scale <= MODULE[1]
    rows = qr.matrix(label.url)
    quiet = qr.QUIET * dots
    side = len(rows) * dots + 2 * quiet
    zone = image.crop((left - quiet, top - quiet, left - quiet + side, top - quiet + side))
    assert left - quiet >= 0
    assert top - quiet >= 0
    assert left - quiet + side <= image.width
    expected = Image.new("1", (len(rows) + 8, len(rows) + 8), 1)
    for y, row in enumerate(rows):
        for x, dark in enumerate(row):
            expected.putpixel((x + qr.QUIET, y + qr.QUIET), not dark)
    assert zone.tobytes() == expected.resize(zone.size, Image.Resampling.NEAREST).tobytes()


@EVERY
def test_text_stays_on_the_paper_and_off_the_symbol(label: Label, size: Size, dpi: int) -> None:
    image = opened(png(label, size, dpi)).convert("L")
    edge = round(0.6 * dpi / 25.4)
    inside = image.crop((edge, edge, image.width - edge, image.height - edge))
    black = image.histogram()[0]
    assert inside.histogram()[0] == black


def test_a_demonstration_says_so_in_white_on_black() -> None:
    for size in SIZES:
        real = face(dataclasses.replace(GS1, demonstration=False), size, 8)
        shown = face(GS1, size, 8)
        assert not any("演示" in text.text for text in real.texts)
        (words,) = [text for text in shown.texts if "演示" in text.text]
        assert words.white
        assert any(
            box.x < words.x and box.y < words.y - 0.9 * words.em and box.y + box.height > words.y for box in shown.boxes
        )
        assert png(GS1, size) != png(dataclasses.replace(GS1, demonstration=False), size)
    assert "演示" in svg(GS1).decode()


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("label", LABELS.values(), ids=LABELS)
def test_the_svg_shows_the_same_in_a_browser(label: Label, size: Size, browser: Browser, tmp_path: Path) -> None:
    ElementTree.fromstring(svg(label, size))  # noqa: S314  our own
    pixels = 8  # a millimetre, as the commonest printers have
    page = browser.new_page(viewport={"width": int(size.width * pixels), "height": int(size.height * pixels)})
    page.set_content(
        f"<style>body{{margin:0}}svg{{display:block;width:{size.width * pixels}px;height:auto}}</style>"
        + svg(label, size).decode()
    )
    shot = opened(page.screenshot())
    page.close()
    assert read_by_zxing(shot) == [label.url]
    assert read_by_zbar(shot, tmp_path) == [label.url]
    # Letters are fitted to the dots in one and not in the other: alike, not equal.
    printed = opened(png(label, size, 203)).convert("L").resize(shot.size)
    blur = ImageFilter.GaussianBlur(4)
    pairs = zip(printed.filter(blur).tobytes(), shot.convert("L").filter(blur).tobytes(), strict=True)
    assert sum(abs(one - other) for one, other in pairs) / (shot.width * shot.height) < 6


def test_the_svg_needs_no_font_no_script_and_no_other_file() -> None:
    text = svg(dataclasses.replace(PLAIN, product='<b>"&茄')).decode()
    assert text.count("http") == 1 == text.count("http://www.w3.org/2000/svg")
    root = ElementTree.fromstring(text)  # noqa: S314  our own
    assert {element.tag.rpartition("}")[2] for element in root.iter()} == {"svg", "path"}
    assert root.get("width") == "60mm"
    assert root.get("aria-label") == f'<b>"&茄 追溯码 {re.sub("(?<=.)(?=(.{4})+$)", " ", PLAIN.trace_code)}'


@pytest.mark.parametrize("dpi", [203, 300, 600])
def test_modules_are_whole_dots(dpi: int) -> None:
    module = face(PLAIN, STANDARD, dpi / 25.4).symbol.module * dpi / 25.4
    assert module == pytest.approx(round(module))
    assert round(module) >= ceil(MODULE[0] * dpi / 25.4)


def test_a_symbol_too_large_for_the_paper_is_refused_with_figures() -> None:
    long = dataclasses.replace(PLAIN, url="https://a.cn/" + "x" * 120)
    with pytest.raises(LabelError) as refused:
        png(long, Size(40, 30), 203)
    assert refused.value.code == "label-qr"
    assert refused.value.params == {
        "size": "40 × 30 mm",
        "modules": 57,
        "has": "22.6 mm, 0.396 mm a module",
        "wanted": "28.5 mm, 4 dots of 0.125 mm a module",
    }
    assert read_by_zxing(opened(png(long, Size(80, 60), 203))) == [long.url]


def test_a_long_name_wraps_shrinks_and_at_last_ends_in_dots() -> None:
    name = "特级手工炒制明前西湖龙井茶叶礼盒装（狮峰山核心产区，清明前采摘，非遗传承人监制）"

    def set_as(size: Size) -> list[Text]:
        drawn = face(dataclasses.replace(PLAIN, product=name), size, 8)
        return [text for text in drawn.texts if text.weight == typeface.BOLD and text.y < drawn.boxes[0].y]

    assert "".join(line.text for line in set_as(Size(80, 60))) == name
    small = set_as(Size(40, 30))
    assert small[-1].text.endswith("…")
    assert name.startswith("".join(line.text for line in small)[:-1])
    (short,) = (text for text in face(PLAIN, STANDARD, 8).texts if text.text == PLAIN.product)
    assert short.em > max(line.em for line in set_as(STANDARD))


def test_it_says_where_to_type_the_code_in() -> None:
    assert any("trace.example.cn" in text.text for text in face(PLAIN, STANDARD, 8).texts)
    long = dataclasses.replace(PLAIN, url=PLAIN.url.replace("trace", "trace-" * 5))
    assert any(text.text == "扫码或凭码查询" for text in face(long, STANDARD, 8).texts)


def test_other_refusals() -> None:
    for size in (Size(19, 40), Size(60, 201)):
        with pytest.raises(LabelError, match="label-size"):
            png(PLAIN, size)
    for dpi in (72, 5000):
        with pytest.raises(LabelError, match="label-dpi"):
            png(PLAIN, dpi=dpi)
    with pytest.raises(LabelError, match="label-empty"):
        png(dataclasses.replace(PLAIN, product=" \n"))
    with pytest.raises(LabelError, match="label-text"):
        png(dataclasses.replace(PLAIN, quantity="一" * 60), Size(40, 30))
    with pytest.raises(Malformed, match="code-check"):
        png(dataclasses.replace(PLAIN, trace_code=TraceCode("1" * 20)))


words = st.text(st.sampled_from("高山番茄有机蜜薯（）、。·,. -aW1🍅\n"), min_size=1, max_size=60).filter(
    lambda text: text.strip(" \n") != ""
)


@settings(max_examples=60, deadline=None)
@given(words, words, words, st.sampled_from(SIZES), st.sampled_from([203, 300]))
def test_whatever_the_texts_they_keep_to_their_place(
    product: str, origin: str, producer: str, size: Size, dpi: int
) -> None:
    label = dataclasses.replace(PLAIN, product=product, origin=origin, producer=producer)
    drawn = face(label, size, dpi / 25.4)
    foot = min(box.y for box in drawn.boxes)
    quiet = drawn.symbol.x - qr.QUIET * drawn.symbol.module
    body = [text for text in drawn.texts if text.y < foot]
    assert all(text.x + typeface.width(text.text, text.em, text.weight) <= quiet + 1e-6 for text in body)
    assert all(text.y - 0.9 * text.em >= 0 and text.y + 0.12 * text.em <= foot for text in body)
    assert all(text.em * 0.92 >= 1.8 for text in drawn.texts)
    said = "".join(text.text for text in drawn.texts)
    assert label.quantity in said
    assert label.date in said
    assert "追溯码" in said
    lines = sorted({(text.y, text.x) for text in body})
    assert len(lines) == len(body)
