"""A statement: what a party signed (format §3).

A compact JWS over an SD-JWT payload. What may be seen by anyone stands in the clear in ``body``; every other
field is a digest in ``body._sd`` from the first statement on, its disclosure ``[salt, name, value]`` kept apart,
so that erasing a phone number later breaks no signature.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property, lru_cache
from hashlib import sha256
from itertools import pairwise
from typing import Any, TypeAlias

import orjson

from ledger import b64u
from ledger.canonical import MAX_INTEGER, Json, check, dumps, loads
from ledger.errors import Malformed
from ledger.identity import ChainId, StatementHash, chain_id
from ledger.keys import Algorithm, KeyId, PublicKey, Signer

VERSION = 1
MAX_PAYLOAD = 48 * 1024
MAX_TARGETS = 256
LAST_SECOND = 253_402_300_799
"""9999-12-31T23:59:59Z: beyond it no calendar here has a name for a time."""

TIME = "(?:19[7-9][0-9]|[2-9][0-9]{3})-[0-9]{2}-[0-9]{2}T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]Z"
"""A time as it is written: UTC, to the second; that it is a real date is asked apart."""

Disclosure: TypeAlias = str
"""b64u of the canonical ``[salt, name, value]``."""

_TYPE = "statement+sd-jwt"
# In canonical bytes a quote before a colon ends a name: so these find the names at every depth.
_RESERVED = {"_sd": b'"_sd":', "_sd_alg": b'"_sd_alg":'}
_CLAIMS = frozenset(("_sd_alg", "after", "at", "body", "for", "iat", "iss", "kind", "log", "n", "on", "seen", "v"))
_time = re.compile(TIME).fullmatch
_kind = re.compile(r"[a-z]+(?:\.[a-z]+)?").fullmatch


@dataclass(frozen=True)
class Statement:
    """A parsed statement. ``jws`` is what was signed and what is stored, byte for byte; the rest is read from it."""

    jws: str
    hash: StatementHash
    alg: Algorithm
    kid: KeyId
    log: str
    iss: ChainId | None
    for_: ChainId | None
    iat: int
    n: int
    after: StatementHash | None
    seen: tuple[int, str] | None
    """(size, root as b64u) of the checkpoint that the signer had checked."""
    kind: str
    at: str
    body: Mapping[str, Any]
    on: tuple[ChainId, ...]

    @property
    def actor(self) -> ChainId | None:
        """The party on whose account this stands: the principal where somebody acts for one."""
        return self.for_ or self.iss

    @property
    def sealed(self) -> tuple[str, ...]:
        """The digests of what is not public."""
        return tuple(self.body.get("_sd", ()))

    @cached_property
    def created(self) -> tuple[ChainId, ...]:
        """The chains that this statement brings into being, in the order of its outputs (§4)."""
        outputs = self.body.get("outputs")
        count = len(outputs) if outputs is not None else (0 if self.on else 1)
        return tuple(chain_id(self.hash, place) for place in range(count))

    @cached_property
    def targets(self) -> tuple[ChainId, ...]:
        """The chains that get an entry each: those it touches, then those it creates."""
        return self.on + self.created

    def verify(self, key: PublicKey) -> None:
        """Raises BadSignature unless this is signed by ``key``, under the algorithm of the key's record."""
        check_signature(self, key, key.verify)


def check_signature(statement: Statement, key: PublicKey, verify: Callable[[bytes, bytes], None]) -> None:
    """As ``Statement.verify``, with the key's check given: threads each bring their own."""
    if statement.alg != key.alg or statement.kid != key.kid:
        raise Malformed("header", path="header", has=statement.alg, wanted=key.alg)
    message, _, signature = statement.jws.rpartition(".")
    verify(b64u.decode(signature, 64, path="signature"), message.encode())


# --- reading ---------------------------------------------------------------------------------------------------


def parse(jws: str) -> Statement:
    """Read a compact JWS strictly. Raises Malformed with the path of what is wrong; checks no signature."""
    if not jws.isascii() or jws.count(".") != 2:
        raise Malformed("jws", path="", has=jws[:40], wanted="header.payload.signature")
    head, middle, signature = jws.split(".")
    alg, kid = _header(head)
    b64u.decode(signature, 64, path="signature")
    raw = b64u.decode(middle, path="payload")
    return _statement(jws, StatementHash(_digest(jws)), alg, kid, raw, loads(_sized(raw)))


def reread(jws: str, hash_: StatementHash) -> Statement:
    """A statement that stands in one's own log, read again: it was parsed when it was admitted, and is believed.

    Five times as fast as ``parse``, and not for what comes from anywhere else: bytes that were changed since raise
    whatever they happen to (LookupError, TypeError, ValueError, LedgerError) or pass. The audit parses.
    """
    head, middle, _ = jws.split(".")
    alg, kid = _header(head)
    payload = orjson.loads(b64u.decode(middle))
    seen = payload["seen"]
    return Statement(
        jws,
        hash_,
        alg,
        kid,
        payload["log"],
        payload.get("iss"),
        payload.get("for"),
        payload["iat"],
        payload["n"],
        payload["after"],
        (seen["size"], seen["root"]) if seen else None,
        payload["kind"],
        payload["at"],
        payload["body"],
        tuple(payload["on"]),
    )


def _sized(data: bytes) -> bytes:
    if len(data) > MAX_PAYLOAD:
        raise Malformed("size", path="payload", has=len(data), wanted=MAX_PAYLOAD)
    return data


def _digest(text: str) -> str:
    return b64u.encode(sha256(text.encode()).digest())


@lru_cache(maxsize=4096)
def _header(segment: str) -> tuple[Algorithm, KeyId]:
    # A key's header is the same in all its statements: read once, remembered.
    header = loads(b64u.decode(segment, path="header"), path="header")
    match header:
        case {"alg": "Ed25519" | "ES256" as alg, "kid": str(kid), "typ": "statement+sd-jwt", **rest} if not rest:
            b64u.decode(kid, 32, path="header.kid")
            return alg, KeyId(kid)
    raise Malformed("header", path="header", wanted=f'{{"alg":"Ed25519"|"ES256","kid":…,"typ":"{_TYPE}"}}')


def read_payload(payload: Json) -> Statement:
    """An unsigned payload as a statement, for findings asked before signing; hash and signature are empty."""
    raw = _sized(dumps(payload))
    return _statement("", StatementHash(_digest("")), "Ed25519", KeyId(""), raw, payload)


def _statement(jws: str, hash_: StatementHash, alg: Algorithm, kid: KeyId, raw: bytes, payload: Json) -> Statement:
    if not isinstance(payload, dict):
        raise Malformed("type", path="", wanted="object")
    if not payload.keys() <= _CLAIMS:
        raise Malformed("unknown", path=min(payload.keys() - _CLAIMS))
    if payload.get("v") is True or payload.get("v") != VERSION:
        raise Malformed("version", path="v", has=str(payload.get("v")), wanted=VERSION)
    kind = _text(payload, "kind")
    if not _kind(kind):
        raise Malformed("kind", path="kind", has=kind[:80])
    body = payload.get("body")
    if not isinstance(body, dict):
        raise Malformed("type" if "body" in payload else "missing", path="body", wanted="object")
    _check_sealed(raw, payload, body)
    n, after = _whole(payload, "n"), _hash(payload, "after", null=True)
    if (after is None) != (n == 0):
        raise Malformed("notebook", path="after", has=str(after), wanted="null for n = 0, else a hash")
    iss = _hash(payload, "iss") if kind != "log.open" or "iss" in payload else None
    if iss is not None and kind == "log.open":
        raise Malformed("unknown", path="iss")
    for_ = _hash(payload, "for") if "for" in payload else None
    if for_ is not None and for_ == iss:
        raise Malformed("for", path="for", has=for_, wanted="a party other than iss")
    on, outputs = _on(payload), _outputs(body)
    if len(on) + len(outputs) > MAX_TARGETS:
        raise Malformed("targets", path="on", has=len(on) + len(outputs), wanted=MAX_TARGETS)
    return Statement(
        jws=jws,
        hash=hash_,
        alg=alg,
        kid=kid,
        log=_text(payload, "log"),
        iss=ChainId(iss) if iss is not None else None,
        for_=ChainId(for_) if for_ is not None else None,
        iat=_whole(payload, "iat", LAST_SECOND),
        n=n,
        after=StatementHash(after) if after is not None else None,
        seen=_seen(payload),
        kind=kind,
        at=read_time(_text(payload, "at"), "at"),
        body=body,
        on=on,
    )


def _outputs(body: dict[str, Json]) -> list[Json]:
    outputs = body.get("outputs", [])
    if not isinstance(outputs, list) or not all(isinstance(output, dict) for output in outputs):
        raise Malformed("type", path="body.outputs", wanted="a list of objects")
    if "outputs" in body and not outputs:
        raise Malformed("empty", path="body.outputs", wanted="at least one")
    return outputs


def _check_sealed(raw: bytes, payload: dict[str, Json], body: dict[str, Json]) -> None:
    digests = body.get("_sd")
    if raw.count(_RESERVED["_sd"]) > ("_sd" in body) or raw.count(_RESERVED["_sd_alg"]) > ("_sd_alg" in payload):
        raise Malformed("sealed", path="body", wanted="_sd directly in body, _sd_alg beside it")
    if ("_sd" in body) != ("_sd_alg" in payload) or payload.get("_sd_alg", "sha-256") != "sha-256":
        raise Malformed("sd-alg", path="_sd_alg", wanted='"sha-256" with body._sd, else absent')
    if "_sd" not in body:
        return
    if not isinstance(digests, list) or not digests:
        raise Malformed("sealed", path="body._sd", wanted="a list of digests")
    for place, digest in enumerate(digests):
        if not isinstance(digest, str):
            raise Malformed("sealed", path=f"body._sd[{place}]", wanted="a digest")
        b64u.decode(digest, 32, path=f"body._sd[{place}]")
    _ascending([str(digest) for digest in digests], "body._sd")


def _ascending(values: Sequence[str], path: str) -> None:
    if any(a >= b for a, b in pairwise(values)):
        raise Malformed("order", path=path, wanted="ascending, no repeats")


def _text(payload: dict[str, Json], name: str) -> str:
    value = payload.get(name)
    if not isinstance(value, str):
        raise Malformed("type" if name in payload else "missing", path=name, wanted="text")
    return value


def _whole(payload: dict[str, Json], name: str, most: int = MAX_INTEGER) -> int:
    value = payload.get(name)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= most:
        raise Malformed("number" if name in payload else "missing", path=name, wanted=f"0 … {most}")
    return value


def _hash(payload: dict[str, Json], name: str, *, null: bool = False) -> str | None:
    if null and name in payload and payload[name] is None:
        return None
    value = _text(payload, name)
    b64u.decode(value, 32, path=name)
    return value


def _seen(payload: dict[str, Json]) -> tuple[int, str] | None:
    match payload.get("seen", ...):
        case None:
            return None
        case {"root": str(root), "size": int(size), **rest} if not rest and size > 0 and size is not True:
            b64u.decode(root, 32, path="seen.root")
            return size, root
    raise Malformed("seen" if "seen" in payload else "missing", path="seen", wanted="null | {root,size}")


def _on(payload: dict[str, Json]) -> tuple[ChainId, ...]:
    on = payload.get("on")
    if not isinstance(on, list):
        raise Malformed("type" if "on" in payload else "missing", path="on", wanted="a list of chain ids")
    ids = []
    for place, value in enumerate(on):
        if not isinstance(value, str):
            raise Malformed("type", path=f"on[{place}]", wanted="a chain id")
        b64u.decode(value, 32, path=f"on[{place}]")
        ids.append(ChainId(value))
    _ascending(ids, "on")
    return tuple(ids)


def read_time(text: str, path: str) -> str:
    """``text`` if it is a time of the format: UTC, to the second, a real date. Raises Malformed ``time``."""
    if _time(text):
        try:
            datetime(int(text[:4]), int(text[5:7]), int(text[8:10]), tzinfo=UTC)
        except ValueError:
            pass
        else:
            return text
    raise Malformed("time", path=path, has=text[:80], wanted="YYYY-MM-DDTHH:MM:SSZ")


def to_ms(time: str) -> int:
    """Milliseconds since 1970 of a time of the format: what an entry's ``received`` is held against."""
    return int(datetime.fromisoformat(time).timestamp()) * 1000


# --- sealing ---------------------------------------------------------------------------------------------------


def seal(name: str, value: Json, salt: bytes) -> Disclosure:
    """The disclosure of one field; ``salt`` is 16 fresh random bytes (RFC 9901 §4.2.1). Raises as ``unseal``."""
    disclosure = b64u.encode(dumps([b64u.encode(salt), name, value]))
    unseal(disclosure)
    return disclosure


def digest(disclosure: Disclosure) -> str:
    """What stands in ``body._sd`` for it (RFC 9901 §4.2.3)."""
    return _digest(disclosure)


def unseal(disclosure: Disclosure, path: str = "disclosure") -> tuple[str, Json]:
    """The name and the value. Raises Malformed for what ``seal`` would not have written."""
    raw = b64u.decode(disclosure, path=path)
    match loads(raw, path=path):
        case [str(salt), str(name), value] if name not in _RESERVED and not any(map(raw.count, _RESERVED.values())):
            b64u.decode(salt, 16, path=path)
            check({name: None}, path)
            return name, value
    raise Malformed("disclosure", path=path, has=disclosure[:40], wanted="[salt, name, value]")


def open_sealed(
    statement: Statement, disclosures: Iterable[Disclosure], *, complete: bool = False
) -> dict[str, tuple[Json, Disclosure]]:
    """The sealed fields that ``disclosures`` open, by name.

    Raises Malformed ``disclosure`` for one that no digest stands for, for two of one name or one also in the
    clear, and with ``complete`` (at admission) where a digest stays closed.
    """
    closed = set(statement.sealed)
    opened: dict[str, tuple[Json, Disclosure]] = {}
    for disclosure in disclosures:
        name, value = unseal(disclosure)
        if digest(disclosure) not in closed or name in opened or name in statement.body:
            raise Malformed("disclosure", path=f"body.{name}", has=disclosure[:40], wanted="one for each digest")
        closed.discard(digest(disclosure))
        opened[name] = (value, disclosure)
    if complete and closed:
        raise Malformed("undisclosed", path="body._sd", has=len(closed), wanted=0)
    return opened


# --- writing ---------------------------------------------------------------------------------------------------


def draft(
    *,
    log: str,
    kind: str,
    at: str,
    body: Mapping[str, Json],
    iss: ChainId | None,
    iat: int,
    n: int,
    after: StatementHash | None,
    seen: tuple[int, str] | None,
    on: Iterable[ChainId] = (),
    for_: ChainId | None = None,
    disclosures: Iterable[Disclosure] = (),
) -> dict[str, Json]:
    """The payload; sealed fields are given by their ``disclosures`` only."""
    sealed: list[Json] = [*sorted(map(digest, disclosures))]
    payload: dict[str, Json] = {
        "after": after,
        "at": at,
        "body": {**body, "_sd": sealed} if sealed else dict(body),
        "iat": iat,
        "kind": kind,
        "log": log,
        "n": n,
        "on": [*sorted(set(on))],
        "seen": {"root": seen[1], "size": seen[0]} if seen else None,
        "v": VERSION,
    }
    if iss is not None:
        payload["iss"] = iss
    if for_ is not None:
        payload["for"] = for_
    if sealed:
        payload["_sd_alg"] = "sha-256"
    return payload


def sign(payload: Mapping[str, Json], key: Signer) -> Statement:
    """Sign ``payload``; what comes back has been read by the same strict parser that everyone else uses."""
    header = dumps({"alg": key.public.alg, "kid": key.public.kid, "typ": _TYPE})
    message = f"{b64u.encode(header)}.{b64u.encode(dumps(dict(payload)))}"
    return parse(f"{message}.{b64u.encode(key.sign(message.encode()))}")


# --- the SD-JWT form that travels --------------------------------------------------------------------------------


def present(jws: str, disclosures: Iterable[Disclosure]) -> str:
    """JWS ``~`` disclosures, each ending ``~`` (RFC 9901 §4)."""
    return "~".join((jws, *disclosures, ""))


def read_presentation(text: str) -> tuple[str, list[Disclosure]]:
    """The JWS and its disclosures; a bare JWS stands for itself. Raises Malformed ``presentation``."""
    jws, *rest = text.split("~")
    if rest and (rest.pop() or not all(rest)):
        raise Malformed("presentation", path="", wanted="JWS~disclosure~…~")
    return jws, rest
