import pytest
import qrcode
from hypothesis import given, settings
from hypothesis import strategies as st
from qrcode.constants import ERROR_CORRECT_M

from labels import qr
from ledger.errors import Malformed

texts = st.text("https:/.cn0123456789ABCDEFabcdef-_%?=t", min_size=1, max_size=200)


def slow_penalty(rows: list[list[bool]]) -> int:
    """ISO/IEC 18004 §7.8.3.1 word for word."""
    size = len(rows)
    lines = [*rows, *map(list, zip(*rows, strict=True))]
    found = 0
    for line in lines:
        run = 0
        for at, dark in enumerate(line):
            run = run + 1 if at and dark == line[at - 1] else 1
            found += 3 if run == 5 else run > 5
        text = "".join("01"[dark] for dark in line)
        found += 40 * sum(
            text[at : at + 11] == pattern for at in range(size) for pattern in ("10111010000", "00001011101")
        )
    for y in range(size - 1):
        for x in range(size - 1):
            found += 3 * (len({rows[y][x], rows[y][x + 1], rows[y + 1][x], rows[y + 1][x + 1]}) == 1)
    dark = sum(map(sum, rows))
    return found + 10 * int(abs(100 * dark / size**2 - 50) / 5)


def under_mask(text: str, mask: int) -> list[list[bool]]:
    code = qrcode.QRCode(None, ERROR_CORRECT_M, border=0, mask_pattern=mask)
    code.add_data(text.encode(), optimize=12)
    code.make()
    return [[bool(dark) for dark in row] for row in code.modules]


@settings(max_examples=25, deadline=None)
@given(texts)
def test_the_symbol_is_the_best_of_the_eight_that_the_library_draws(text: str) -> None:
    masked = [under_mask(text, mask) for mask in range(8)]
    drawn = qr.matrix(text)
    assert drawn in masked
    assert slow_penalty(drawn) == min(map(slow_penalty, masked))


def test_a_long_number_makes_the_symbol_smaller() -> None:
    assert len(qr.matrix("https://a.cn/" + "7" * 60)) < len(qr.matrix("https://a.cn/" + "x" * 60))


def test_what_no_symbol_holds_is_refused() -> None:
    with pytest.raises(Malformed) as refused:
        qr.matrix("x" * 2332)
    assert refused.value.code == "qr"
    assert len(qr.matrix("x" * 2331)) == 177
