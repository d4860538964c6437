"""Keys: which are accepted, which signatures they accept, and that two libraries agree."""

import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from hypothesis import given
from hypothesis import strategies as st
from joserfc.jwk import ECKey, OKPKey

from ledger import b64u
from ledger.errors import BadKey, BadSignature, LedgerError, Malformed
from ledger.keys import P256_ORDER, Algorithm, PrivateKey, PublicKey, check_proof, proof_message, prove
from tests.world import LOG, secret

ALGORITHMS: tuple[Algorithm, ...] = ("Ed25519", "ES256")


def okp(raw: bytes) -> PublicKey:
    return PublicKey.from_jwk({"crv": "Ed25519", "kty": "OKP", "x": b64u.encode(raw)})


def verdict(key: str, signature: str, message: bytes) -> str:
    """``valid``, or which of the two is refused: the ``key`` or the ``signature``."""
    try:
        okp(bytes.fromhex(key)).verify(bytes.fromhex(signature), message)
    except BadKey:
        return "key"
    except BadSignature:
        return "signature"
    return "valid"


# --- Ed25519 against public vectors ----------------------------------------------------------------------------

# What each flag alone decides here, and why. The other flags (a low-order R, a k hashed from another spelling of R)
# decide nothing by themselves: verification is cofactorless and compares R byte by byte.
KEY_FLAGS = {
    "low_order_A",  # such a key signs everything, or nearly
    "low_order_component_A",  # a mixed-order key has more than one spelling that verifiers disagree about
    "non_canonical_A",  # a second spelling of a key would be a second kid
}
SIGNATURE_FLAGS = {
    "non_canonical_R",  # a second spelling of a signature would be a second statement hash
    "low_order_residue",  # only verifiers that multiply by the cofactor accept it
}


def test_edge_points(vectors: Path) -> None:
    rows = json.loads((vectors / "ledger" / "cctv" / "ed25519vectors.json").read_text())
    assert len(rows) == 914
    for row in rows:
        flags = set(row["flags"] or ())
        wanted = "key" if flags & KEY_FLAGS else "signature" if flags & SIGNATURE_FLAGS else "valid"
        assert verdict(row["key"], row["sig"], row["msg"].encode()) == wanted, row


def test_wycheproof(vectors: Path) -> None:
    groups = json.loads((vectors / "ledger" / "wycheproof" / "ed25519_test.json").read_text())["testGroups"]
    rows = [(group["publicKey"]["pk"], row) for group in groups for row in group["tests"]]
    assert len(rows) == 151
    for key, row in rows:
        # S ≥ L (SignatureMalleability), lengths other than 64 and wrong encodings: all are the signature's fault.
        wanted = "valid" if row["result"] == "valid" else "signature"
        assert verdict(key, row["sig"], bytes.fromhex(row["msg"])) == wanted, row


@pytest.mark.parametrize(
    "raw",
    [
        bytes(32),  # order 4
        (1).to_bytes(32, "little"),  # the identity
        (2**255 - 18).to_bytes(32, "little"),  # the identity, spelt another way
        (2**255 - 19).to_bytes(32, "little"),  # zero, spelt another way
        b"\xff" * 32,
        (2).to_bytes(32, "little"),  # no point at all
    ],
)
def test_points_that_are_no_keys(raw: bytes) -> None:
    with pytest.raises(BadKey) as refused:
        okp(raw)
    assert refused.value.code == "key-point"


# --- both algorithms -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("alg", ALGORITHMS)
@given(message=st.binary(max_size=60), bit=st.integers(0, 511))
def test_a_signature_holds_for_its_bytes_only(alg: Algorithm, message: bytes, bit: int) -> None:
    key = secret("key", alg)
    signature = key.sign(message)
    key.public.verify(signature, message)
    bent = (int.from_bytes(signature) ^ (1 << bit)).to_bytes(64)
    for wrong, said in ((bent, message), (signature, message + b"."), (signature[:63], message), (b"", message)):
        with pytest.raises(BadSignature):
            key.public.verify(wrong, said)


@pytest.mark.parametrize("alg", ALGORITHMS)
def test_a_key_is_named_by_its_thumbprint(alg: Algorithm) -> None:
    public = PrivateKey.generate(alg).public
    other: Any = (OKPKey if alg == "Ed25519" else ECKey).import_key(dict[str, Any](public.jwk))
    assert public.kid == other.thumbprint()
    assert PublicKey.from_jwk(public.jwk) == public
    assert public.alg == alg


def test_thumbprint_of_rfc_8037() -> None:
    key = PublicKey.from_jwk({"crv": "Ed25519", "kty": "OKP", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"})
    assert key.kid == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"  # RFC 8037 appendix A.3


@pytest.mark.parametrize("alg", ALGORITHMS)
def test_a_private_key_is_kept_as_pkcs_8(alg: Algorithm) -> None:
    key = PrivateKey.generate(alg)
    assert PrivateKey.from_pem(key.to_pem()) == key
    assert PrivateKey.from_pem(key.to_pem(b"secret"), b"secret") == key
    assert b"ENCRYPTED" in key.to_pem(b"secret")
    for wrong in (None, b"other"):
        with pytest.raises(BadKey, match="key-file"):
            PrivateKey.from_pem(key.to_pem(b"secret"), wrong)
    assert key.secret.hex() not in repr(key)
    assert str(key.secret) not in repr(key)


def test_a_verifier_of_ones_own_says_the_same() -> None:
    key = secret("key")
    key.public.verifier()(key.sign(b"x"), b"x")
    with pytest.raises(BadSignature):
        key.public.verifier()(key.sign(b"x"), b"y")


@pytest.mark.parametrize("curve", [ec.SECP384R1(), ec.SECP256K1(), None])
def test_other_kinds_of_key_files_are_refused(curve: ec.EllipticCurve | None) -> None:
    key = ec.generate_private_key(curve) if curve else rsa.generate_private_key(65537, 2048)
    form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    with pytest.raises(BadKey, match="key-file"):
        PrivateKey.from_pem(key.private_bytes(*form))
    with pytest.raises(BadKey, match="key-file"):
        PrivateKey.from_pem(b"no key")


# --- P-256 -----------------------------------------------------------------------------------------------------


@given(st.binary(max_size=20))
def test_es256_is_signed_with_the_lower_s(message: bytes) -> None:
    key = secret("key", "ES256")
    signature = key.sign(message)
    assert int.from_bytes(signature[32:]) <= P256_ORDER // 2
    upper = signature[:32] + (P256_ORDER - int.from_bytes(signature[32:])).to_bytes(32)
    with pytest.raises(BadSignature, match="n/2"):
        key.public.verify(upper, message)


@pytest.mark.parametrize("r", [0, 1, P256_ORDER, 2**256 - 1])
@pytest.mark.parametrize("s", [0, 1, P256_ORDER // 2])
def test_es256_out_of_range(r: int, s: int) -> None:
    with pytest.raises(BadSignature):
        secret("key", "ES256").public.verify(r.to_bytes(32) + s.to_bytes(32), b"x")


P256_FIELD = 2**256 - 2**224 + 2**192 + 2**96 - 1


@pytest.mark.parametrize(
    ("x", "y"),
    [
        (0, 0),
        (1, 1),
        (P256_FIELD, 0),
        # x = 5 lies on the curve; 5 + p is another way to spell it
        (5 + P256_FIELD, 31468013646237722594854082025316614106172411895747863909393730389177298123724),
    ],
)
def test_points_that_are_not_on_p_256(x: int, y: int) -> None:
    jwk = {"crv": "P-256", "kty": "EC", "x": b64u.encode(x.to_bytes(32)), "y": b64u.encode(y.to_bytes(32))}
    with pytest.raises(BadKey, match="key-point"):
        PublicKey.from_jwk({**jwk})


# --- JWK -------------------------------------------------------------------------------------------------------

X = secret("key").public.x
EC = secret("key", "ES256").public


@pytest.mark.parametrize(
    "jwk",
    [
        None,
        "text",
        {},
        {"crv": "Ed25519", "kty": "OKP"},
        {"crv": "Ed25519", "kty": "EC", "x": X},
        {"crv": "Ed448", "kty": "OKP", "x": X},
        {"crv": "Ed25519", "kty": "OKP", "x": X, "y": X},
        {"crv": "Ed25519", "kty": "OKP", "x": X, "d": X},
        {"crv": "Ed25519", "kty": "OKP", "x": X, "kid": "a"},
        {"crv": "Ed25519", "kty": "OKP", "x": 1},
        {"crv": "P-256", "kty": "EC", "x": EC.x},
        {"crv": "P-256", "kty": "EC", "x": EC.x, "y": None},
        {"crv": "P-384", "kty": "EC", "x": EC.x, "y": EC.y},
    ],
)
def test_a_jwk_is_exact(jwk: Any) -> None:
    with pytest.raises(Malformed) as refused:
        PublicKey.from_jwk(jwk, "body.jwk")
    assert (refused.value.code, refused.value.params["path"]) == ("jwk", "body.jwk")


@pytest.mark.parametrize("x", [X + "=", X[:-1], X + "A", X.replace(X[0], "+", 1)])
def test_a_jwk_is_strictly_encoded(x: str) -> None:
    with pytest.raises(Malformed) as refused:
        PublicKey.from_jwk({"crv": "Ed25519", "kty": "OKP", "x": x})
    assert refused.value.params["path"] == "jwk.x"


# --- proof of possession ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("alg", ALGORITHMS)
def test_possession_is_proven_for_one_log_and_party(alg: Algorithm) -> None:
    key = secret("key", alg)
    assert proof_message(LOG, "new", key.public.kid) == f"gengji key v1\n{LOG}\nnew\n{key.public.kid}".encode()
    proof = prove(key, LOG, "new")
    check_proof(key.public, proof, LOG, "new")
    other = secret("other", alg)
    for public, text, log, party in (
        (other.public, proof, LOG, "new"),
        (key.public, proof, "other.example.org", "new"),
        (key.public, proof, LOG, "party"),
        (key.public, prove(other, LOG, "new"), LOG, "new"),
    ):
        with pytest.raises(BadKey, match="key-proof"):
            check_proof(public, text, log, party)
    with pytest.raises(LedgerError, match="b64u"):
        check_proof(key.public, proof[:-2], LOG, "new")
