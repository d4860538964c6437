"""Chain ids, marks and trace codes."""

import re
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger import b64u
from ledger.errors import Malformed
from ledger.identity import (
    ChainId,
    StatementHash,
    chain_id,
    grouped,
    mark,
    read_mark,
    read_trace_code,
    trace_code,
)

CHAINS = st.binary(min_size=32, max_size=32).map(lambda raw: ChainId(b64u.encode(raw)))


def code_refused(text: str) -> str:
    with pytest.raises(Malformed) as refused:
        read_trace_code(text)
    return refused.value.code


def test_a_chain_id_as_the_format_says() -> None:
    statement = sha256(b"statement").digest()
    wanted = sha256(b"gengji chain v1\n" + statement + b"\x00\x00\x01\x02").digest()
    assert chain_id(StatementHash(b64u.encode(statement)), 258) == b64u.encode(wanted)


@given(CHAINS)
def test_a_mark_is_half_of_the_chain_id(chain: ChainId) -> None:
    assert len(mark(chain)) == 22
    assert b64u.decode(mark(chain)) == b64u.decode(chain)[:16]
    assert read_mark(mark(chain)) == mark(chain)


@pytest.mark.parametrize("text", ["", "A" * 21, "A" * 23, "A" * 21 + "B", "A" * 21 + "="])
def test_no_marks(text: str) -> None:
    with pytest.raises(Malformed):
        read_mark(text)


@given(CHAINS)
def test_a_code_is_18_digits_and_a_check_of_iso_7064(chain: ChainId) -> None:
    code = trace_code(chain)
    assert re.fullmatch("[0-9]{20}", code)
    assert int(code[:18]) == int.from_bytes(b64u.decode(chain)[:8]) % 10**18
    assert int(code) % 97 == 1
    assert 2 <= int(code[18:]) <= 98
    assert read_trace_code(code) == code


@given(CHAINS)
def test_every_wrong_digit_is_caught(chain: ChainId) -> None:
    code = trace_code(chain)
    for place in range(20):
        for digit in "0123456789".replace(code[place], ""):
            assert code_refused(code[:place] + digit + code[place + 1 :]) == "code-check"


@given(CHAINS)
def test_every_swap_of_neighbours_is_caught(chain: ChainId) -> None:
    code = trace_code(chain)
    for place in range(19):
        a, b = code[place], code[place + 1]
        if a != b:
            assert code_refused(code[:place] + b + a + code[place + 2 :]) == "code-check"


@given(CHAINS, st.sampled_from([" ", "-", "\u3000", "－", "–", "·", ".", "\n", "\u00a0"]))
def test_a_code_is_read_as_people_write_it(chain: ChainId, gap: str) -> None:
    code = trace_code(chain)
    assert grouped(code).count(" ") == 4
    assert read_trace_code(grouped(code)) == code
    assert read_trace_code(grouped(code).replace(" ", gap)) == code
    assert read_trace_code("".join(chr(0xFF10 + int(digit)) for digit in code)) == code


@pytest.mark.parametrize("text", ["", "1" * 19, "1" * 21, "1" * 19 + "x", "٠" * 20, "一" * 20, "+" + "1" * 19])
def test_no_codes(text: str) -> None:
    assert code_refused(text) == "code-digits"


@pytest.mark.parametrize(("body", "same"), [(0, "98"), (96, None), (97, "98"), (1, "95")])
def test_check_digits_are_recomputed(body: int, same: str | None) -> None:
    """mod 97 = 1 alone would take 98 and 01, or 97 and 00, for one another."""
    chain = ChainId(b64u.encode(body.to_bytes(8) + bytes(24)))
    code = trace_code(chain)
    assert same is None or code[18:] == same
    for other in (int(code[18:]) + 97, int(code[18:]) - 97):
        if 0 <= other <= 99:
            assert code_refused(f"{code[:18]}{other:02}") == "code-check"
