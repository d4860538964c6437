"""What stands in one's own log, read again: the same statement that was parsed when it was admitted."""

import pytest

from ledger.errors import LedgerError
from ledger.statement import parse, reread
from tests.conformance.town import town


def test_it_is_what_was_parsed() -> None:
    for one in town().statements:
        again = reread(one.jws, one.hash)
        assert again == parse(one.jws)
        assert (again.created, again.targets, again.actor, again.sealed) == (
            one.created,
            one.targets,
            one.actor,
            one.sealed,
        )


@pytest.mark.parametrize("jws", ["", "a.b", "e30.e30.e30"])
def test_bytes_that_were_changed_are_no_statement(jws: str) -> None:
    with pytest.raises((LedgerError, LookupError, TypeError, ValueError)):
        reread(jws, parse(town().statements[0].jws).hash)
