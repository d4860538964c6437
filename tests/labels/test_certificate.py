"""The certificate on paper, read by programs that did not write it."""

import re
from dataclasses import replace

import pypdfium2
import pytest
import zxingcpp
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from labels.certificate import BASES, NAME, PAPERS, Certificate, Lang, pdf
from labels.digital_link import Link, build
from labels.label import LabelError
from ledger.identity import ChainId, StatementHash, mark, trace_code

CHAIN = ChainId("JicI8qnmfQmAlX7d7nJ4wYVm0PO4m5-rGOpOd_BH7gA")
HASH = StatementHash("q2VhV9dR7c1n1Qm8Z0yJk0bC5s7oWc4xT3uE6fG8hIk")
PLAIN = Certificate(
    url=build(Link("https://trace.example.cn", mark(CHAIN))),
    trace_code=trace_code(CHAIN),
    statement=HASH,
    form="own",
    product="高山番茄",
    quantity="1250.5 公斤",
    origin="湖北省恩施土家族苗族自治州利川市团堡镇",
    party="利川市团堡镇高山蔬菜专业合作社",
    issued="2026-07-12",
    basis=("control", "self_tested"),
    number="LC-2026-0712-03",
    contact="0718-1234567",
)
LONG = replace(
    PLAIN,
    form="buyer",
    product="有机高山小番茄（樱桃番茄）" * 6,
    origin="湖北省恩施土家族苗族自治州利川市团堡镇大瓦屋村二组" * 5,
    party="利川市团堡镇高山蔬菜专业合作社联合社有限责任公司" * 3,
    contact="张三丰 0718-1234567 湖北省恩施州利川市团堡镇" * 3,
    parents=[f"LC-2026-07{day:02}-03" for day in range(60)],
    number="N" * 60,
    demonstration=True,
)
VOID = replace(PLAIN, void="检测结果更正为不合格（监管部门，2026-07-20）", parents=["GZ-0001"])
EVERY = pytest.mark.parametrize(
    ("certificate", "paper"),
    [
        pytest.param(replace(one, lang=lang), paper, id=f"{name}-{paper}-{lang}")
        for name, one in {"plain": PLAIN, "long": LONG, "void": VOID}.items()
        for paper in PAPERS
        for lang in ("zh", "en")
    ],
)


def page_of(data: bytes) -> pypdfium2.PdfPage:
    (page,) = pypdfium2.PdfDocument(data)
    return page


def text_of(data: bytes) -> str:
    """All of its words, without the breaks between lines."""
    return re.sub(r"\s", "", page_of(data).get_textpage().get_text_bounded())


def picture_of(data: bytes, dpi: int) -> Image.Image:
    image: Image.Image = page_of(data).render(scale=dpi / 72).to_pil()
    return image.convert("L")


@EVERY
def test_qr_is_read_back(certificate: Certificate, paper: str) -> None:
    dpi = 150 if paper == "a4" else 203
    assert [found.text for found in zxingcpp.read_barcodes(picture_of(pdf(certificate, paper), dpi))] == [PLAIN.url]


@EVERY
def test_it_says_what_the_law_asks_for_in_words_that_can_be_copied(certificate: Certificate, paper: str) -> None:
    said = text_of(pdf(certificate, paper))
    assert said.startswith(NAME)
    for words in ("2026-07-12", "1250.5公斤", HASH, "0718-1234567", certificate.product[:10], certificate.party[:10]):
        assert words in said
    for zh, en in BASES.values():
        assert (zh if certificate.lang == "zh" else en.replace(" ", "")) in said


@EVERY
def test_nothing_stands_outside_the_paper_or_on_the_symbol(certificate: Certificate, paper: str) -> None:
    page = page_of(pdf(replace(certificate, void=None), paper))
    words, (width, height) = page.get_textpage(), page.get_size()
    boxes = [words.get_rect(number) for number in range(words.count_rects())]
    assert boxes
    for left, bottom, right, top in boxes:
        assert 2 < left <= right < width - 2
        assert 2 < bottom <= top < height - 2
    image = picture_of(pdf(replace(certificate, void=None), paper), 288)
    (symbol,) = zxingcpp.read_barcodes(image)
    scale = 288 / 72
    at = symbol.position
    low, high = at.top_left.x / scale, at.bottom_right.x / scale
    upper, lower = height - at.top_left.y / scale, height - at.bottom_right.y / scale
    for left, bottom, right, top in boxes:
        assert right < low or left > high or top < lower or bottom > upper


@EVERY
def test_same_certificate_is_the_same_bytes(certificate: Certificate, paper: str) -> None:
    assert pdf(certificate, paper) == pdf(replace(certificate), paper)


@pytest.mark.parametrize("paper", PAPERS)
def test_only_the_basis_that_was_given_is_ticked(paper: str) -> None:
    assert text_of(pdf(PLAIN, paper)).count("√") == 2
    said = text_of(pdf(replace(PLAIN, basis=["commissioned"]), paper))
    assert said.count("√") == 1
    assert "√委托检测合格" in said


@pytest.mark.parametrize("paper", PAPERS)
def test_void_one_has_it_across_and_says_why(paper: str) -> None:
    said = text_of(pdf(VOID, paper))
    assert "作废" in said.replace("作废原因", "")
    assert VOID.void
    assert VOID.void[:10] in said
    assert "作废" not in text_of(pdf(PLAIN, paper))
    assert "VOID" in text_of(pdf(replace(VOID, lang="en"), paper))


@pytest.mark.parametrize("paper", PAPERS)
def test_who_may_not_read_the_contact_gets_paper_without_its_line(paper: str) -> None:
    said = text_of(pdf(replace(PLAIN, contact=None), paper))
    assert "联系方式" not in said
    assert "0718" not in said


def test_names_that_the_label_has_no_room_for_end_in_dots_and_keep_quantity_and_day() -> None:
    said = page_of(pdf(LONG, "label")).get_textpage().get_text_bounded()
    assert "…" in said
    assert "1250.5 公斤" in said
    assert "2026-07-12" in said


def test_as_much_of_long_names_as_there_is_room_for_is_kept() -> None:
    said = text_of(pdf(LONG))
    assert "…" not in said
    assert "LC-2026-0759-03" in said, "all sixty certificates"
    many = replace(LONG, parents=[f"LC-2026-{number:05}" for number in range(200)])
    said = text_of(pdf(many))
    assert "…" in said
    assert LONG.contact
    assert re.sub(r"\s", "", LONG.contact) in said, "the longest gives way, and no other"


def test_demonstration_says_so() -> None:
    for lang, words in (("zh", "演示非真实产品"), ("en", "Demonstrationonly")):
        assert words in text_of(pdf(replace(LONG, lang=lang), "label"))
    assert "演示" not in text_of(pdf(PLAIN))


def test_paper_is_a4_or_the_label() -> None:
    sizes = {paper: [round(side * 25.4 / 72) for side in page_of(pdf(PLAIN, paper)).get_size()] for paper in PAPERS}
    assert sizes == {"a4": [210, 297], "label": [80, 60]}


def test_without_a_product_or_with_an_address_that_no_symbol_of_the_size_holds_it_is_refused() -> None:
    with pytest.raises(LabelError, match="label-empty"):
        pdf(replace(PLAIN, product=" \u200b"))
    with pytest.raises(LabelError, match="label-qr"):
        pdf(replace(PLAIN, url=PLAIN.url + "?" + "x" * 400), "label")


@settings(max_examples=25, deadline=None)
@given(
    words=st.lists(st.text(min_size=1, max_size=120), min_size=4, max_size=4),
    parents=st.lists(st.text(min_size=1, max_size=80), max_size=20),
    paper=st.sampled_from(sorted(PAPERS)),
    lang=st.sampled_from(["zh", "en"]),
)
def test_anything_that_a_record_may_say_fits(words: list[str], parents: list[str], paper: str, lang: Lang) -> None:
    origin, party, contact, number = words
    one = replace(PLAIN, origin=origin, party=party, contact=contact, number=number[:60], parents=parents, lang=lang)
    page = page_of(pdf(one, paper))
    words_, (width, height) = page.get_textpage(), page.get_size()
    for box in range(words_.count_rects()):
        left, bottom, right, top = words_.get_rect(box)
        assert left > 0
        assert bottom > 0
        assert right < width
        assert top < height
