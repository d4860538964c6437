"""The canonical form: RFC 8785 on a narrow profile, read back strictly."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import rfc8785
from hypothesis import example, given
from hypothesis import strategies as st

from ledger.canonical import MAX_DEPTH, MAX_INTEGER, Json, check, check_normal, dumps, loads
from ledger.errors import Malformed

# What the profile leaves out is left out of the generators too: tests below hold that it is refused.
CHARACTERS = st.characters(exclude_categories=("Cs", "Cc")) | st.just("\n")
TEXT = st.text(CHARACTERS, max_size=20)
NAME = st.from_regex("[a-z][a-z0-9_]{0,8}", fullmatch=True) | st.sampled_from(["_sd", "_sd_alg"])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-MAX_INTEGER, MAX_INTEGER) | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAME, inner, max_size=4),
    max_leaves=12,
)


def refusal(read: Callable[[], object]) -> Malformed:
    with pytest.raises(Malformed) as refused:
        read()
    return refused.value


@given(VALUES)
@example({"b": 1, "a": [{"z": "\u2028é😀\ufb33\n"}]})
def test_it_is_rfc_8785(value: Json) -> None:
    assert dumps(value) == rfc8785.dumps(value)


@given(VALUES)
def test_what_is_written_reads_back(value: Json) -> None:
    assert loads(dumps(value)) == value
    assert loads(dumps(value).decode()) == value


@given(VALUES, st.data())
def test_a_changed_byte_is_refused_or_another_value(value: Json, data: st.DataObject) -> None:
    raw = bytearray(dumps(value))
    place = data.draw(st.integers(0, len(raw) - 1))
    raw[place] ^= data.draw(st.integers(1, 255))
    try:
        other = loads(bytes(raw))
    except Malformed:
        return
    assert dumps(other) == bytes(raw)
    assert repr(other) != repr(value)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ('{"a":1,"a":1}', "canonical"),  # the second name of two that are equal
        ('{"b":1,"a":2}', "canonical"),
        ('{"a": 1}', "canonical"),
        ('{"a":1}\n', "canonical"),
        ("\ufeff{}", "json"),
        ("-0", "canonical"),
        ("01", "json"),
        ('"\\u0041"', "canonical"),
        ('"\\/"', "canonical"),
        ('"\\u000a"', "canonical"),
        ("1.0", "number"),
        ("1e2", "number"),
        ("0.5", "number"),
        ("9007199254740992", "number"),
        ("-9007199254740992", "number"),
        ("18446744073709551616", "number"),
        ("NaN", "json"),
        ("Infinity", "json"),
        ("", "json"),
        ("{}{}", "json"),
        ('"\t"', "json"),
        ('"\\t"', "text"),
        ('"\\u0000"', "text"),
        ('"\x7f"', "text"),
        ('"\u0085"', "text"),
        ('"\\ud800"', "json"),
        ('{"A":1}', "name"),
        ('{"":1}', "name"),
        ('{"a-b":1}', "name"),
        ('{"_sda":1}', "name"),
        ('{"1":1}', "name"),
    ],
)
def test_what_dumps_would_not_write_is_refused(text: str, code: str) -> None:
    assert refusal(lambda: loads(text)).code == code


def test_bytes_that_are_not_utf_8_are_refused() -> None:
    assert refusal(lambda: loads(b'"\xff"')).code == "json"
    assert refusal(lambda: loads('"\ud800"')).code == "json"


@pytest.mark.parametrize(
    ("value", "code", "path"),
    [
        ({"a": [1, {"b": 1.5}]}, "number", "a[1].b"),
        ({"a": [1, {"b": 2**60}]}, "number", "a[1].b"),
        ({"a": "\x00"}, "text", "a"),
        ({"a": {"b": "\ud83d"}}, "text", "a.b"),
        ({"a": {"B": 1}}, "name", "a"),
        ({1: 2}, "name", ""),
        ({"a": (1, 2)}, "type", "a"),
        ([b"x"], "type", "[0]"),
    ],
)
def test_what_is_outside_the_profile_is_named_by_its_path(value: Json, code: str, path: str) -> None:
    error = refusal(lambda: dumps(value))
    assert (error.code, error.params["path"]) == (code, path)


def test_a_path_begins_where_the_caller_says() -> None:
    value: Any = {"a": [0.5]}
    assert refusal(lambda: check(value, "body")).params["path"] == "body.a[0]"


@pytest.mark.parametrize("wrap", [lambda v: [v], lambda v: {"a": v}])
def test_depth_ends_at_sixteen(wrap: Callable[[Json], Json]) -> None:
    value: Json = 0
    for _ in range(MAX_DEPTH):
        value = wrap(value)
    assert loads(dumps(value)) == value
    assert refusal(lambda: dumps(wrap(value))).code == "depth"


def test_a_bottomless_text_is_refused() -> None:
    assert refusal(lambda: loads("[" * 100_000)).code == "json"


def test_normal_form_is_asked_for_apart() -> None:
    decomposed: Json = {"a": [{"b": "e\u0301"}], "c": 1}
    assert loads(dumps(decomposed)) == decomposed
    error = refusal(lambda: check_normal(decomposed, "body"))
    assert (error.code, error.params["path"]) == ("nfc", "body.a[0].b")
    assert refusal(lambda: check_normal(decomposed)).params["path"] == "a[0].b"
    check_normal({"a": ["é", None, True, 1]})


def test_a_number_beyond_all_bounds_is_refused() -> None:
    assert refusal(lambda: dumps(10**5000)).code == "number"


# None of the six lies wholly inside the profile; this is why each is refused.
OUTSIDE = {
    "arrays": "name",  # "1", "10"
    "french": "name",  # accents
    "structures": "name",  # "", "1", "A"
    "unicode": "name",  # a space, capitals
    "values": "number",  # fractions and exponents
    "weird": "name",  # euro signs, control characters
}


@pytest.mark.parametrize(("case", "code"), OUTSIDE.items())
def test_public_vectors(vectors: Path, case: str, code: str) -> None:
    folder = vectors / "ledger" / "jcs"
    value = json.loads((folder / "input" / f"{case}.json").read_bytes())
    wanted = (folder / "output" / f"{case}.json").read_bytes()
    assert bytes.fromhex((folder / "outhex" / f"{case}.txt").read_text()) == wanted
    assert refusal(lambda: dumps(value)).code == code
    assert refusal(lambda: loads(wanted)).code == code
    inside = [part for part in parts(value) if inside_the_profile(part)]
    assert inside
    assert all(dumps(part) in wanted and loads(dumps(part)) == part for part in inside)


def parts(value: Json) -> Iterator[Json]:
    yield value
    for part in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from parts(part)


def inside_the_profile(value: Json) -> bool:
    try:
        check(value)
    except Malformed:
        return False
    return True
