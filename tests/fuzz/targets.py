"""The parsers, each with good examples and what it has to keep to: refuse in order, or print back the same bytes."""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from ledger import b64u, bundle, canonical, entry, heads, receipt, records, statement, tiles
from ledger.canonical import Json
from ledger.checkpoint import COSIGNATURE, ED25519, Checkpoint, Note, VKey, cosign
from ledger.errors import LedgerError, Malformed, NotAllowed
from ledger.identity import ChainId, grouped, mark, read_mark, read_trace_code, trace_code
from ledger.keys import Algorithm, PublicKey
from ledger.merkle import consistency_proof
from ledger.policy import Group, Pin, Policy, Witness
from ledger.tiles import ENTRIES, TileId
from ledger.verify import CHECKS, Rejected, verify
from ledger.witnessing import AddCheckpoint
from tests import examples
from tests.bundles import bundle_of, daily_heads, pin_of
from tests.world import World, county, harvested, kg, planted, secret

CASES = Path(__file__).parent.parent / "vectors" / "bundles"
SHORTEST = 12
"""How many of the conformance cases are gone on from: long ones only take longer."""

Echo = Callable[[bytes], bytes]
ACCEPTED = "accepted"
_NAME = re.compile(r"[a-z_.]{0,40}").fullmatch
"""A path that says which field, and not what somebody wrote there."""


@dataclass(frozen=True)
class Target:
    """``echo`` parses and prints; what it raises for bad bytes is a LedgerError and nothing else.

    Where people may write one thing in several ways what is printed is ``plain``: it need not be what was read, but is
    read as itself.
    """

    name: str
    examples: Callable[[], Iterable[bytes | str]]
    echo: Echo
    plain: bool = False

    def judge(self, data: bytes) -> tuple[str, str]:
        """What is wrong with the parser, as ``data`` shows, or nothing; and what it says, without the details."""
        try:
            printed = self.echo(data)
        except LedgerError as error:
            path = str(error.params.get("path", ""))
            return "", f"{error.code} {path if _NAME(path) else ''}"
        except Exception as error:
            return f"{type(error).__name__}: {error}"[:200], ""
        if printed == data:
            return "", ACCEPTED
        if not self.plain:
            return "accepted, and printed otherwise", ""
        try:
            return ("" if self.echo(printed) == printed else "what is printed is read as something else"), ACCEPTED
        except LedgerError as error:
            return f"what is printed is not read: {error}", ""

    def good(self) -> list[bytes]:
        return [one.encode() if isinstance(one, str) else one for one in self.examples()]


def text(parse: Callable[[str], object]) -> Echo:
    """The echo of a parser of text, whose print is its ``str``."""
    return lambda data: str(parse(_text(data))).encode(errors="surrogateescape")


def _text(data: bytes) -> str:
    """What is no UTF-8 comes as lone surrogates, as it may out of JSON."""
    return data.decode(errors="surrogateescape")


# --- a small world to take examples from ---------------------------------------------------------------------------


@cache
def _world() -> World:
    world = county()
    lot = harvested(world, planted(world))
    goods = {"goods": [{"batch": lot, "quantity": kg("300")}], "receiver": world.parties["coop"]}
    world.state("ship", "farm", {**goods}, [lot], sealed={"plate": "川A·D5678", "person": "李四"})
    world.register("phone", "farm", alg="ES256")
    world.state("observe", "phone", {"weather": "晴"}, [lot])
    return world


@cache
def _bundle() -> str:
    """With sealed fields, daily heads and a checkpoint that somebody remembers."""
    world = _world()
    lot = next(one.created[0] for one in world.statements if one.kind == "harvest")
    disclosures = next(world.disclosures[one.hash] for one in world.statements if one.kind == "ship")
    return bundle_of(world, lot, daily=daily_heads(world), since=[9], disclosures=disclosures).text()


@cache
def _conforming() -> tuple[list[Pin], list[str]]:
    """The pins that most of the conformance cases use, and the bundles that hold against just those."""
    cases = [json.loads(path.read_bytes()) for path in sorted(CASES.glob("*.json"))]
    often = Counter(text for case in cases for text in case["pins"])
    pins: dict[str, str] = {}
    for pinned, _ in often.most_common():
        pins.setdefault(Pin.parse(pinned).origin, pinned)
    good = [case["bundle"] for case in cases if not case["expected"]["check"] and set(case["pins"]) <= {*pins.values()}]
    return [Pin.parse(pinned) for pinned in pins.values()], sorted(set(good), key=len)[:SHORTEST]


def _bundles() -> list[str]:
    return [_bundle(), *_conforming()[1]]


def _witnessed() -> Note:
    world, key = _world(), secret("witness")
    note = Note.parse(world.note())
    return Note(note.text, (*note.signatures, cosign(world.checkpoint(), "w.example.org", key, 1_772_400_000)))


def _vkeys() -> list[VKey]:
    witness = VKey("w.example.org", COSIGNATURE, secret("witness").public)
    return [VKey(_world().log, ED25519, secret("log").public), witness]


def _policy() -> Policy:
    witnesses = tuple(
        Witness(name, VKey(f"{name}.example.org", COSIGNATURE, secret(name).public), url)
        for name, url in (("a", "https://a.example.org/"), ("b", ""), ("农业局", ""))
    )
    groups = (Group("two", 2, ("a", "b", "农业局")),)
    return Policy(((_vkeys()[0], "https://log.example.org/"),), witnesses, groups, "two")


def _add_checkpoints() -> list[str]:
    world = _world()
    size = len(world.entries)
    return [
        str(AddCheckpoint(old, tuple(consistency_proof(old, size, world.nodes)), Note.parse(world.note())))
        for old in (0, 7, size)
    ]


def _records() -> list[bytes]:
    """Every kind of record there is: what stands in the clear, and what is sealed."""
    world = _world()
    planting, lot = (
        next(one.created[0] for one in world.statements if one.kind == kind) for kind in ("plant", "harvest")
    )
    return [
        canonical.dumps(
            {
                "body": one.body,
                "iss": world.devices[one.by].party,
                "kind": kind,
                "on": [*sorted(one.on)],
                "sealed": one.sealed,
            }
        )
        for kind, one in examples.examples(world, planting, lot).items()
    ]


# --- the targets ---------------------------------------------------------------------------------------------------


def _echo_presentation(data: bytes) -> bytes:
    jws, disclosures = statement.read_presentation(_text(data))
    statement.open_sealed(statement.parse(jws), disclosures)
    return statement.present(jws, disclosures).encode()


def _echo_disclosure(data: bytes) -> bytes:
    statement.unseal(_text(data))
    return data


def _echo_jwk(data: bytes) -> bytes:
    return canonical.dumps({**PublicKey.from_jwk(canonical.loads(data)).jwk})


def _echo_record(data: bytes) -> bytes:
    """A record's fields against its kind and the registry: what anybody with a key may send."""
    match canonical.loads(data):
        case {"body": dict(body), "iss": iss, "kind": kind, "on": on, "sealed": dict(sealed)}:
            pass
        case _:
            raise Malformed("missing")
    world, digests = _world(), [statement.digest(statement.seal(name, sealed[name], bytes(16))) for name in sealed]
    payload: dict[str, Json] = {
        "after": None,
        "at": "2026-03-01T00:00:00Z",
        "body": {**body, **({"_sd": sorted(digests)} if digests else {})},
        "iat": world.clock,
        "kind": kind,
        "log": world.log,
        "n": 0,
        "on": on,
        "seen": None,
        "v": 1,
        **({"_sd_alg": "sha-256"} if digests else {}),
        **({"iss": iss} if iss is not None else {}),
    }
    read = statement.read_payload(payload)
    records.check(read, sealed)
    with suppress(NotAllowed):
        world.registry.authorise(read, signed=False)
    return data


def _echo_verdict(data: bytes) -> bytes:
    """The whole list: a bundle holds or is rejected, for a reason that this check has."""
    try:
        verify(data, [pin_of(_world()), *_conforming()[0]])
    except Rejected as error:
        if not any(one.number == error.check and error.reason in one.reasons for one in CHECKS):
            raise AssertionError(f"{error} is for no reason that the list has") from None
        raise Malformed(f"{error.check} {error.reason} {error.cause.code}") from None
    except LedgerError as error:
        raise AssertionError(f"{error} is no verdict") from None
    return data


TARGETS: tuple[Target, ...] = (
    Target("b64u", lambda: ["", "A" * 43], lambda data: b64u.encode(b64u.decode(_text(data))).encode()),
    Target("json", lambda: ['{"a":[1,"é",null,true,-5]}', *(one.text() for one in _world().entries[:3])],
           lambda data: canonical.dumps(canonical.loads(data))),
    Target("jwk", lambda: [_jwk("a"), _jwk("b", "ES256")], _echo_jwk),
    Target("vkey", lambda: map(str, _vkeys()), text(VKey.parse)),
    Target("checkpoint", lambda: [str(_world().checkpoint())], text(Checkpoint.parse)),
    Target("note", lambda: [_world().note(), str(_witnessed())], text(Note.parse)),
    Target("policy", lambda: [str(_policy()), "# none\nlog " + str(_vkeys()[0]) + "\nquorum none\n"],
           text(Policy.parse), plain=True),
    Target("pin", lambda: [Pin(_policy(), _world().parties["root"]).text()],
           lambda data: Pin.parse(_text(data)).text().encode(), plain=True),
    Target("add-checkpoint", _add_checkpoints, text(AddCheckpoint.parse)),
    Target("tile", lambda: [tiles.tile_path(tile) for tile in _tiles()],
           lambda data: tiles.tile_path(tiles.parse_tile_path(_text(data))).encode()),
    Target("trace-code", lambda: [code for one in _created() for code in (trace_code(one), grouped(trace_code(one)))],
           lambda data: read_trace_code(_text(data)).encode(), plain=True),
    Target("mark", lambda: map(mark, _created()), lambda data: read_mark(_text(data)).encode()),
    Target("entry", lambda: (one.text() for one in _world().entries[-5:]),
           lambda data: entry.parse(_text(data)).text().encode()),
    Target("head", lambda: [heads.Head(one.chain, "A" * 43, one.seq).line() for one in _world().entries[-3:]],
           lambda data: heads.parse_line(_text(data)).line()),
    Target("statement", lambda: (one.jws for one in _world().statements[::4]),
           lambda data: statement.parse(_text(data)).jws.encode()),
    Target("disclosure", lambda: (one for kept in _world().disclosures.values() for one in kept), _echo_disclosure),
    Target("presentation", lambda: (_world().presentation(one) for one in _world().statements[-4:]),
           _echo_presentation, plain=True),
    Target("record", _records, _echo_record),
    Target("receipt", lambda: (_world().receipt(one).text() for one in _world().statements[-3:]),
           lambda data: receipt.parse(data).text().encode()),
    Target("bundle", _bundles, lambda data: bundle.parse(data).text().encode()),
    Target("verdict", _bundles, _echo_verdict),
)  # fmt: skip


def _jwk(name: str, alg: Algorithm = "Ed25519") -> bytes:
    return canonical.dumps({**secret(name, alg).public.jwk})


def _tiles() -> list[TileId]:
    return [TileId(0, 0, 1), TileId(0, 0), TileId(1, 1234067, 7), TileId(63, 0, 255), TileId(ENTRIES, 1000)]


def _created() -> list[ChainId]:
    return [chain for one in _world().statements for chain in one.created][-3:]
