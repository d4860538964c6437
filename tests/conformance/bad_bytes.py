"""Check 1: bytes that are not those of a bundle."""

import json
from collections.abc import Callable, Iterator
from typing import Any

from ledger import b64u
from ledger.bundle import Bundle
from ledger.canonical import dumps
from tests.conformance.town import Case, Town, bundle_of, case, lot, town
from tests.world import secret


def bad_bytes() -> Iterator[Case]:
    made = town()
    chain = lot(made)
    said = made.statement("observe", "farm", {"growth_stage": "转色"}, [chain], {"note": "一", "person": "二"})
    made.put(said)
    whole = bundle_of(made, chain, disclosures=made.disclosures[said.hash])

    def refused(name: str, what: str, text: str) -> Case:
        return case(name, what, made, text, check=1, reason="malformed")

    yield refused("empty", "nothing at all", "")
    yield refused("not-json", "not JSON", whole.text()[:-1])
    yield refused("white-space", "a space that the canonical form has not", whole.text().replace('"v":1', '"v": 1'))
    yield refused("newline", "a newline at the end", whole.text() + "\n")
    yield refused("name-twice", "one name twice", whole.text().replace('"v":1', '"v":1,"v":1'))
    yield refused("float", "a number with a point", whole.text().replace('"v":1', '"v":1.0'))

    for name, what, change in CHANGES:
        value = json.loads(whole.text())
        change(value)
        yield refused(name, what, json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True))

    yield from _in_statements(made, whole)


def _swap(items: list[Any]) -> None:
    items[0], items[1] = items[1], items[0]


def _extended(value: dict[str, Any]) -> None:
    value["checkpoint"] = value["checkpoint"].replace("\n\n", "\nextension\n\n", 1)


CHANGES: tuple[tuple[str, str, Callable[[Any], Any]], ...] = (
    ("not-an-object", "a bundle without its checkpoint", lambda v: v.pop("checkpoint")),
    ("version-2", "a version that is not known", lambda v: v.update(v=2)),
    ("version-true", "true is not one", lambda v: v.update(v=True)),
    ("unknown-name", "a name that a bundle has not", lambda v: v.update(note="hello")),
    ("about-nothing", "about nothing", lambda v: v.update(about=[])),
    ("about-twice", "the same batch twice", lambda v: v.update(about=v["about"] * 2)),
    ("entry-unknown-name", "a name that an entry's place has not", lambda v: v["entries"][0].update(leaf="x")),
    ("entry-not-canonical", "an entry with a space in it", lambda v: v["entries"][0].update(
        entry=v["entries"][0]["entry"].replace(":", ": ", 1))),
    ("entries-swapped", "entries out of order", lambda v: _swap(v["entries"])),
    ("entry-twice", "one entry twice", lambda v: v["entries"].insert(0, v["entries"][0])),
    ("index-negative", "an index below nought", lambda v: v["entries"][0].update(index=-1)),
    ("index-huge", "an index beyond 2^53-1", lambda v: v["entries"][-1].update(index=2**53)),
    ("hash-31-bytes", "a hash of 31 bytes in a proof", lambda v: v["entries"][0]["proof"].__setitem__(
        0, b64u.encode(bytes(31)))),
    ("hash-33-bytes", "a hash of 33 bytes in a proof", lambda v: v["entries"][0]["proof"].__setitem__(
        0, b64u.encode(bytes(33)))),
    ("hash-padded", "base64 with padding", lambda v: v["about"].__setitem__(0, v["about"][0] + "=")),
    ("hash-loose-bits", "base64 whose last character says too much", lambda v: v["about"].__setitem__(
        0, v["about"][0][:-1] + chr(ord(v["about"][0][-1]) + 1))),
    ("statement-left-out", "an entry without its statement", lambda v: v["statements"].pop()),
    ("statements-swapped", "statements out of order", lambda v: _swap(v["statements"])),
    ("statement-twice", "one statement twice", lambda v: v["statements"].append(v["statements"][-1])),
    ("signature-short", "a signature of 63 bytes", lambda v: v["statements"].__setitem__(
        0, v["statements"][0].rpartition(".")[0] + "." + b64u.encode(bytes(63)))),
    ("disclosures-swapped", "disclosures out of order", lambda v: v["disclosures"].sort(reverse=True)),
    ("disclosure-twice", "one disclosure twice", lambda v: v["disclosures"].insert(0, v["disclosures"][0])),
    ("disclosure-salt", "a salt of 15 bytes", lambda v: v.update(
        disclosures=[b64u.encode(dumps([b64u.encode(bytes(15)), "note", "x"]))])),
    ("checkpoint-extended", "a checkpoint with an extension line", _extended),
    ("checkpoint-unsigned", "a checkpoint without a signature", lambda v: v.update(
        checkpoint=v["checkpoint"].partition("\n\n")[0] + "\n")),
    ("heads-unknown-name", "a name that heads have not", lambda v: v.update(
        heads={"lines": [], "size": 1, "statement": v["about"][0]})),
    ("heads-line", "a line of heads that is none", lambda v: v.update(
        heads={"lines": [{"line": "{}", "position": 0, "proof": []}], "statement": v["about"][0]})),
    ("consistency-twice", "one earlier checkpoint twice", lambda v: v.update(
        consistency=[{"proof": [], "root": v["about"][0], "size": 1}] * 2)),
)  # fmt: skip


def _in_statements(made: Town, whole: Bundle) -> Iterator[Case]:
    """Statements signed by their own key, and not what a statement may be."""
    farm = made.devices["farm"]

    def resigned(name: str, what: str, change: Callable[[dict[str, Any]], Any]) -> Case:
        jws = whole.statements[-1].jws
        payload = json.loads(b64u.decode(jws.split(".")[1]))
        change(payload)
        text = json.dumps(payload, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
        message = f"{jws.split('.')[0]}.{b64u.encode(text.encode())}"
        forged = f"{message}.{b64u.encode(farm.key.sign(message.encode()))}"
        return case(name, what, made, whole.text().replace(jws, forged), check=1, reason="malformed")

    yield resigned("envelope-unknown-name", "a claim that a statement has not", lambda p: p.update(exp=1))
    yield resigned("envelope-on-swapped", "one chain twice in `on`", lambda p: p.update(on=p["on"] * 2))
    yield resigned("envelope-depth", "a body too deep", lambda p: p.update(body={"a": _deep(20)}))
    yield resigned("envelope-year", "a date that no calendar has", lambda p: p.update(at="2026-02-30T00:00:00Z"))

    other = town()
    chain = lot(other)
    party, key = other.parties["farm"], secret("another")
    body = {"kid": key.public.kid, "reason": "丢失", "who": "me"}
    other.force(other.statement("key.revoke", "farm", body, [party]), apply=False)
    yield case(
        "registry-unknown-name",
        "a name that a registry record has not",
        other,
        bundle_of(other, chain),
        check=1,
        reason="malformed",
    )


def _deep(levels: int) -> Any:
    return {"a": _deep(levels - 1)} if levels else 1
