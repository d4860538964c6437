"""base64url: one way to write each bytes, and nothing else is read."""

from base64 import urlsafe_b64decode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger import b64u
from ledger.errors import Malformed


@given(st.binary(max_size=80))
def test_what_is_encoded_decodes(data: bytes) -> None:
    text = b64u.encode(data)
    assert b64u.decode(text) == b64u.decode(text, len(data)) == data
    assert "=" not in text


def lenient(text: str) -> bytes | None:
    """The obvious reading: decode loosely, then ask for the same characters back."""
    try:
        data = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError:
        return None
    return data if b64u.encode(data) == text else None


@given(st.text("AQgwBEz019-_+/= \né", max_size=9))
def test_strict_is_what_encodes_back_to_the_same(text: str) -> None:
    wanted = lenient(text)
    if wanted is not None:
        assert b64u.decode(text) == wanted
        return
    with pytest.raises(Malformed, match="b64u"):
        b64u.decode(text)


@pytest.mark.parametrize(
    "text", ["AA==", "AAA=", "AB", "AAB", "A", "A+/A", "AA A", "AA\nA", "你好", "AAA\ud800", "====", "="]
)
def test_other_spellings_are_refused(text: str) -> None:
    with pytest.raises(Malformed) as refused:
        b64u.decode(text, path="here")
    assert refused.value.code == "b64u"
    assert refused.value.params["path"] == "here"


def test_the_size_is_held() -> None:
    with pytest.raises(Malformed) as refused:
        b64u.decode(b64u.encode(bytes(31)), 32, path="here")
    assert refused.value.code == "b64u-size"
    assert refused.value.params == {"path": "here", "has": 31, "wanted": 32}
