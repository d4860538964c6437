import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labels.digital_link import (
    Link,
    build,
    check_digit,
    gtin_14,
    is_gln,
    is_gtin,
    is_lot,
    is_sscc,
    parse,
)
from ledger import b64u
from ledger.errors import LedgerError, Malformed
from ledger.identity import Mark

MARK = Mark("AAECAwQFBgcICQoLDA0ODw")
GTIN = "06912345678902"
SET_82 = "!\"%&'()*+,-./0123456789:;<=>?ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz"

digits = st.text("0123456789", min_size=1, max_size=40)
lots = st.text(SET_82, min_size=1, max_size=20).filter(is_lot)
urls = st.builds(
    lambda scheme, host, port, path: f"{scheme}://{host}{port}" + "".join(f"/{segment}" for segment in path),
    st.sampled_from(["http", "https"]),
    st.sampled_from(["a", "trace.example.cn", "127.0.0.1", "[2001:db8::1]", "xn--fiqs8s.example"]),
    st.sampled_from(["", ":8000"]),
    st.lists(st.sampled_from(["x", "zs", "10", "21", "0", "tt", "011"]), max_size=3),
)
marks = st.binary(min_size=16, max_size=16).map(lambda raw: Mark(b64u.encode(raw)))
gtins = st.text("0123456789", min_size=13, max_size=13).map(lambda body: body + check_digit(body))
links = st.one_of(
    st.builds(Link, urls, marks),
    st.builds(Link, urls, st.none() | marks, gtins, st.none() | lots, st.none() | lots),
)


@given(links)
def test_what_is_built_reads_back_as_it_was(link: Link) -> None:
    assert parse(build(link)) == link


@given(links, st.data())
def test_one_changed_character_is_refused_or_prints_back_equal(link: Link, data: st.DataObject) -> None:
    text = build(link)
    at = data.draw(st.integers(0, len(text) - 1))
    other = text[:at] + data.draw(st.characters(codec="utf-8")) + text[at + 1 :]
    try:
        read = parse(other)
    except LedgerError:
        return
    assert build(read) == other


def test_the_two_forms() -> None:
    assert build(Link("https://a.cn", MARK)) == f"https://a.cn/t/{MARK}"
    link = Link("https://a.cn/x", MARK, GTIN, "2026/07 A".replace(" ", "+"), "7")
    assert build(link) == f"https://a.cn/x/01/{GTIN}/10/2026%2F07%2BA/21/7?t={MARK}"
    # A space is in no set of GS1.
    assert not is_lot("2026 07")


@pytest.mark.parametrize(
    "text",
    [
        "",
        f"ftp://a/t/{MARK}",
        f"HTTPS://a/t/{MARK}",
        f"https://A/t/{MARK}",
        f"https://a//t/{MARK}",
        f"https://a/t/{MARK}/",
        f"https://a/t/{MARK}\n",
        f"https://a/t/{MARK}#x",
        f"https://a/t/{MARK}?from=chat",
        f"https://u@a/t/{MARK}",
        f"https://a/t/{MARK[:-1]}",
        f"https://a/t/{MARK[:-1]}x",  # loose bits after the 16th byte
        f"https://a/t/x/t/{MARK}",
        f"https://a/01/x/01/{GTIN}",
        f"https://a/01/{GTIN[1:]}",
        f"https://a/01/{GTIN[:-1]}0",
        f"https://a/01/{GTIN}/10/",
        f"https://a/01/{GTIN}/21/7/10/A",
        f"https://a/01/{GTIN}/10/%41",  # needless escape
        f"https://a/01/{GTIN}/10/%2f",  # small hexadecimal
        f"https://a/01/{GTIN}/10/A+B",
        f"https://a/01/{GTIN}/10/%E8%8C%84",
        f"https://a/01/{GTIN}/10/%00",
        f"https://a/01/{GTIN}/10/..",
        f"https://a/01/{GTIN}/10/{'A' * 21}",
        f"https://a/01/{GTIN}/10/A?t=",
        f"https://a/01/{GTIN}/10/A?x=1&t={MARK}",
        f"https://a/01/{GTIN}/10/A?t={MARK}&t={MARK}",
    ],
)
def test_what_would_not_be_printed_is_not_read(text: str) -> None:
    with pytest.raises(Malformed):
        parse(text)


@pytest.mark.parametrize(
    "link",
    [
        Link("https://a"),
        Link("https://a/", MARK),
        Link("https://a?x", MARK),
        Link("https://a/t", MARK),
        Link("https://a", MARK, lot="A"),
        Link("https://a", MARK, serial="A"),
        Link("https://a", Mark("short")),
        Link("https://a", MARK, GTIN[1:]),
        Link("https://a", MARK, GTIN, "批号"),
        Link("https://a", MARK, GTIN, ""),
        Link("https://a", MARK, GTIN, "A", "."),
    ],
)
def test_what_cannot_be_read_is_not_built(link: Link) -> None:
    with pytest.raises(Malformed):
        build(link)


@given(digits)
def test_check_digits_catch_every_single_wrong_digit(body: str) -> None:
    whole = body + check_digit(body)
    for at, digit in enumerate(whole):
        for other in "0123456789".replace(digit, ""):
            wrong = whole[:at] + other + whole[at + 1 :]
            assert check_digit(wrong[:-1]) != wrong[-1]


def test_keys_of_gs1() -> None:
    assert all(map(is_gtin, ("96385074", "614141999996", "9520123456788", "09520123456788")))
    assert is_gln("9520123456788")
    assert is_sscc("006141411234567890")
    for wrong in ("", "9520123456789", "952012345678", "٩520123456788", "952012345678²", " 9520123456788"):
        assert not is_gtin(wrong)
        assert not is_gln(wrong)
        assert not is_sscc(wrong)
    assert gtin_14("96385074") == "00000096385074"
    for body in ("", "²", "-1"):
        with pytest.raises(Malformed):
            check_digit(body)
    with pytest.raises(Malformed):
        gtin_14("96385075")


# GTIN, lot and serial are what this project's addresses carry. A row about another identifier, an attribute in the
# query, a fragment, an escape that need not be, or one of the engine's options is not something it builds.
OURS = re.compile(r"https?://[^?#]*?/01/([0-9]{14})(?:/10/([^/?#]+))?(?:/21/([^/?#]+))?")


def test_addresses_that_gs1_reads(vectors: Path) -> None:
    rows = json.loads((vectors / "gs1" / "digital_link_parse.json").read_text())["vectors"]
    read = other = refused = 0
    for row in rows:
        ours = OURS.fullmatch(row["uri"])
        if row["valid"] and ours and not any(row["options"].values()):
            link = parse(row["uri"])
            # The engine's text: ^ opens, each identifier stands before its value.
            said = f"^01{link.gtin}" + (f"10{link.lot}" if link.lot else "")
            assert said + (f"21{link.serial}" if link.serial else "") == row["ai_string"], row
            read += 1
        else:
            with pytest.raises(Malformed):
                parse(row["uri"])
            other += row["valid"]
            refused += not row["valid"]
    assert (read, other, refused) == (6, 33, 20)


def test_addresses_that_gs1_builds(vectors: Path) -> None:
    rows = json.loads((vectors / "gs1" / "digital_link_generate.json").read_text())["vectors"]
    whole = paths = 0
    for row in rows:
        elements = re.findall(r"\((\d+)\)([^(]*)", row["bracketed"])
        values = dict(elements)
        # Among attributes that go into the query, the path before them is still ours.
        if not row["valid"] or not elements or elements[0][0] not in ("01", "21") or values.keys() & {"22", "235"}:
            continue
        link = Link(
            (row["stem"] or "https://id.gs1.org").rstrip("/"),
            gtin=values["01"],
            lot=values.get("10"),
            serial=values.get("21"),
        )
        path, _, query = row["uri"].partition("?")
        assert build(link) == path
        whole += not query
        paths += bool(query)
    assert (whole, paths) == (3, 6)
