"""The one way to write JSON that is hashed or signed: RFC 8785 (JCS), narrowed to what a signed record needs.

Two verbs: ``dumps`` writes, ``loads`` reads and refuses everything that ``dumps`` would have written otherwise
(which also throws out duplicate names, stray white space and escapes nobody needs). The profile: whole numbers
within ±(2^53−1), names ``[a-z][a-z0-9_]*`` besides ``_sd`` and ``_sd_alg``, depth ≤ 16, strings without control
characters other than newline and without lone surrogates. On this profile sorting by byte and sorting by UTF-16
unit agree, which is what lets a fast JSON library stand in for a JCS one.
"""

import re
from functools import lru_cache
from typing import Any, TypeAlias
from unicodedata import is_normalized

import orjson

from ledger.errors import Malformed

Json: TypeAlias = "dict[str, Json] | list[Json] | str | int | bool | None"

MAX_DEPTH = 16
MAX_INTEGER = 2**53 - 1

# Names come back in every record: each is looked at once.
_name = lru_cache(maxsize=1024)(re.compile(r"[a-z][a-z0-9_]*|_sd|_sd_alg").fullmatch)
_forbidden = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\ud800-\udfff]").search


def dumps(value: Json) -> bytes:
    """The canonical bytes of ``value``. Raises Malformed where ``value`` is outside the profile."""
    check(value)
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def loads(data: bytes | str, *, path: str = "") -> Json:
    """The value that ``data`` is the canonical form of. Raises Malformed ``json``, ``canonical`` or a profile code."""
    try:
        value: Json = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise Malformed("json", path=path, has=str(error)[:80]) from None
    check(value, path)
    raw = data.encode() if isinstance(data, str) else data
    if orjson.dumps(value, option=orjson.OPT_SORT_KEYS) != raw:
        raise Malformed("canonical", path=path, wanted="RFC 8785")
    return value


def check(value: Json, path: str = "") -> None:
    """Hold ``value`` against the profile. Raises Malformed ``name``, ``number``, ``text``, ``depth`` or ``type``."""
    _check(value, (path,), 1)


def check_normal(value: Json, path: str = "") -> None:
    """What admission asks beyond the profile: text in Unicode's form NFC. Raises Malformed ``nfc``.

    Not for verifiers: versions of Unicode differ in what they call normal.
    """
    if isinstance(value, str):
        if not is_normalized("NFC", value):
            raise Malformed("nfc", path=path, has=ascii(value[:80]), wanted="NFC")
    elif isinstance(value, dict):
        for name, inner in value.items():
            check_normal(inner, f"{path}.{name}" if path else name)
    elif isinstance(value, list):
        for place, inner in enumerate(value):
            check_normal(inner, f"{path}[{place}]")


def _check(value: Json, trail: tuple[Any, ...], depth: int) -> None:
    # ``trail`` is (the trail above, name or place): a path is only spelt out for an error.
    if isinstance(value, str):
        if not (value.isascii() and value.isprintable()) and _forbidden(value):
            raise Malformed("text", path=_path(trail), has=ascii(value[:80]))
    elif isinstance(value, dict):
        if depth > MAX_DEPTH:
            raise Malformed("depth", path=_path(trail), wanted=MAX_DEPTH)
        for name, inner in value.items():
            if not isinstance(name, str) or not _name(name):
                raise Malformed("name", path=_path(trail), has=ascii(name)[:80])
            _check(inner, (trail, name), depth + 1)
    elif isinstance(value, list):
        if depth > MAX_DEPTH:
            raise Malformed("depth", path=_path(trail), wanted=MAX_DEPTH)
        for place, inner in enumerate(value):
            _check(inner, (trail, place), depth + 1)
    elif isinstance(value, bool) or value is None:
        pass
    elif isinstance(value, int):
        if not -MAX_INTEGER <= value <= MAX_INTEGER:
            raise Malformed("number", path=_path(trail), has=f"{value.bit_length()} bits", wanted="-(2^53-1) … 2^53-1")
    elif isinstance(value, float):
        raise Malformed("number", path=_path(trail), has=str(value), wanted="a whole number")
    else:
        raise Malformed("type", path=_path(trail), has=type(value).__name__, wanted="JSON")


def _path(trail: tuple[Any, ...]) -> str:
    if len(trail) == 1:
        return str(trail[0])
    above, step = _path(trail[0]), trail[1]
    if isinstance(step, int):
        return f"{above}[{step}]"
    return f"{above}.{step}" if above else str(step)
