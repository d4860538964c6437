"""Keys that sign: Ed25519 (the default) and P-256, as JWK, named by their RFC 7638 thumbprint.

What is accepted is narrower than what libraries accept, so that a statement has one hash and every verifier
agrees: Ed25519 keys canonical, not the identity and of prime order, verification cofactorless with S < L;
ES256 signatures r‖s with s in the lower half.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from hashlib import sha256
from typing import Literal, NewType, Protocol, TypeAlias

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, utils
from nacl.bindings import crypto_core_ed25519_is_valid_point, crypto_sign_open
from nacl.exceptions import CryptoError

from ledger import b64u
from ledger.canonical import Json, dumps
from ledger.errors import BadKey, BadSignature, Malformed

KeyId = NewType("KeyId", str)
Algorithm: TypeAlias = Literal["Ed25519", "ES256"]

P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_ECDSA = ec.ECDSA(hashes.SHA256())


@dataclass(frozen=True)
class PublicKey:
    """A key as its JWK has it; ``x`` and ``y`` are b64u of 32 bytes, ``y`` is empty for Ed25519."""

    alg: Algorithm
    x: str
    y: str = ""

    @classmethod
    def from_jwk(cls, jwk: Json, path: str = "jwk") -> "PublicKey":
        """Exactly ``{crv,kty,x}`` or ``{crv,kty,x,y}``. Raises Malformed ``jwk`` or BadKey ``key-point``."""
        match jwk:
            case {"crv": "Ed25519", "kty": "OKP", "x": str(x), **rest} if not rest:
                key = cls("Ed25519", x)
            case {"crv": "P-256", "kty": "EC", "x": str(x), "y": str(y), **rest} if not rest:
                key = cls("ES256", x, y)
            case _:
                raise Malformed("jwk", path=path, wanted="{crv,kty,x} Ed25519 | {crv,kty,x,y} P-256")
        key._load(path)
        return key

    @cached_property
    def jwk(self) -> dict[str, Json]:
        if self.alg == "Ed25519":
            return {"crv": "Ed25519", "kty": "OKP", "x": self.x}
        return {"crv": "P-256", "kty": "EC", "x": self.x, "y": self.y}

    @cached_property
    def kid(self) -> KeyId:
        """RFC 7638: the hash of the JWK's required members, which here are all of them."""
        return KeyId(b64u.encode(sha256(dumps(self.jwk)).digest()))

    def verifier(self) -> Callable[[bytes, bytes], None]:
        """A check ``(signature, message)`` over a key object of its own: one a thread scales, a shared one does not."""
        return self._load("key")

    def verify(self, signature: bytes, message: bytes) -> None:
        """Raises BadSignature unless ``signature`` (64 bytes) over ``message`` is this key's."""
        self._verify(signature, message)

    @cached_property
    def _verify(self) -> Callable[[bytes, bytes], None]:
        return self.verifier()

    def _load(self, path: str) -> Callable[[bytes, bytes], None]:
        x = b64u.decode(self.x, 32, path=f"{path}.x")
        if self.alg == "Ed25519":
            # OpenSSL loads points of low and mixed order; libsodium's check is the one that knows the subgroup.
            if not _prime_order(x):
                raise BadKey("key-point", path=path, has=self.x, wanted="a point of prime order")
            return _ed25519_check(x)
        y = b64u.decode(self.y, 32, path=f"{path}.y")
        try:
            point = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), b"\x04" + x + y)
        except ValueError:
            raise BadKey("key-point", path=path, has=self.x, wanted="a point on P-256") from None
        return _es256_check(point)


# A key comes again with every look at the record that adds it, and this check costs as much as a signature's.
_prime_order = lru_cache(maxsize=4096)(crypto_core_ed25519_is_valid_point)


def _ed25519_check(key: bytes) -> Callable[[bytes, bytes], None]:
    exact = ed25519.Ed25519PublicKey.from_public_bytes(key)

    def check(signature: bytes, message: bytes) -> None:
        # libsodium is twice as fast, and for keys of prime order it accepts nothing that RFC 8032 without cofactor
        # would refuse (the edge points of CCTV pin that). What it refuses is OpenSSL's to judge: R of low order.
        try:
            crypto_sign_open(signature + message, key)
        except CryptoError:
            try:
                exact.verify(signature, message)
            except InvalidSignature:
                raise BadSignature("signature") from None

    return check


def _es256_check(key: ec.EllipticCurvePublicKey) -> Callable[[bytes, bytes], None]:
    def check(signature: bytes, message: bytes) -> None:
        if len(signature) != 64:
            raise BadSignature("signature", has=len(signature), wanted=64)
        r, s = int.from_bytes(signature[:32]), int.from_bytes(signature[32:])
        if s > P256_ORDER // 2:
            raise BadSignature("signature", has="s > n/2", wanted="s ≤ n/2")
        try:
            key.verify(utils.encode_dss_signature(r, s), message, _ECDSA)
        except InvalidSignature:
            raise BadSignature("signature") from None

    return check


class Signer(Protocol):
    """Whatever holds a private key: a file, a phone's key store, an HSM."""

    @property
    def public(self) -> PublicKey: ...

    def sign(self, message: bytes) -> bytes: ...


@dataclass(frozen=True)
class PrivateKey:
    """A private key in memory. ``secret`` is the Ed25519 seed or the P-256 scalar, 32 bytes big-endian."""

    alg: Algorithm
    secret: bytes = field(repr=False)

    @classmethod
    def generate(cls, alg: Algorithm = "Ed25519") -> "PrivateKey":
        if alg == "Ed25519":
            return cls(alg, ed25519.Ed25519PrivateKey.generate().private_bytes_raw())
        return cls(alg, ec.generate_private_key(ec.SECP256R1()).private_numbers().private_value.to_bytes(32))

    @classmethod
    def from_pem(cls, pem: bytes, password: bytes | None = None) -> "PrivateKey":
        """Raises BadKey ``key-file`` for anything but a PKCS #8 key of the two kinds."""
        try:
            key = serialization.load_pem_private_key(pem, password)
        except (ValueError, TypeError) as error:
            raise BadKey("key-file", has=str(error)[:80], wanted="PKCS #8 PEM") from None
        if isinstance(key, ed25519.Ed25519PrivateKey):
            return cls("Ed25519", key.private_bytes_raw())
        if isinstance(key, ec.EllipticCurvePrivateKey) and isinstance(key.curve, ec.SECP256R1):
            return cls("ES256", key.private_numbers().private_value.to_bytes(32))
        raise BadKey("key-file", has=type(key).__name__, wanted="Ed25519 | P-256")

    def to_pem(self, password: bytes | None = None) -> bytes:
        encryption = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
        return self._loaded.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption)

    @cached_property
    def _loaded(self) -> ed25519.Ed25519PrivateKey | ec.EllipticCurvePrivateKey:
        if self.alg == "Ed25519":
            return ed25519.Ed25519PrivateKey.from_private_bytes(self.secret)
        return ec.derive_private_key(int.from_bytes(self.secret), ec.SECP256R1())

    @cached_property
    def public(self) -> PublicKey:
        key = self._loaded.public_key()
        if isinstance(key, ed25519.Ed25519PublicKey):
            return PublicKey("Ed25519", b64u.encode(key.public_bytes_raw()))
        numbers = key.public_numbers()
        return PublicKey("ES256", b64u.encode(numbers.x.to_bytes(32)), b64u.encode(numbers.y.to_bytes(32)))

    def sign(self, message: bytes) -> bytes:
        """64 bytes; ES256 normalised to the lower half so that the signature is the only one."""
        key = self._loaded
        if isinstance(key, ed25519.Ed25519PrivateKey):
            return key.sign(message)
        r, s = utils.decode_dss_signature(key.sign(message, _ECDSA))
        return r.to_bytes(32) + min(s, P256_ORDER - s).to_bytes(32)


def proof_message(log: str, party: str, kid: KeyId) -> bytes:
    """What a new key signs to prove that it is held; ``party`` is a chain id or ``new``."""
    return f"gengji key v1\n{log}\n{party}\n{kid}".encode()


def prove(key: Signer, log: str, party: str) -> str:
    """The proof of possession, b64u of 64 bytes."""
    return b64u.encode(key.sign(proof_message(log, party, key.public.kid)))


def check_proof(key: PublicKey, proof: str, log: str, party: str, path: str = "proof") -> None:
    """Raises BadKey ``key-proof`` unless ``proof`` shows that ``key`` is held for this log and party."""
    try:
        key.verify(b64u.decode(proof, 64, path=path), proof_message(log, party, key.kid))
    except BadSignature:
        raise BadKey("key-proof", path=path, has=proof) from None
