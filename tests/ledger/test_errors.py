"""Errors carry a code and parameters and say themselves."""

from ledger.errors import BadKey, BadProof, BadSignature, LedgerError, Malformed, NotAllowed


def test_an_error_says_its_code_and_parameters() -> None:
    error = Malformed("size", path="payload", has=50000, wanted=49152)
    assert str(error) == "size: path 'payload', has 50000, wanted 49152"
    assert str(BadSignature("signature")) == "signature"


def test_all_are_of_one_tree() -> None:
    assert all(issubclass(kind, LedgerError) for kind in (Malformed, BadKey, BadSignature, BadProof, NotAllowed))
