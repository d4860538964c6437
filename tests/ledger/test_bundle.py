"""Bundles as bytes: what no conformance case says of them."""

import json
from typing import Any

import pytest

from ledger import bundle
from ledger.bundle import MAX_BYTES, MAX_OTHERS, Bundle
from ledger.errors import LedgerError, Malformed
from tests.bundles import bundle_of
from tests.world import World, harvested, planted


@pytest.fixture
def made(world: World) -> Bundle:
    return bundle_of(world, harvested(world, planted(world)), since=[3])


def printed(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)


def refused(text: str | bytes) -> LedgerError:
    with pytest.raises(Malformed) as error:
        bundle.parse(text)
    return error.value


def test_bytes_and_text_read_alike(made: Bundle) -> None:
    assert bundle.parse(made.text()) == bundle.parse(made.text().encode()) == made


def test_a_bundle_has_its_largest_size(made: Bundle) -> None:
    error = refused(b" " * (MAX_BYTES + 1))
    assert (error.code, error.params["wanted"]) == ("size", MAX_BYTES)


def test_bundles_do_not_lie_in_one_another_without_end(made: Bundle) -> None:
    value = json.loads(made.text())
    for _ in range(MAX_OTHERS):
        value = {**value, "others": [value]}
    assert bundle.parse(printed(value)).text() == printed(value)
    error = refused(printed({**value, "others": [value]}))
    assert (error.code, error.params["path"]) == ("depth", "others[0]." * MAX_OTHERS + "others")


@pytest.mark.parametrize(
    ("name", "value", "path"),
    [
        ("consistency", [{"proof": [], "size": 1}], "consistency[0]"),
        ("heads", {"lines": [{"line": "{}", "position": 1}], "statement": "A" * 43}, "heads.lines[0]"),
        ("heads", {"lines": 1, "statement": "A" * 43}, "heads"),
        ("consistency", [{"proof": "AAAA", "root": "A" * 43, "size": 1}], "consistency[0].proof"),
        ("consistency", [{"proof": [1], "root": "A" * 43, "size": 1}], "consistency[0].proof[0]"),
        ("consistency", [{"proof": [], "root": "A" * 43, "size": True}], "consistency[0].size"),
        ("statements", [1], "statements[0]"),
        ("disclosures", [None], "disclosures[0]"),
        ("entries", [{"entry": 1, "index": 0, "proof": []}], "entries[0]"),
        ("others", [1], "others[0]."),
    ],
)
def test_the_place_of_what_is_wrong_is_named(made: Bundle, name: str, value: Any, path: str) -> None:
    assert refused(printed({**json.loads(made.text()), name: value})).params["path"] == path


def test_what_is_wrong_in_another_log_s_bundle_is_found_there(made: Bundle) -> None:
    inner = {**json.loads(made.text()), "about": []}
    error = refused(printed({**json.loads(made.text()), "others": [inner]}))
    assert (error.code, error.params["path"]) == ("empty", "others[0].about")


def test_text_that_no_encoding_carries_is_refused() -> None:
    assert refused("\ud800").code == "json"
