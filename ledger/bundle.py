"""A bundle: everything that is needed to check a batch off line, in one file (format §9).

    about        the chains it answers for              statements   what was signed, as it was signed
    checkpoint   the log's signed and witnessed head     entries      their places in chains and log, with proofs
    consistency  earlier heads that signers had seen     disclosures  the sealed fields that may be shown
    heads        the newest daily heads, by lines        others       bundles of other counties' logs

The bytes are the canonical JSON, and only those: whatever parses prints back the same, every list is in the one
order it can be in. Nothing here is believed yet; that is for ``ledger.verify``.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import orjson

from ledger import b64u, statement
from ledger.canonical import MAX_INTEGER
from ledger.checkpoint import Checkpoint, Note
from ledger.entry import parse as parse_entry
from ledger.errors import LedgerError, Malformed
from ledger.heads import parse_line
from ledger.identity import ChainId, StatementHash
from ledger.merkle import Hash
from ledger.receipt import Proven
from ledger.registry import KINDS as REGISTRY_KINDS
from ledger.statement import Disclosure, Statement

VERSION = 1
MAX_BYTES = 16 * 1024 * 1024
MAX_OTHERS = 8
"""How many logs deep bundles may lie in one another."""


@dataclass(frozen=True, slots=True)
class Consistency:
    """That the log's first ``size`` entries, whose root was ``root``, are the beginning of the checkpoint's."""

    size: int
    root: Hash
    proof: tuple[Hash, ...]


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the daily heads, where it stands among them, and its path to their root."""

    line: str
    position: int
    proof: tuple[Hash, ...]


@dataclass(frozen=True, slots=True)
class Heads:
    """Lines of one ``log.heads``, which is among the bundle's statements."""

    statement: StatementHash
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class Bundle:
    """All lists as they are printed; ``form`` says in which order that has to be."""

    about: tuple[ChainId, ...]
    checkpoint: str
    """The signed note, as text."""
    entries: tuple[Proven, ...]
    statements: tuple[Statement, ...]
    consistency: tuple[Consistency, ...] = ()
    disclosures: tuple[Disclosure, ...] = ()
    heads: Heads | None = None
    others: tuple["Bundle", ...] = ()

    def text(self) -> str:
        """The canonical JSON."""
        return orjson.dumps(self._value(), option=orjson.OPT_SORT_KEYS).decode()

    def _value(self) -> dict[str, Any]:
        heads = None
        if self.heads is not None:
            lines = [
                {"line": line.line, "position": line.position, "proof": [*map(b64u.encode, line.proof)]}
                for line in self.heads.lines
            ]
            heads = {"lines": lines, "statement": self.heads.statement}
        return {
            "about": self.about,
            "checkpoint": self.checkpoint,
            "consistency": [
                {"proof": [*map(b64u.encode, one.proof)], "root": b64u.encode(one.root), "size": one.size}
                for one in self.consistency
            ],
            "disclosures": self.disclosures,
            "entries": [
                {"entry": one.entry.text(), "index": one.index, "proof": [*map(b64u.encode, one.proof)]}
                for one in self.entries
            ],
            "heads": heads,
            "others": [other._value() for other in self.others],
            "statements": [one.jws for one in self.statements],
            "v": VERSION,
        }


def parse(text: str | bytes) -> Bundle:
    """The bundle that ``text`` is the print of. Raises Malformed with the place of what is wrong."""
    data = text if isinstance(text, bytes) else text.encode(errors="surrogatepass")
    bundle = read(data)
    form(bundle, data)
    return bundle


def read(data: bytes) -> Bundle:
    """What ``data`` says, whether or not it is written as it has to be. Raises Malformed."""
    if len(data) > MAX_BYTES:
        raise Malformed("size", path="bundle", has=len(data), wanted=MAX_BYTES)
    try:
        value = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise Malformed("json", path=f"bundle, byte {error.pos}", has=str(error)[:80]) from None
    return _bundle(value, "", 0)


def form(bundle: Bundle, data: bytes) -> None:
    """Raises Malformed unless ``data`` is exactly how ``bundle`` is printed, every list in its order."""
    printed = bundle.text().encode()
    if printed != data:
        at = next((place for place, (a, b) in enumerate(zip(printed, data, strict=False)) if a != b), len(printed))
        has = data[at : at + 40].decode(errors="replace")
        wanted = printed[at : at + 40].decode(errors="replace")
        raise Malformed("canonical", path=f"bundle, byte {at}", has=has, wanted=wanted)
    _form(bundle, "")


def _form(bundle: Bundle, path: str) -> None:
    if not bundle.about or not bundle.entries:
        raise Malformed("empty", path=f"{path}{'entries' if bundle.about else 'about'}", wanted="at least one")
    _ascending(bundle.about, f"{path}about")
    _ascending([(one.size, one.root) for one in bundle.consistency], f"{path}consistency")
    _ascending(bundle.disclosures, f"{path}disclosures")
    _ascending([one.index for one in bundle.entries], f"{path}entries")
    _ascending([other.text() for other in bundle.others], f"{path}others")
    if bundle.heads is not None:
        _ascending([line.position for line in bundle.heads.lines], f"{path}heads.lines")
    # By first index is the order in which entries first name them; and each has one, for all that is carried is proven.
    named = list(dict.fromkeys(one.entry.statement for one in bundle.entries))
    if named != [one.hash for one in bundle.statements]:
        raise Malformed("order", path=f"{path}statements", wanted="those that entries name, in their order")
    for place, one in enumerate(bundle.statements):
        if one.kind in REGISTRY_KINDS:
            try:
                REGISTRY_KINDS[one.kind].check(one, {})
            except Malformed as error:
                where = f"{path}statements[{place}]: {error.params.get('path', '')}"
                raise Malformed(error.code, **{**error.params, "path": where}) from None
    for place, other in enumerate(bundle.others):
        _form(other, f"{path}others[{place}].")


def _ascending(values: Sequence[Any], path: str) -> None:
    for place, (before, after) in enumerate(pairwise(values)):
        if before >= after:
            raise Malformed("order", path=f"{path}[{place + 1}]", wanted="ascending, no repeats")


# --- reading -------------------------------------------------------------------------------------------------------


def _bundle(value: Any, path: str, depth: int) -> Bundle:
    match value:
        case {
            "about": [*about],
            "checkpoint": str(checkpoint),
            "consistency": [*consistency],
            "disclosures": [*disclosures],
            "entries": [*entries],
            "heads": None | {} as heads,
            "others": [*others],
            "statements": [*statements],
            "v": int(v),
            **rest,
        }:
            pass
        case _:
            names = "about, checkpoint, consistency, disclosures, entries, heads, others, statements, v"
            raise Malformed("bundle", path=path or "bundle", wanted=names)
    if v is True or v != VERSION:
        raise Malformed("version", path=f"{path}v", has=v, wanted=VERSION)
    if rest:
        raise Malformed("unknown", path=f"{path}{ascii(min(map(str, rest)))[1:-1][:80]}")
    if others and depth == MAX_OTHERS:
        raise Malformed("depth", path=f"{path}others", wanted=MAX_OTHERS)
    Checkpoint.parse(Note.parse(checkpoint).text)
    return Bundle(
        about=tuple(ChainId(_hash(one, f"{path}about[{i}]")) for i, one in enumerate(about)),
        checkpoint=checkpoint,
        entries=tuple(_proven(one, f"{path}entries[{i}]") for i, one in enumerate(entries)),
        statements=tuple(_statement(one, f"{path}statements[{i}]") for i, one in enumerate(statements)),
        consistency=tuple(_consistency(one, f"{path}consistency[{i}]") for i, one in enumerate(consistency)),
        disclosures=tuple(_disclosure(one, f"{path}disclosures[{i}]") for i, one in enumerate(disclosures)),
        heads=_heads(heads, f"{path}heads") if heads is not None else None,
        others=tuple(_bundle(one, f"{path}others[{i}].", depth + 1) for i, one in enumerate(others)),
    )


def _statement(value: Any, path: str) -> Statement:
    jws = _text(value, path)
    try:
        return statement.parse(jws)
    except LedgerError as error:
        raise Malformed(error.code, **{**error.params, "path": f"{path}: {error.params.get('path', '')}"}) from None


def _disclosure(value: Any, path: str) -> Disclosure:
    text = _text(value, path)
    statement.unseal(text, path)
    return text


def _proven(value: Any, path: str) -> Proven:
    match value:
        case {"entry": str(entry), "index": index, "proof": proof, **rest} if not rest:
            return Proven(
                parse_entry(entry, f"{path}.entry"), _count(index, f"{path}.index"), _hashes(proof, f"{path}.proof")
            )
    raise Malformed("bundle", path=path, wanted="entry, index, proof")


def _consistency(value: Any, path: str) -> Consistency:
    match value:
        case {"proof": proof, "root": root, "size": size, **rest} if not rest:
            hashes = _hashes(proof, f"{path}.proof")
            (found,) = _hashes([root], f"{path}.root")
            return Consistency(_count(size, f"{path}.size"), found, hashes)
    raise Malformed("bundle", path=path, wanted="proof, root, size")


def _heads(value: Any, path: str) -> Heads:
    match value:
        case {"lines": [*lines], "statement": hash_, **rest} if not rest:
            read = tuple(_line(line, f"{path}.lines[{place}]") for place, line in enumerate(lines))
            return Heads(StatementHash(_hash(hash_, f"{path}.statement")), read)
    raise Malformed("bundle", path=path, wanted="lines, statement")


def _line(value: Any, path: str) -> Line:
    match value:
        case {"line": str(line), "position": position, "proof": proof, **rest} if not rest:
            parse_line(line, f"{path}.line")
            return Line(line, _count(position, f"{path}.position"), _hashes(proof, f"{path}.proof"))
    raise Malformed("bundle", path=path, wanted="line, position, proof")


def _hashes(value: Any, path: str) -> tuple[Hash, ...]:
    if not isinstance(value, list):
        raise Malformed("type", path=path, wanted="a list of hashes")
    return tuple(Hash(b64u.decode(_text(one, f"{path}[{i}]"), 32, path=f"{path}[{i}]")) for i, one in enumerate(value))


def _hash(value: Any, path: str) -> str:
    text = _text(value, path)
    b64u.decode(text, 32, path=path)
    return text


def _text(value: Any, path: str) -> str:
    if not isinstance(value, str):
        raise Malformed("type", path=path, wanted="text")
    return value


def _count(value: Any, path: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MAX_INTEGER:
        raise Malformed("number", path=path, has=ascii(value)[:40], wanted=f"0 … {MAX_INTEGER}")
    return value
