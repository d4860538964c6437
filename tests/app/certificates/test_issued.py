"""The certificates that stand: void, superseded, and what each reader may see of them."""

from collections.abc import Callable

import pypdfium2
import pytest

from app.certificates.service import Certificates
from app.errors import Conflict, NotFound
from app.viewing import Viewer
from ledger.errors import Malformed
from ledger.identity import ChainId, StatementHash
from ledger.statement import Statement
from tests.app.certificates.promised import certify, handed, voided
from tests.world import World, county, harvested, planted

Serve = Callable[[World], Certificates]


def states(certificates: Certificates, batch: ChainId) -> dict[StatementHash, str]:
    return {one.statement: one.state for one in certificates.of_batch(batch, None)}


def grown() -> tuple[World, ChainId]:
    world = county()
    return world, harvested(world, planted(world), value="1000")


def test_certificates_are_listed_newest_first_with_what_they_say(served: Serve) -> None:
    world, lot = grown()
    first = certify(world, "farm", [(lot, "400")], number="A")
    second = certify(world, "farm", [(lot, "600")], number="B", basis=["self_tested"])
    found = served(world).of_batch(lot, None)
    assert [(one.statement, one.number, one.state) for one in found] == [
        (second.hash, "B", "valid"),
        (first.hash, "A", "valid"),
    ]
    assert found[0].basis == ["self_tested"]
    assert found[0].party.zh == "farm"
    assert [(good.batch.chain, good.quantity["value"]) for good in found[0].goods] == [(lot, "600")]


def test_more_than_the_party_ever_had_cannot_be_promised_twice(served: Serve) -> None:
    world, lot = grown()
    old = certify(world, "farm", [(lot, "1000")])
    part = certify(world, "farm", [(lot, "300")])
    rest = certify(world, "farm", [(lot, "700")])
    certificates = served(world)
    assert states(certificates, lot) == {old.hash: "superseded", part.hash: "valid", rest.hash: "valid"}
    assert certificates.one(old.hash, None)[0].superseded_by == rest.hash


def test_what_another_party_promises_of_what_it_received_supersedes_nothing(served: Serve) -> None:
    world, lot = grown()
    farms = certify(world, "farm", [(lot, "1000")])
    handed(world, lot, "1000", "farm", "coop")
    coops = certify(world, "coop", [(lot, "1000")], form="buyer")
    assert states(served(world), lot) == {farms.hash: "valid", coops.hash: "valid"}


def test_one_about_several_batches_stands_while_any_of_them_is_not_promised_again(served: Serve) -> None:
    world, lot = grown()
    other = harvested(world, planted(world), value="1000")
    both = certify(world, "farm", [(lot, "1000"), (other, "1000")])
    certify(world, "farm", [(lot, "1000")])
    certificates = served(world)
    assert certificates.one(both.hash, None)[0].state == "valid"
    assert both.hash in states(certificates, other)


def test_void_one_says_why_by_whom_and_supersedes_nothing(served: Serve) -> None:
    world, lot = grown()
    old = certify(world, "farm", [(lot, "1000")])
    new = certify(world, "farm", [(lot, "1000")])
    taken_back = voided(world, "inspector", new, "检测结果更正为不合格")
    certificates = served(world)
    assert states(certificates, lot) == {old.hash: "valid", new.hash: "void"}
    void = certificates.one(new.hash, None)[0].void
    assert void
    assert (void.reason, void.by and void.by.zh, void.statement) == (
        "检测结果更正为不合格",
        "inspector",
        taken_back.hash,
    )


def test_corrected_one_says_what_stands_now(served: Serve) -> None:
    world, lot = grown()
    one = certify(world, "farm", [(lot, "1000")], number="A")
    new = {"number": "A-2", "origin": "四川省什邡市"}
    world.state("correct", "farm", {"statement": one.hash, "reason": "写错了", "new": new}, [lot])
    found, _ = served(world).one(one.hash, None)
    assert (found.number, found.origin, found.state) == ("A-2", "四川省什邡市", "valid")


def test_contact_is_for_the_party_supervisors_and_those_who_handle_the_goods(served: Serve) -> None:
    world, lot = grown()
    one = certify(world, "farm", [(lot, "1000")], "0718-1234567")
    handed(world, lot, "10", "farm", "coop")
    certificates = served(world)

    def read_by(party: str, role: str = "member") -> str | None:
        viewer = Viewer("0", "x", "x", world.parties[party], role, "", "", "")
        return certificates.one(one.hash, viewer)[0].contact

    assert [read_by("farm"), read_by("coop"), read_by("inspector", "inspector")] == ["0718-1234567"] * 3
    assert read_by("shop") is None
    assert certificates.one(one.hash, None)[0].contact is None


def test_corrected_contact_replaces_the_old(served: Serve) -> None:
    world, lot = grown()
    one = certify(world, "farm", [(lot, "1000")], "0718-1111111")
    body = {"statement": one.hash, "reason": "换了电话"}
    world.state("correct", "farm", body, [lot], {"contact": "0718-2222222"})
    viewer = Viewer("0", "x", "x", world.parties["farm"], "member", "", "", "")
    assert served(world).one(one.hash, viewer)[0].contact == "0718-2222222"


@pytest.mark.parametrize("name", ["x", "q2VhV9dR7c1n1Qm8Z0yJk0bC5s7oWc4xT3uE6fG8hIk", "–" * 43])
def test_what_is_no_certificate_is_not_found(served: Serve, name: str) -> None:
    with pytest.raises(NotFound, match="no-certificate"):
        served(grown()[0]).one(name, None)


def test_other_statements_are_no_certificates(served: Serve) -> None:
    world, lot = grown()
    handed(world, lot, "1", "farm", "coop")
    with pytest.raises(NotFound, match="no-certificate"):
        served(world).one(world.statements[-1].hash, None)


# --- on paper ------------------------------------------------------------------------------------------------------


def words(certificates: Certificates, statement: Statement, viewer: Viewer | None = None, size: str = "a4") -> str:
    data = certificates.drawn(statement.hash, viewer, size, "zh", "http://127.0.0.1:8000/")
    return str(pypdfium2.PdfDocument(data)[0].get_textpage().get_text_bounded())


def test_paper_has_the_contact_for_who_may_read_it_only(served: Serve) -> None:
    world, lot = grown()
    one = certify(world, "farm", [(lot, "1000")], "0718-1234567")
    certificates = served(world)
    ours = Viewer("0", "x", "x", world.parties["farm"], "member", "", "", "")
    for size in ("a4", "label"):
        assert "0718-1234567" in words(certificates, one, ours, size)
        assert "0718" not in words(certificates, one, None, size)


def test_paper_of_goods_on_hold_is_refused_and_of_a_void_one_drawn_as_void(served: Serve) -> None:
    world, lot = grown()
    stands, void = certify(world, "farm", [(lot, "400")]), certify(world, "farm", [(lot, "600")])
    voided(world, "farm", void, "重开")
    world.state("hold", "inspector", {"reason": "抽检不合格"}, [lot])
    certificates = served(world)
    assert certificates.one(stands.hash, None)[1] == ["on-hold"]
    with pytest.raises(Conflict, match="held"):
        words(certificates, stands)
    assert "作废" in words(certificates, void)


def test_goods_of_several_batches_are_summed(served: Serve) -> None:
    world, lot = grown()
    other = harvested(world, planted(world), value="1000")
    one = certify(world, "farm", [(lot, "400"), (other, "0.5")])
    assert "400.5 公斤（2 批）" in words(served(world), one)


def test_there_are_two_sizes_of_paper(served: Serve) -> None:
    world, lot = grown()
    one = certify(world, "farm", [(lot, "1000")])
    with pytest.raises(Malformed, match="choice"):
        words(served(world), one, size="a5")
