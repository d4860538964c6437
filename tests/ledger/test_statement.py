"""Statements: signed, read strictly, bound to their key; and fields sealed and opened."""

import json
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jws as jose
from joserfc.jwk import ECKey, OKPKey

from ledger import b64u
from ledger.canonical import Json, dumps
from ledger.errors import BadSignature, LedgerError, Malformed
from ledger.identity import ChainId, StatementHash, chain_id
from ledger.keys import Algorithm, PrivateKey
from ledger.statement import (
    MAX_PAYLOAD,
    Statement,
    check_signature,
    digest,
    draft,
    open_sealed,
    parse,
    present,
    read_payload,
    read_presentation,
    read_time,
    seal,
    sign,
    unseal,
)
from tests.ledger.test_canonical import TEXT, VALUES
from tests.world import LOG, secret, time_text

HASHES = [b64u.encode(bytes([number]) * 32) for number in range(8)]
PARTY, OTHER = ChainId(HASHES[1]), ChainId(HASHES[2])
KEYS = {alg: secret("key", alg) for alg in ("Ed25519", "ES256")}
KEY = KEYS["Ed25519"]


def payload(**changes: Any) -> dict[str, Any]:
    """A sound payload with changes; ``...`` takes a claim away, ``for_`` is the claim ``for``."""
    claims: dict[str, Any] = {
        "after": None,
        "at": "2026-03-01T08:00:00Z",
        "body": {"note": "x"},
        "iat": 1_772_323_200,
        "iss": PARTY,
        "kind": "observe",
        "log": LOG,
        "n": 0,
        "on": [HASHES[3]],
        "seen": None,
        "v": 1,
    }
    changed = {("for" if name == "for_" else name): value for name, value in changes.items()}
    return {name: value for name, value in {**claims, **changed}.items() if value is not ...}


def compact(body: Json, key: PrivateKey = KEY, **header: Any) -> str:
    """A JWS as anybody might make it, strict or not."""
    head = {"alg": key.public.alg, "kid": key.public.kid, "typ": "statement+sd-jwt", **header}
    message = f"{b64u.encode(dumps(head))}.{b64u.encode(dumps(body))}"
    return f"{message}.{b64u.encode(key.sign(message.encode()))}"


def refused(jws: str) -> Malformed:
    with pytest.raises(Malformed) as error:
        parse(jws)
    return error.value


# --- there and back --------------------------------------------------------------------------------------------

PLAIN = st.from_regex("[a-z][a-z0-9_]{0,8}", fullmatch=True)
BODIES = st.dictionaries(PLAIN, st.booleans() | TEXT, max_size=4).filter(lambda body: "outputs" not in body)
TIMES = st.integers(0, 253_402_300_799).map(time_text)


@given(
    body=BODIES,
    sealed=st.dictionaries(PLAIN, TEXT, max_size=3),
    on=st.sets(st.sampled_from(HASHES)),
    for_=st.none() | st.just(OTHER),
    n=st.integers(0, 2**53 - 1),
    at=TIMES,
    seen=st.none() | st.tuples(st.integers(1, 2**53 - 1), st.sampled_from(HASHES)),
    alg=st.sampled_from(["Ed25519", "ES256"]),
)
def test_what_is_drafted_and_signed_reads_back(
    body: dict[str, Json],
    sealed: dict[str, Json],
    on: set[ChainId],
    for_: ChainId | None,
    n: int,
    at: str,
    seen: tuple[int, str] | None,
    alg: Algorithm,
) -> None:
    sealed = {name: value for name, value in sealed.items() if name not in body and name != "outputs"}
    disclosures = [seal(name, value, bytes(16)) for name, value in sealed.items()]
    after = StatementHash(HASHES[4]) if n else None
    drafted = draft(
        log=LOG,
        kind="observe",
        at=at,
        body=body,
        iss=PARTY,
        iat=5,
        n=n,
        after=after,
        seen=seen,
        on=on,
        for_=for_,
        disclosures=disclosures,
    )
    statement = sign(drafted, KEYS[alg])
    assert parse(statement.jws) == statement
    statement.verify(KEYS[alg].public)
    assert (statement.log, statement.iss, statement.for_, statement.iat) == (LOG, PARTY, for_, 5)
    assert (statement.n, statement.after, statement.at, statement.seen) == (n, after, at, seen)
    assert statement.on == tuple(sorted(on))
    assert statement.actor == (for_ or PARTY)
    assert {name: value for name, value in statement.body.items() if name != "_sd"} == body
    opened = open_sealed(statement, disclosures, complete=True)
    assert {name: value for name, (value, _) in opened.items()} == sealed
    assert read_payload(drafted).body == statement.body
    assert read_presentation(present(statement.jws, disclosures)) == (statement.jws, disclosures)


ONE = sign(payload(body={"note": "一号地", "_sd": [HASHES[5]]}, _sd_alg="sha-256"), KEY)


@given(st.integers(0, len(ONE.jws) - 1), st.characters(max_codepoint=255))
def test_every_changed_character_is_refused(place: int, character: str) -> None:
    other = ONE.jws[:place] + character + ONE.jws[place + 1 :]
    if other == ONE.jws:
        return
    with pytest.raises(LedgerError):
        parse(other).verify(KEY.public)


@pytest.mark.parametrize("cut", [1, 2, 40, 86, 87, 88, 300, len(ONE.jws)])
def test_every_truncation_is_refused(cut: int) -> None:
    with pytest.raises(LedgerError):
        parse(ONE.jws[:-cut]).verify(KEY.public)


def test_hash_and_chains_as_the_format_says() -> None:
    assert b64u.encode(sha256(ONE.jws.encode()).digest()) == ONE.hash
    touching = parse(compact(payload(on=HASHES[:2], body={"outputs": [{}, {}]})))
    assert touching.created == (chain_id(touching.hash, 0), chain_id(touching.hash, 1))
    assert touching.targets == (*HASHES[:2], *touching.created)
    assert parse(compact(payload())).created == ()
    alone = parse(compact(payload(on=[])))
    assert alone.targets == alone.created == (chain_id(alone.hash, 0),)


# --- the key ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("alg", ["Ed25519", "ES256"])
def test_the_signature_is_that_of_the_key_named(alg: Algorithm) -> None:
    statement = parse(compact(payload(), KEYS[alg]))
    statement.verify(KEYS[alg].public)
    check_signature(statement, KEYS[alg].public, KEYS[alg].public.verifier())
    for other in (secret("other", alg), KEYS["ES256" if alg == "Ed25519" else "Ed25519"]):
        with pytest.raises(Malformed, match="header"):
            statement.verify(other.public)
    message = statement.jws.rpartition(".")[0]
    forged = f"{message}.{b64u.encode(secret('other', alg).sign(message.encode()))}"
    with pytest.raises(BadSignature):
        parse(forged).verify(KEYS[alg].public)


def test_the_algorithm_is_the_key_records() -> None:
    """A header that names another algorithm than its key's does not choose how it is verified."""
    statement = parse(compact(payload(), alg="ES256"))
    with pytest.raises(Malformed, match="header"):
        statement.verify(KEY.public)


@pytest.mark.parametrize("alg", ["Ed25519", "ES256"])
def test_other_peoples_jose_reads_what_we_sign(alg: Algorithm) -> None:
    statement = parse(compact(payload(), KEYS[alg]))
    kind: Any = OKPKey if alg == "Ed25519" else ECKey
    read = jose.deserialize_compact(statement.jws, kind.import_key(KEYS[alg].public.jwk), algorithms=[alg])
    assert json.loads(read.payload or b"") == payload()
    assert read.headers() == {"alg": alg, "kid": KEYS[alg].public.kid, "typ": "statement+sd-jwt"}


@given(st.sampled_from(["Ed25519", "ES256"]), st.integers(0, 1000))
def test_we_read_what_other_peoples_jose_signs(alg: Algorithm, iat: int) -> None:
    key = KEYS[alg]
    kind: Any = OKPKey if alg == "Ed25519" else ECKey
    header = {"alg": alg, "kid": key.public.kid, "typ": "statement+sd-jwt"}
    private = kind.import_key(key.to_pem())
    statement = parse(jose.serialize_compact(header, dumps(payload(iat=iat)), private, algorithms=[alg]))
    assert statement.iat == iat
    signature = b64u.decode(statement.jws.rpartition(".")[2])
    if alg == "ES256" and signature[32] >= 0x80:
        # They do not normalise: half of theirs has the upper s, and a statement has one hash only.
        with pytest.raises(BadSignature, match="n/2"):
            statement.verify(key.public)
    else:
        statement.verify(key.public)


# --- strict reading --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "header",
    [
        {"alg": "EdDSA"},
        {"alg": "none"},
        {"alg": "HS256"},
        {"alg": None},
        {"kid": 1},
        {"kid": None},
        {"typ": "JWT"},
        {"crit": ["exp"]},
        {"jwk": KEY.public.jwk},
    ],
)
def test_the_header_is_exact(header: dict[str, Json]) -> None:
    assert refused(compact(payload(), KEY, **header)).code == "header"


def test_the_header_is_canonical_and_names_a_key() -> None:
    assert refused(compact(payload(), kid="short")).params["path"] == "header.kid"
    _, middle, signature = ONE.jws.split(".")
    loose = json.dumps({"typ": "statement+sd-jwt", "alg": "Ed25519", "kid": KEY.public.kid}).encode()
    assert refused(f"{b64u.encode(loose)}.{middle}.{signature}").code == "canonical"


@pytest.mark.parametrize(
    "jws", ["", "a.b", "a.b.c.d", "é.b.c", ONE.jws + "\n", " " + ONE.jws, ONE.jws + "~", "..", "{}"]
)
def test_what_is_no_jws(jws: str) -> None:
    refused(jws)


def test_the_payload_is_canonical() -> None:
    head, _, signature = ONE.jws.split(".")
    for loose in (json.dumps(payload()).encode(), b"[]", b"", b"{}"):
        refused(f"{head}.{b64u.encode(loose)}.{signature}")


@pytest.mark.parametrize(
    ("changes", "code", "path"),
    [
        ({"more": 1}, "unknown", "more"),
        ({"_sd": []}, "unknown", "_sd"),
        ({"v": 2}, "version", "v"),
        ({"v": True}, "version", "v"),
        ({"v": "1"}, "version", "v"),
        ({"v": ...}, "version", "v"),
        ({"log": ...}, "missing", "log"),
        ({"log": 1}, "type", "log"),
        ({"iss": ...}, "missing", "iss"),
        ({"iss": None}, "type", "iss"),
        ({"iss": "x"}, "b64u", "iss"),
        ({"iss": HASHES[0][:-2]}, "b64u", "iss"),
        ({"iss": HASHES[0][:-1]}, "b64u-size", "iss"),
        ({"kind": "log.open"}, "unknown", "iss"),
        ({"for_": PARTY}, "for", "for"),
        ({"for_": None}, "type", "for"),
        ({"iat": ...}, "missing", "iat"),
        ({"iat": -1}, "number", "iat"),
        ({"iat": 253_402_300_800}, "number", "iat"),
        ({"iat": True}, "number", "iat"),
        ({"iat": "1"}, "number", "iat"),
        ({"n": True}, "number", "n"),
        ({"n": 1}, "notebook", "after"),
        ({"after": HASHES[0]}, "notebook", "after"),
        ({"after": ...}, "missing", "after"),
        ({"after": 1}, "type", "after"),
        ({"seen": ...}, "missing", "seen"),
        ({"seen": {"root": HASHES[0], "size": 0}}, "seen", "seen"),
        ({"seen": {"root": HASHES[0], "size": True}}, "seen", "seen"),
        ({"seen": {"root": HASHES[0], "size": -1}}, "seen", "seen"),
        ({"seen": {"root": HASHES[0]}}, "seen", "seen"),
        ({"seen": {"root": HASHES[0], "size": 1, "time": 1}}, "seen", "seen"),
        ({"seen": {"root": "x", "size": 1}}, "b64u", "seen.root"),
        ({"kind": "Observe"}, "kind", "kind"),
        ({"kind": "a.b.c"}, "kind", "kind"),
        ({"kind": ""}, "kind", "kind"),
        ({"kind": ...}, "missing", "kind"),
        ({"at": ...}, "missing", "at"),
        ({"at": "2026-03-01"}, "time", "at"),
        ({"body": ...}, "missing", "body"),
        ({"body": []}, "type", "body"),
        ({"on": ...}, "missing", "on"),
        ({"on": HASHES[0]}, "type", "on"),
        ({"on": [1]}, "type", "on[0]"),
        ({"on": ["x"]}, "b64u", "on[0]"),
        ({"on": [HASHES[1], HASHES[0]]}, "order", "on"),
        ({"on": [HASHES[0], HASHES[0]]}, "order", "on"),
        ({"body": {"outputs": {}}}, "type", "body.outputs"),
        ({"body": {"outputs": [1]}}, "type", "body.outputs"),
        ({"body": {"outputs": []}}, "empty", "body.outputs"),
        ({"body": {"outputs": [{}] * 256}}, "targets", "on"),
        # sealed
        ({"_sd_alg": "sha-256"}, "sd-alg", "_sd_alg"),
        ({"body": {"_sd": [HASHES[0]]}}, "sd-alg", "_sd_alg"),
        ({"body": {"_sd": [HASHES[0]]}, "_sd_alg": "sha-512"}, "sd-alg", "_sd_alg"),
        ({"body": {"_sd": []}, "_sd_alg": "sha-256"}, "sealed", "body._sd"),
        ({"body": {"_sd": HASHES[0]}, "_sd_alg": "sha-256"}, "sealed", "body._sd"),
        ({"body": {"_sd": [1]}, "_sd_alg": "sha-256"}, "sealed", "body._sd[0]"),
        ({"body": {"_sd": ["x"]}, "_sd_alg": "sha-256"}, "b64u", "body._sd[0]"),
        ({"body": {"_sd": [HASHES[1], HASHES[0]]}, "_sd_alg": "sha-256"}, "order", "body._sd"),
        ({"body": {"_sd": [HASHES[1], HASHES[1]]}, "_sd_alg": "sha-256"}, "order", "body._sd"),
        ({"body": {"a": {"_sd": [HASHES[0]]}}}, "sealed", "body"),
        ({"body": {"_sd": [HASHES[0]], "a": [{"_sd": 1}]}, "_sd_alg": "sha-256"}, "sealed", "body"),
        ({"body": {"_sd_alg": "sha-256"}}, "sealed", "body"),
    ],
)
def test_every_claim_is_held(changes: dict[str, Any], code: str, path: str) -> None:
    error = refused(compact(payload(**changes)))
    assert (error.code, error.params["path"]) == (code, path)


def test_text_may_speak_of_seals() -> None:
    parse(compact(payload(body={"note": 'they wrote "_sd":[1] and "_sd_alg":'})))


def test_256_targets_and_no_more() -> None:
    on = sorted(b64u.encode(number.to_bytes(32)) for number in range(257))
    assert len(parse(compact(payload(on=on[:256]))).targets) == 256
    assert len(parse(compact(payload(on=on[:1], body={"outputs": [{}] * 255}))).targets) == 256
    assert refused(compact(payload(on=on))).code == "targets"


def test_48_kib_and_no_more() -> None:
    room = MAX_PAYLOAD - len(dumps(payload(body={"note": ""})))
    parse(compact(payload(body={"note": "x" * room})))
    error = refused(compact(payload(body={"note": "x" * (room + 1)})))
    assert (error.code, error.params["has"]) == ("size", MAX_PAYLOAD + 1)
    with pytest.raises(Malformed, match="size"):
        read_payload(payload(body={"note": "x" * (room + 1)}))


def test_an_unsigned_payload_is_held_as_strictly() -> None:
    assert read_payload(payload()).jws == ""
    bodies: list[Any] = [{"a": 0.5}, {"A": 1}, {"a": {"_sd": []}}]
    for body in bodies:
        with pytest.raises(Malformed):
            read_payload(payload(body=body))
    with pytest.raises(Malformed):
        read_payload([])


def test_the_opening_of_a_log_has_no_party() -> None:
    opening = parse(compact(payload(kind="log.open", iss=..., on=[])))
    assert opening.iss is None
    assert opening.actor is None
    drafted = draft(log=LOG, kind="log.open", at=opening.at, body={}, iss=None, iat=0, n=0, after=None, seen=None)
    assert "iss" not in drafted


# --- times -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text", ["1970-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "2000-02-29T12:00:00Z", "2024-02-29T00:00:00Z"]
)
def test_times(text: str) -> None:
    assert read_time(text, "at") == text


@pytest.mark.parametrize(
    "text",
    [
        "1969-12-31T23:59:59Z",
        "0000-01-01T00:00:00Z",
        "10000-01-01T00:00:00Z",
        "2026-02-29T00:00:00Z",
        "1900-02-29T00:00:00Z",
        "2026-13-01T00:00:00Z",
        "2026-00-01T00:00:00Z",
        "2026-04-31T00:00:00Z",
        "2026-03-01T24:00:00Z",
        "2026-03-01T23:60:00Z",
        "2026-03-01T23:59:60Z",
        "2026-03-01T08:00:00z",
        "2026-03-01T08:00:00+00:00",
        "2026-03-01T08:00:00.0Z",
        "2026-03-01 08:00:00Z",
        "2026-3-1T08:00:00Z",
        "2026-03-01T08:00:00Z\n",
        "２026-03-01T08:00:00Z",
        "",
    ],
)
def test_no_times(text: str) -> None:
    with pytest.raises(Malformed, match="time"):
        read_time(text, "at")


# --- sealed fields ---------------------------------------------------------------------------------------------

SALT = bytes(range(16))


def test_a_digest_as_rfc_9901_has_it() -> None:
    """The example of §4.2.1: the digest is over the characters as they were sent, whatever JSON they spell."""
    sent = "WyJfMjZiYzRMVC1hYzZxMktJNmNCVzVlcyIsICJmYW1pbHlfbmFtZSIsICJNw7ZiaXVzIl0"
    assert digest(sent) == "X9yH0Ajrdm1Oij4tWso9UzzKJvPoDxwmuEcO3XAdRC0"
    # Their example has spaces, ours are canonical: the one that the strict reader takes has another digest.
    with pytest.raises(Malformed, match="canonical"):
        unseal(sent)


@given(PLAIN, VALUES, st.binary(min_size=16, max_size=16))
def test_what_is_sealed_opens(name: str, value: Json, salt: bytes) -> None:
    if any(reserved in dumps(value) for reserved in (b'"_sd":', b'"_sd_alg":')):
        with pytest.raises(Malformed, match="disclosure"):
            seal(name, value, salt)
        return
    assert unseal(seal(name, value, salt)) == (name, value)


@pytest.mark.parametrize(
    "value",
    [
        ["x", "name", 1],
        [b64u.encode(SALT[:15]), "name", 1],
        [b64u.encode(SALT), "_sd", 1],
        [b64u.encode(SALT), "_sd_alg", 1],
        [b64u.encode(SALT), "Name", 1],
        [b64u.encode(SALT), 1, 1],
        [b64u.encode(SALT), "name"],
        [b64u.encode(SALT), "name", 1, 2],
        [b64u.encode(SALT), "name", {"_sd": []}],
        {"name": 1},
    ],
)
def test_what_is_no_disclosure(value: Json) -> None:
    with pytest.raises(Malformed):
        unseal(b64u.encode(dumps(value)))


def sealed_statement() -> tuple[Statement, list[str]]:
    disclosures = [seal(name, name, SALT) for name in ("person", "plate", "price")]
    drafted = payload(body={"note": "x", "_sd": sorted(map(digest, disclosures))}, _sd_alg="sha-256")
    return parse(compact(drafted)), disclosures


def test_disclosures_open_only_what_was_signed() -> None:
    statement, disclosures = sealed_statement()
    assert set(open_sealed(statement, disclosures, complete=True)) == {"person", "plate", "price"}
    assert set(open_sealed(statement, reversed(disclosures), complete=True)) == {"person", "plate", "price"}
    assert set(open_sealed(statement, disclosures[1:])) == {"plate", "price"}
    assert open_sealed(statement, []) == {}


def test_admission_asks_for_every_disclosure() -> None:
    statement, disclosures = sealed_statement()
    for missing in disclosures:
        with pytest.raises(Malformed) as error:
            open_sealed(statement, [d for d in disclosures if d != missing], complete=True)
        assert (error.value.code, error.value.params["has"]) == ("undisclosed", 1)


@pytest.mark.parametrize("complete", [False, True])
def test_foreign_and_doubled_disclosures_are_refused(complete: bool) -> None:
    statement, disclosures = sealed_statement()
    for wrong in (
        [*disclosures, seal("driver", "x", SALT)],  # one that was not signed
        [seal("person", "other", SALT), *disclosures[1:]],  # another value
        [seal("person", "person", bytes(16)), *disclosures[1:]],  # another salt
        [*disclosures, disclosures[0]],  # the same twice
    ):
        with pytest.raises(Malformed, match="disclosure"):
            open_sealed(statement, wrong, complete=complete)


def test_two_for_one_name_and_one_in_the_clear_are_refused() -> None:
    twice = [seal("person", value, SALT) for value in ("a", "b")]
    clear = [seal("note", "x", SALT)]
    for disclosures in (twice, clear):
        drafted = payload(body={"note": "x", "_sd": sorted(map(digest, disclosures))}, _sd_alg="sha-256")
        with pytest.raises(Malformed, match="disclosure"):
            open_sealed(parse(compact(drafted)), disclosures)


def test_presentations() -> None:
    assert read_presentation("a.b.c") == ("a.b.c", [])
    assert read_presentation(present("a.b.c", [])) == ("a.b.c", [])
    assert read_presentation("a.b.c~d~e~") == ("a.b.c", ["d", "e"])
    for wrong in ("a.b.c~d", "a.b.c~~", "a.b.c~d~~", "a.b.c~d~key.binding.jwt"):
        with pytest.raises(Malformed, match="presentation"):
            read_presentation(wrong)
