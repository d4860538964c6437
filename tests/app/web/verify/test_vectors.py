"""The page's verifier against what others published, and against the same code in Python."""

import json
from base64 import b64encode
from hashlib import sha256, sha512
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger import b64u
from ledger.canonical import dumps, loads
from ledger.errors import LedgerError
from ledger.keys import P256_ORDER, PrivateKey, PublicKey
from tests.parts.foreign import base64
from tests.parts.verifier import Ask


def test_hashes(ask: Ask) -> None:
    data = [bytes(number * place % 256 for place in range(number)) for number in range(300)]
    answers = ask({"ask": "hash", "data": base64(one)} for one in data)
    wanted = [
        {"sha256": b64u.encode(sha256(one).digest()), "sha512": b64u.encode(sha512(one).digest())} for one in data
    ]
    assert [answer["is"] for answer in answers] == wanted


def rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_inclusion(ask: Ask, vectors: Path) -> None:
    cases = rows(vectors / "ledger/merkle_inclusion.jsonl")
    answers = ask(
        {
            "ask": "inclusion",
            "leaf": row["leafHash"],
            "index": str(row["leafIdx"]),
            "size": str(row["treeSize"]),
            "proof": row["proof"] or [],
            "root": row["root"],
        }
        for row in cases
    )
    wanted = ["inclusion" if row["wantErr"] else None for row in cases]
    assert [answer.get("code") for answer in answers] == wanted
    assert len(wanted) == 98


def test_consistency(ask: Ask, vectors: Path) -> None:
    cases = rows(vectors / "ledger/merkle_consistency.jsonl")
    answers = ask(
        {
            "ask": "consistency",
            "size": str(row["size1"]),
            "root": row["root1"],
            "newSize": str(row["size2"]),
            "newRoot": row["root2"],
            "proof": row["proof"] or [],
        }
        for row in cases
    )
    # Others let an old root of another length pass where it is not looked at.
    wrong = [row["wantErr"] or len(row["root1"]) != 44 for row in cases]
    assert [answer.get("code") for answer in answers] == ["consistency" if one else None for one in wrong]
    assert len(wrong) == 98


KEY_FLAGS = {"low_order_A", "low_order_component_A", "non_canonical_A"}
SIGNATURE_FLAGS = {"non_canonical_R", "low_order_residue"}


def test_edge_points(ask: Ask, vectors: Path) -> None:
    cases = json.loads((vectors / "ledger/cctv/ed25519vectors.json").read_text())
    flags = [set(row["flags"] or ()) for row in cases]
    wanted = ["key-point" if one & KEY_FLAGS else not one & SIGNATURE_FLAGS for one in flags]
    for pure in (True, False):
        answers = ask(
            {
                "ask": "signature",
                "jwk": json.dumps({"crv": "Ed25519", "kty": "OKP", "x": b64u.encode(bytes.fromhex(row["key"]))}),
                "signature": b64u.encode(bytes.fromhex(row["sig"])),
                "message": row["msg"],
                "pure": pure,
            }
            for row in cases
        )
        assert [answer.get("code", answer.get("is")) for answer in answers] == wanted
    assert len(wanted) == 914


def test_wycheproof(ask: Ask, vectors: Path) -> None:
    groups = json.loads((vectors / "ledger/wycheproof/ed25519_test.json").read_text())["testGroups"]
    cases = [(group["publicKey"]["pk"], row) for group in groups for row in group["tests"]]
    answers = ask(
        {
            "ask": "sound",
            "x": base64(bytes.fromhex(key)),
            "signature": base64(bytes.fromhex(row["sig"])),
            "data": base64(bytes.fromhex(row["msg"])),
        }
        for key, row in cases
    )
    assert [answer["is"] for answer in answers] == [row["result"] == "valid" for _, row in cases]
    assert len(cases) == 151


def test_cosignatures(ask: Ask, vectors: Path) -> None:
    cases = json.loads((vectors / "ledger/cosignature_v1_vectors.json").read_text())
    answers = ask({"ask": "note", "note": case["note"], "vkeys": [case["vkey"]]} for case in cases)
    assert [answer["is"]["times"] for answer in answers] == [[str(case["timestamp"])] for case in cases]


def test_canonical_form(ask: Ask, vectors: Path) -> None:
    names = sorted(path.stem for path in (vectors / "ledger/jcs/output").iterdir())
    wanted = [(vectors / f"ledger/jcs/output/{name}.json").read_bytes() for name in names]
    answers = ask({"ask": "canonical", "data": base64(data)} for data in wanted)
    # None lies inside the profile: both refuse them for the same reason, or a name for its place.
    assert [answer["code"] for answer in answers] == [refusal(data) for data in wanted]
    assert len(names) == 6


def refusal(data: bytes) -> str:
    with pytest.raises(LedgerError) as error:
        loads(data)
    return error.value.code


inside = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(st.characters(codec="utf-8")),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.from_regex("[a-z][a-z0-9_]{0,8}"), inner, max_size=4)
    ),
    max_leaves=20,
)


@settings(max_examples=15)
@given(st.lists(inside, min_size=20, max_size=60), st.data())
def test_both_read_the_same_json(ask: Ask, values: list[Any], data: st.DataObject) -> None:
    written = [
        json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode() for value in values
    ]
    # And what somebody changed in it.
    for text in list(written):
        at = data.draw(st.integers(0, len(text)))
        written.append(
            text[:at] + data.draw(st.sampled_from([b" ", b"0", b'"', b"\\", b"-", b"\x7f", b"e1"])) + text[at:]
        )
    answers = ask({"ask": "canonical", "data": base64(text)} for text in written)
    for text, answer in zip(written, answers, strict=True):
        try:
            wanted = dumps(loads(text)).decode()
        except LedgerError:
            assert "code" in answer, text
        else:
            assert answer.get("is") == wanted, text


def test_p256_with_webcrypto_and_without(ask: Ask) -> None:
    questions, wanted = [], []
    for number in range(12):
        key, message = PrivateKey("ES256", sha256(bytes([number])).digest()), f"message {number}"
        signature = key.sign(message.encode())
        s = int.from_bytes(signature[32:])
        high = signature[:32] + (P256_ORDER - s).to_bytes(32)
        for value, good in [
            (signature, True),
            (high, False),
            (bytes(64), False),
            (signature[:32] + bytes(32), False),
            (bytes(32) + signature[32:], False),
            (signature[:63] + bytes([signature[63] ^ 1]), False),
            (signature[:63], False),
        ]:
            for pure in (True, False):
                jwk = json.dumps(key.public.jwk)
                questions.append(
                    {"ask": "signature", "jwk": jwk, "signature": b64u.encode(value), "message": message, "pure": pure}
                )
                wanted.append(good)
    assert [answer["is"] for answer in ask(questions)] == wanted


def test_keys_have_one_name_and_must_be_sound(ask: Ask) -> None:
    keys = [PrivateKey(alg, sha256(b"key").digest()).public for alg in ("Ed25519", "ES256")]
    answers = ask({"ask": "key", "jwk": json.dumps(key.jwk)} for key in keys)
    assert [answer["is"] for answer in answers] == [key.kid for key in keys]
    ed25519, p256 = (key.jwk for key in keys)
    zero = b64u.encode(bytes(32))
    wrong = [
        {**ed25519, "x": zero},
        {**ed25519, "x": b64u.encode(b"\xff" * 32)},
        {**ed25519, "x": b64u.encode(bytes(31))},
        {**ed25519, "x": f"{ed25519['x']}="},
        {**ed25519, "y": zero},
        {**ed25519, "alg": "EdDSA"},
        {**ed25519, "crv": "Ed448"},
        {**p256, "y": zero},
        {**p256, "x": b64u.encode(b"\xff" * 32)},
        {"crv": "P-256", "kty": "EC", "x": p256["x"]},
    ]
    codes = [answer["code"] for answer in ask({"ask": "key", "jwk": json.dumps(jwk)} for jwk in wrong)]
    assert codes == [key_refusal(jwk) for jwk in wrong]


def key_refusal(jwk: Any) -> str:
    with pytest.raises(LedgerError) as error:
        PublicKey.from_jwk(jwk)
    return error.value.code


@given(st.binary(max_size=80), st.text("AQgwxyz019_-=+/ ", max_size=3))
@settings(max_examples=10)
def test_base64url_has_one_spelling(ask: Ask, data: bytes, more: str) -> None:
    texts = [b64u.encode(data), b64u.encode(data) + more, b64encode(data).decode()]
    for text, answer in zip(texts, ask({"ask": "b64u", "data": text} for text in texts), strict=True):
        try:
            wanted = {"is": b64u.encode(b64u.decode(text))}
        except LedgerError as error:
            wanted = {"code": error.code}
        assert answer == wanted
