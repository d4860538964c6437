"""Good examples made bad: byte by byte, line by line, and along the structure that the bytes have.

Most of what random bytes give is thrown out at the first look. So a mutation goes inside wherever it can: into JSON,
into the JSON in a string of JSON, behind base64, between the dots of a JWS; and prints what it changed as the parser
wants it, so that only the change itself is left to be found.
"""

import json
from base64 import b64decode, b64encode, urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from random import Random
from typing import Any

Change = Callable[[bytes, Random], bytes | None]

TOKENS = (
    b"", b"\n", b"\n\n", b"\r\n", b"\0", b"\x1b", b"\x7f", b"\xc2\x85", b"\xff", b"\xed\xa0\x80", b"\xef\xbb\xbf",
    b" ", b"\t", b"+", b"-", b"_", b"/", b"=", b"==", b"~", b"~~", b".", b"..", b"\\", b'"', b"{", b"}", b"[", b"]",
    b",", b":", b"null", b"true", b"NaN", b"1e9", b"1.0", b"-0", b"-1", b"0", b"00", b"01", b"255", b"256",
    b"9007199254740991", b"9007199254740992", b"9223372036854775808", b"18446744073709551615",
    b"18446744073709551616", b"9" * 5000, "— ".encode(), "é".encode(), "e\u0301".encode(), "１".encode(), "٣".encode(),
    "\u2028".encode(), "\U0001f33e".encode(), b"A" * 43, b"A" * 42 + b"B", b"old ", b"none", b"quorum none", b"tile/",
    b"x000/", b".p/1",
)  # fmt: skip
VALUES: tuple[Any, ...] = (
    None, True, False, 0, 1, -1, 2**53 - 1, 2**53, 2**63, 2**64, -(2**63), 1.0, -0.0, 1e300, "", "a", "A" * 43,
    "A" * 22, "\0", "\n", "\ud800", "é", "ａ", "x" * 70_000, [], {}, [[]], [{}], {"": 0}, {"a": {"a": {}}},
    ["A" * 43] * 300, "2026-02-30T00:00:00Z", "9999-12-31T23:59:59Z", "0000-01-01T00:00:00Z", "1e5", "-1", "0.0000001",
    "999999999.999999",
)  # fmt: skip
NAMES = ("", "v", "a", "_sd", "_sd_alg", "on", "seen", "for", "é", "A", "__proto__", "x" * 100)


def seeded(seed: object) -> Random:
    """To be played again, not to be secret."""
    return Random(str(seed))  # noqa: S311


def mutate(data: bytes, random: Random, others: Sequence[bytes] = ()) -> bytes:
    """``data`` changed in one to four places; ``others`` lend pieces."""
    for _ in range(random.choice((1, 1, 1, 2, 2, 3, 4))):
        if others and random.random() < 0.05:
            data = _splice(data, random.choice(others), random)
            continue
        change = random.choice(_INSIDE) if random.random() < 0.6 else random.choice(_BYTEWISE)
        changed = change(data, random)
        data = changed if changed is not None else random.choice(_BYTEWISE)(data, random)
    return data


# --- byte by byte ------------------------------------------------------------------------------------------------


def _span(data: bytes, random: Random) -> tuple[int, int]:
    start = random.randint(0, len(data))
    return start, min(len(data), start + random.choice((1, 1, 2, 4, 16, 64, 1024)))


def _flip(data: bytes, random: Random) -> bytes:
    if not data:
        return b"x"
    at = random.randrange(len(data))
    return data[:at] + bytes([data[at] ^ 1 << random.randrange(8)]) + data[at + 1 :]


def _insert(data: bytes, random: Random) -> bytes:
    at = random.randint(0, len(data))
    return data[:at] + random.choice(TOKENS) + data[at:]


def _replace(data: bytes, random: Random) -> bytes:
    start, end = _span(data, random)
    return data[:start] + random.choice(TOKENS) + data[end:]


def _delete(data: bytes, random: Random) -> bytes:
    start, end = _span(data, random)
    return data[:start] + data[end:]


def _repeat(data: bytes, random: Random) -> bytes:
    start, end = _span(data, random)
    return data[:end] + data[start:end] * random.choice((1, 1, 2, 50)) + data[end:]


def _cut(data: bytes, random: Random) -> bytes:
    return data[: random.randint(0, len(data))]


def _splice(data: bytes, other: bytes, random: Random) -> bytes:
    start, end = _span(other, random)
    at = random.randint(0, len(data))
    return data[:at] + other[start:end] + data[at:]


_BYTEWISE: tuple[Callable[[bytes, Random], bytes], ...] = (_flip, _flip, _insert, _replace, _delete, _repeat, _cut)


# --- along the structure -----------------------------------------------------------------------------------------


def _lines(data: bytes, random: Random) -> bytes | None:
    lines = data.split(b"\n")
    if len(lines) < 2:
        return None
    _rearrange(lines, random, lambda line: mutate(line, random))
    return b"\n".join(lines)


def _words(data: bytes, random: Random) -> bytes | None:
    separator = random.choice((b" ", b".", b"~", b"+", b"/", b","))
    words = data.split(separator)
    if len(words) < 2:
        return None
    _rearrange(words, random, lambda word: mutate(word, random))
    return separator.join(words)


def _rearrange(items: list[Any], random: Random, change: Callable[[Any], Any]) -> None:
    """One item changed, dropped, doubled, or two exchanged."""
    at, other = random.randrange(len(items)), random.randrange(len(items))
    match random.randrange(5):
        case 0:
            del items[at]
        case 1:
            items.insert(other, items[at])
        case 2:
            items[at], items[other] = items[other], items[at]
        case _:
            items[at] = change(items[at])


def _number(data: bytes, random: Random) -> bytes | None:
    """One run of digits, a little more or less."""
    starts = [at for at in range(len(data)) if data[at : at + 1].isdigit() and not data[at - 1 : at].isdigit()]
    if not starts:
        return None
    start = end = random.choice(starts)
    while data[end : end + 1].isdigit() and end - start < 30:
        end += 1
    number = int(data[start:end]) + random.choice((-256, -1, 1, 1, 256, 2**32, 2**64))
    return data[:start] + str(number).encode() + data[end:]


def _encoded(data: bytes, random: Random) -> bytes | None:
    """What stands behind base64, changed there and written down again."""
    for decode, encode in random.sample(_BASE64, len(_BASE64)):
        try:
            inner = decode(data)
        except ValueError:
            continue
        if inner and encode(inner) == data:
            return encode(mutate(inner, random))
    return None


def _json(data: bytes, random: Random) -> bytes | None:
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        return None
    if not isinstance(value, dict | list):
        return None
    changed = _change(value, random)
    style = random.random()
    if style < 0.9:
        text = json.dumps(changed, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    elif style < 0.95:
        text = json.dumps(changed, ensure_ascii=True, sort_keys=False, separators=(",", ":"))
    else:
        text = json.dumps(changed, ensure_ascii=False, indent=1)
    return text.encode(errors="surrogatepass")


def _change(value: Any, random: Random) -> Any:
    """One node of the value changed; the deeper ones as often as the others."""
    if isinstance(value, dict) and value and random.random() < 0.85:
        changed = dict(value)
        name = random.choice(list(changed))
        match random.randrange(12):
            case 0:
                del changed[name]
            case 1:
                changed[random.choice(NAMES)] = changed.pop(name)
            case 2:
                changed[random.choice(NAMES)] = random.choice(VALUES)
            case _:
                changed[name] = _change(changed[name], random)
        return changed
    if isinstance(value, list) and value and random.random() < 0.85:
        items = list(value)
        _rearrange(items, random, lambda item: _change(item, random))
        return items
    if isinstance(value, str) and random.random() < 0.7:
        return mutate(value.encode(errors="surrogatepass"), random).decode(errors="surrogateescape")
    if type(value) is int and random.random() < 0.6:
        return value + random.choice((-1, 1, 1, 255, -(2**31), 2**53))
    return random.choice(VALUES)


def _from_b64u(data: bytes) -> bytes:
    return urlsafe_b64decode(data + b"=" * (-len(data) % 4))


def _to_b64u(data: bytes) -> bytes:
    return urlsafe_b64encode(data).rstrip(b"=")


_BASE64: list[tuple[Callable[[bytes], bytes], Callable[[bytes], bytes]]] = [
    (_from_b64u, _to_b64u),
    (lambda data: b64decode(data, validate=True), b64encode),
]
_INSIDE: tuple[Change, ...] = (_json, _json, _json, _lines, _words, _words, _encoded, _number)
