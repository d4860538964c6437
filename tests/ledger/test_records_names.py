"""Names of fields: what a name is in one kind it is in all, so that a table of names can speak for every kind."""

from ledger.records import ATTACHING, KINDS
from ledger.records.shapes import ATTACHMENT, ListOf


def test_a_name_that_names_files_does_so_in_every_kind() -> None:
    fields = [field for kind in KINDS.values() for field in kind.fields if field.name in ATTACHING]
    assert all(ATTACHMENT in (one.shape, getattr(one.shape, "item", None)) for one in fields)
    assert all(isinstance(one.shape, ListOf) or one.shape == ATTACHMENT for one in fields)
