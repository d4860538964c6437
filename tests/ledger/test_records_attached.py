"""Which files a statement names, in which field, for whom."""

from ledger.records import ATTACHING, attached
from tests.examples import ATTACHMENT, DIGEST
from tests.world import county

OTHER = {**ATTACHMENT, "name": "b.jpg"}


def test_every_field_that_names_files_is_known() -> None:
    assert ATTACHING == {"attachments", "certificate_photo", "papers", "portraits", "report"}


def test_files_are_found_wherever_a_statement_names_them() -> None:
    world = county()
    test = world.statement(
        "test", "lab", {"report": ATTACHMENT, "attachments": [ATTACHMENT, OTHER], "type": "x"}, ["A" * 43]
    )
    sealed = {"papers": [OTHER], "portraits": [ATTACHMENT], "person": "王五"}
    assert [(field, audience, one["name"]) for field, audience, one in attached(test, sealed)] == [
        ("attachments", "public", "a.jpg"),
        ("attachments", "public", "b.jpg"),
        ("report", "public", "a.jpg"),
        ("papers", "trade", "b.jpg"),
        ("portraits", "regulator", "a.jpg"),
    ]
    assert list(attached(world.statement("test", "lab", {"type": "x"}, ["A" * 43]), {"person": "王五"})) == []


def test_a_correction_names_those_that_it_puts_in_their_place() -> None:
    world = county()
    body = {"statement": DIGEST, "reason": "x", "new": {"attachments": [OTHER]}, "attachments": [ATTACHMENT]}
    correct = world.statement("correct", "farm", body, ["A" * 43])
    assert [(field, one["name"]) for field, _, one in attached(correct, {})] == [
        ("attachments", "a.jpg"),
        ("new.attachments", "b.jpg"),
    ]
