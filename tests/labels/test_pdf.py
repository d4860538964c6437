"""Paper as PDF: what a reader of another make sees, and that the same is the same bytes."""

import re
import zlib

import pypdfium2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labels import typeface
from labels.label import Box, Size, Text
from labels.pdf import About, Frame, Sheet, Stamp, document
from labels.typeface import BOLD, MEDIUM

ABOUT = About("标题 (with \\brackets)", "作者", "subject", "2026-07-12", "zh-CN")
SMALL = Size(80, 60)


def text_of(data: bytes) -> str:
    return str(pypdfium2.PdfDocument(data)[0].get_textpage().get_text_bounded())


def dark(data: bytes, x: float, y: float) -> tuple[int, ...]:
    """The colour of the page at a place in mm."""
    page = pypdfium2.PdfDocument(data)[0].render(scale=72 / 25.4 * 4).to_pil().convert("RGB")
    scale = page.width / SMALL.width
    found: tuple[int, ...] = page.getpixel((round(x * scale), round(y * scale)))
    return found


def test_page_has_its_true_size_and_its_text_can_be_searched() -> None:
    data = document([Sheet(SMALL, [Text(5, 10, 4, BOLD, "承诺达标合格证 ABC-123")])], ABOUT)
    read = pypdfium2.PdfDocument(data)
    assert [round(side * 25.4 / 72, 2) for side in read[0].get_size()] == [80, 60]
    assert text_of(data) == "承诺达标合格证 ABC-123"


def test_document_says_what_it_is_and_of_which_day() -> None:
    told = pypdfium2.PdfDocument(document([Sheet(SMALL)], ABOUT)).get_metadata_dict()
    assert told["Title"] == ABOUT.title
    assert told["Author"] == "作者"
    assert told["CreationDate"] == "D:20260712"
    assert told["ModDate"] == ""


def test_places_are_millimetres_from_the_upper_left_corner() -> None:
    data = document([Sheet(SMALL, boxes=[Box(10, 5, 20, 4)], frames=[Frame(40, 20, 20, 20, 1)])], ABOUT)
    assert dark(data, 20, 7) == (0, 0, 0)
    assert dark(data, 20, 12) == (255, 255, 255)
    assert dark(data, 40, 30) == (0, 0, 0)
    assert dark(data, 50, 30) == (255, 255, 255)


def test_stamp_is_red_and_lets_through_what_it_lies_on() -> None:
    plain = Sheet(SMALL, boxes=[Box(0, 28, 80, 4)])
    stamped = document([plain._replace(stamps=[Stamp(40, 30, 30, 20, "作废")])], ABOUT)
    page = pypdfium2.PdfDocument(stamped)[0].render(scale=4).to_pil().convert("RGB")
    colours = {colour for _, colour in page.getcolors(1 << 24)}
    assert any(red > 200 and green < 180 for red, green, _ in colours)
    assert any(30 < red < 140 and green < 40 for red, green, _ in colours), "nothing dark shows through"


def test_many_pages_share_their_letters() -> None:
    sheets = [Sheet(SMALL, [Text(5, 10, 4, MEDIUM, f"第{number}页")]) for number in range(3)]
    data = document(sheets, ABOUT)
    assert len(pypdfium2.PdfDocument(data)) == 3
    assert data.count(b"/FontFile2") == 1


def test_letters_of_a_weight_are_embedded_once_and_no_more_than_are_used() -> None:
    data = document([Sheet(SMALL, [Text(5, 10, 4, MEDIUM, "一二一二")])], ABOUT)
    (widths,) = re.findall(rb"/W\[0\[([0-9 ]+)\]\]", data)
    assert len(widths.split()) == 3, "notdef and two characters"
    (program,) = re.findall(rb"/Length1 [0-9]+>>stream\n(.+?)\nendstream", data, re.DOTALL)
    assert len(zlib.decompress(program)) < 4000


@settings(max_examples=20, deadline=None)
@given(st.text(st.characters(codec="utf-8"), min_size=1, max_size=30))
def test_whatever_can_be_set_is_drawn_the_same_and_read_back(said: str) -> None:
    text = typeface.readable(said)
    sheets = [Sheet(Size(500, 30), [Text(5, 10, 4, MEDIUM, text)] if text else [])]
    data = document(sheets, ABOUT)
    assert data == document(sheets, ABOUT)
    shown = [char for char in text if char.isalnum() and char.isascii()]
    assert [char for char in text_of(data) if char.isalnum() and char.isascii()] == shown


def test_what_is_said_of_it_cannot_break_out_of_its_place() -> None:
    about = ABOUT._replace(title="(>>)endobj", author="\\) \u202e")
    told = pypdfium2.PdfDocument(document([Sheet(SMALL)], about)).get_metadata_dict()
    assert (told["Title"], told["Author"]) == (about.title, about.author)


@pytest.mark.parametrize("weight", [MEDIUM, BOLD])
def test_program_has_the_width_that_texts_are_measured_by(weight: int) -> None:
    program = typeface.program("承A1，", weight)
    for char, glyph in program.glyphs.items():
        assert program.widths[glyph] == pytest.approx(typeface.width(char, 1000, weight))
