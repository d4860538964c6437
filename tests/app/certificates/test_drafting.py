"""A certificate drawn up from the record: nothing in it that was not stated, nothing left out that was."""

from collections.abc import Callable
from typing import Any

import pytest

from app.certificates.drafting import Prepared
from app.certificates.service import Certificates
from app.errors import Conflict, NotFound
from app.viewing import Viewer
from ledger import records
from ledger.errors import NotAllowed
from ledger.identity import ChainId, trace_code
from ledger.parting import part
from ledger.statement import draft, read_payload
from tests.app.certificates.conftest import TODAY
from tests.app.certificates.promised import certify, examined, goods, handed, mixed, voided
from tests.world import World, county, harvested, kg, planted

Serve = Callable[[World], Certificates]


def person(world: World, party: str) -> Viewer:
    return Viewer("0", "zhou.min", "周敏", world.parties[party], "manager", "", "", "")


def prepared(served: Certificates, world: World, batch: ChainId, party: str) -> Prepared:
    return served.prepared(batch, world.parties[party], person(world, party))


def fields(served: Certificates, world: World, batch: ChainId, party: str) -> dict[str, Any]:
    return prepared(served, world, batch, party).fields


def test_what_a_farm_grew_is_its_own_and_all_that_it_holds(served: Serve) -> None:
    world = county()
    lot = harvested(world, planted(world), value="1000")
    handed(world, lot, "300", "farm", "coop")
    said = fields(served(world), world, lot, "farm")
    assert said["form"] == "own"
    assert said["goods"] == goods((lot, "700"))
    assert said["product_name"] == "tomato"
    assert said["issued"] == TODAY
    assert said["basis"] == ["control"]
    assert not said.keys() & {"tests", "parents", "contact"}


def test_what_was_bought_is_the_buyers_form_and_names_the_sellers_certificate(served: Serve) -> None:
    world = county()
    lot = harvested(world, planted(world))
    sold = certify(world, "farm", [(lot, "300")], number="F-1")
    handed(world, lot, "300", "farm", "coop")
    said = fields(served(world), world, lot, "coop")
    assert said["form"] == "buyer"
    assert said["parents"] == [{"statement": sold.hash, "number": "F-1"}]
    assert said["origin"] == "四川省彭州市丹景山镇", "as the certificate behind it says, for want of a record"


def test_what_is_mixed_names_the_nearest_certificates_of_all_its_parents(served: Serve) -> None:
    world = county()
    world.register("farm 2", "farm", type_="household")
    ours = harvested(world, planted(world))
    theirs = harvested(world, planted(world, "coop"), "coop")
    first, second = certify(world, "farm", [(ours, "100")]), certify(world, "coop", [(theirs, "100")])
    again = certify(world, "coop", [(theirs, "100")], form="buyer")
    handed(world, ours, "100", "farm", "coop")
    once = mixed(world, "coop", [(ours, "100"), (theirs, "50")], "150")
    twice = mixed(world, "coop", [(once, "150")], "150")
    said = fields(served(world), world, twice, "coop")
    assert said["form"] == "buyer"
    assert {parent["statement"] for parent in said["parents"]} == {first.hash, second.hash, again.hash}


def test_certificate_of_the_mixture_stands_for_those_behind_it(served: Serve) -> None:
    world = county()
    lot = harvested(world, planted(world))
    certify(world, "farm", [(lot, "100")])
    handed(world, lot, "100", "farm", "coop")
    once = mixed(world, "coop", [(lot, "100")], "100")
    middle = certify(world, "coop", [(once, "100")], form="buyer")
    packed = mixed(world, "coop", [(once, "100")], "100")
    assert fields(served(world), world, packed, "coop")["parents"] == [{"statement": middle.hash}]


def test_void_certificates_stand_behind_nothing(served: Serve) -> None:
    world = county()
    lot = harvested(world, planted(world))
    voided(world, "farm", certify(world, "farm", [(lot, "100")]))
    handed(world, lot, "100", "farm", "coop")
    assert "parents" not in fields(served(world), world, lot, "coop")


def test_number_on_the_paper_that_came_with_goods_from_outside_is_named(served: Serve) -> None:
    world = county()
    body = {"outputs": [world.output("tomato", "500")], "origin": "云南省元谋县", "certificate_no": "YM-77"}
    bought = world.state("intake", "coop", body, sealed={"supplier": "王建国"}).created[0]
    said = fields(served(world), world, bought, "coop")
    assert said["form"] == "buyer"
    assert said["origin"] == "云南省元谋县"
    assert said["parents"] == [{"number": "YM-77"}]


@pytest.mark.parametrize(
    ("by", "basis"),
    [
        pytest.param(["farm"], ["self_tested"], id="its own"),
        pytest.param(["lab"], ["commissioned"], id="a laboratory's"),
        pytest.param(["farm", "lab"], ["self_tested", "commissioned"], id="both"),
        pytest.param(["coop"], ["control"], id="somebody else's, who is no laboratory"),
    ],
)
def test_basis_is_who_tested(served: Serve, by: list[str], basis: list[str]) -> None:
    world = county()
    planting = planted(world)
    lot = harvested(world, planting)
    tests = [examined(world, one, planting if one == "lab" else lot) for one in by]
    said = fields(served(world), world, lot, "farm")
    assert said["basis"] == basis
    assert said["tests"] == [test.hash for test in tests]


def test_tests_that_failed_or_were_taken_back_are_nothing_to_rest_on(served: Serve) -> None:
    world = county()
    lot = harvested(world, planted(world))
    examined(world, "lab", lot, conclusion="fail")
    taken_back = examined(world, "lab", lot)
    voided(world, "lab", taken_back)
    said = fields(served(world), world, lot, "farm")
    assert said["basis"] == ["control"]
    assert "tests" not in said


def test_contact_is_the_one_that_the_party_last_gave_and_nobody_elses_to_read(served: Serve) -> None:
    world = county()
    first, lot = (harvested(world, planted(world)) for _ in range(2))
    certify(world, "farm", [(first, "1")], "0718-1111111")
    certify(world, "farm", [(first, "2")], "0718-2222222")
    certificates = served(world)
    farm = world.parties["farm"]
    assert certificates.prepared(lot, farm, person(world, "farm")).fields["contact"] == "0718-2222222"
    for viewer in (None, person(world, "coop")):
        asked = certificates.prepared(lot, farm, viewer)
        assert "contact" not in asked.fields
        assert "contact" in asked.missing


def test_number_is_the_day_the_code_and_how_many_there_were(served: Serve) -> None:
    world = county()
    lot = harvested(world, planted(world))
    certificates = served(world)
    assert fields(certificates, world, lot, "farm")["number"] == f"20260529-{trace_code(lot)[-8:]}"


def test_one_that_was_used_that_day_is_not_suggested_again(served: Serve) -> None:
    world = county()
    lot = harvested(world, planted(world))
    code = trace_code(lot)[-8:]
    certify(world, "farm", [(lot, "1")], number=f"20260529-{code}")
    certify(world, "farm", [(lot, "1")], number=f"20260529-{code}-2")
    assert fields(served(world), world, lot, "farm")["number"] == f"20260529-{code}-3"


def test_what_it_says_is_a_body_that_can_be_signed(served: Serve) -> None:
    world = county()
    lot = harvested(world, planted(world))
    certify(world, "farm", [(lot, "10")], number="F-1")
    examined(world, "lab", lot)
    handed(world, lot, "10", "farm", "coop")
    packed = mixed(world, "coop", [(lot, "10")], "10")
    said = fields(served(world), world, packed, "coop")
    body, sealed, on = part("certify", {**said, "contact": "0718-1234567"})
    assert sealed == {"contact": "0718-1234567"}
    payload = draft(
        log=world.log, kind="certify", at="2026-05-29T00:00:00Z", body=body, iss=world.parties["coop"],
        iat=0, n=0, after=None, seen=None, on=on,
    )  # fmt: skip
    records.check(read_payload(payload), {})


# --- what stands in its way ----------------------------------------------------------------------------------------


def test_held_batch_is_refused_with_every_reason_and_so_is_all_that_came_of_it(served: Serve) -> None:
    world = county()
    lot = harvested(world, planted(world))
    packed = mixed(world, "farm", [(lot, "10")], "10")
    world.state("hold", "inspector", {"reason": "抽检不合格"}, [lot])
    certificates = served(world)
    for batch in (lot, packed):
        with pytest.raises(Conflict, match="held") as refused:
            certificates.ready(batch, world.parties["farm"], None)
        assert refused.value.params["has"] == "on-hold"
        assert [found.code for found in certificates.holding(batch)] == ["on-hold"]


def test_goods_that_are_not_there_and_parties_that_are_not(served: Serve) -> None:
    world = county()
    lot = harvested(world, planted(world))
    certificates = served(world)
    with pytest.raises(Conflict, match="certificate-none"):
        certificates.ready(lot, world.parties["coop"], None)
    with pytest.raises(NotFound, match="no-party"):
        certificates.ready(lot, ChainId("x" * 43), None)
    with pytest.raises(NotFound, match="no-code"):
        certificates.ready(world.parties["farm"], world.parties["farm"], None)


def test_who_may_not_certify_is_told_beforehand(served: Serve) -> None:
    world = county()
    body = {"outputs": [world.output("tomato", "5")], "origin": "云南省元谋县"}
    lot = world.state("intake", "shop", body).created[0]
    handed_over = {"goods": [{"batch": lot, "quantity": kg("5")}], "receiver": world.parties["carrier"]}
    shipment = world.state("ship", "shop", handed_over, [lot])
    certificates = served(world)
    assert shipment
    with pytest.raises((NotAllowed, Conflict)):
        certificates.ready(lot, world.parties["carrier"], None)
