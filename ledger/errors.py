"""What can be wrong with bytes, keys, proofs and permissions.

    LedgerError
    ├── Malformed       the bytes are not what the format says
    ├── BadKey          a key that may not be used: not canonical, wrong curve, no proof of possession
    ├── BadSignature    the signature does not verify under the key named
    ├── BadProof        a path, root or checkpoint does not fit
    └── NotAllowed      well-formed and signed, but this key may not state this here

Every error carries a stable ``code`` and parameters; ``ledger.wordings`` puts them into Chinese and English.
The convention for parameters: ``path`` is where, ``has`` what stands there, ``wanted`` what should.
"""


class LedgerError(Exception):
    """A code and its parameters; the wording is chosen where a person reads it."""

    def __init__(self, code: str, /, **params: str | int) -> None:
        super().__init__(code, params)
        self.code = code
        self.params = params

    def __str__(self) -> str:
        said = ", ".join(f"{name} {value!r}" for name, value in self.params.items())
        return f"{self.code}: {said}" if said else self.code


class Malformed(LedgerError):
    """The bytes are not what the format says; ``path`` leads to the place."""


class BadKey(LedgerError):
    """A key that may not be used."""


class BadSignature(LedgerError):
    """The signature does not verify under the key named."""


class BadProof(LedgerError):
    """A path, root or checkpoint does not fit what it is held against."""


class NotAllowed(LedgerError):
    """Well-formed and signed, but this key may not state this, here, now."""
