"""For every finding three short stories: one in which it is found, one in which it nearly is, one that clears it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from app.recording import Appended
from ledger.identity import ChainId
from tests.app.batches.desk import goods
from tests.app.rules.tale import Tale, elsewhere, residue
from tests.world import kg


class Found(NamedTuple):
    """The statement that the finding is about, and the batch."""

    about: Appended
    batch: ChainId | None


@dataclass(frozen=True)
class Story:
    """``fires`` says what it is found of; ``spares`` is as near as it gets; ``clears`` goes on from ``fires``."""

    fires: Callable[[Tale], Found]
    spares: Callable[[Tale], Any]
    clears: Callable[[Tale, Found], Any]
    closed_by: str
    severity: str = "flag"
    source: str = ""
    """Whose rule it is, where no law stands behind it."""


# --- what stops it ---------------------------------------------------------------------------------------------------


def _too_early(tale: Tale, days: float = 6.5) -> Found:
    """Sprayed on a morning in Sichuan: after 6.5 days it is the sixth evening, after 6.8 the seventh day has begun."""
    field = tale.plant()
    tale.spray(field, ingredients=["吡虫啉"])
    tale.wait(days)
    picked = tale.pick(field)
    return Found(picked, picked.statement.created[0])


def _wait_and_release(tale: Tale, found: Found) -> None:
    tale.wait(1)
    assert found.batch is not None
    tale.release(found.batch, found.about, by="coop")


def _sprayed(tale: Tale, name: str, product: str = "tomato") -> Found:
    field = tale.plant(product=product)
    return Found(tale.spray(field, ingredients=[name]), field)


def _tested(tale: Tale, *items: Any, **more: Any) -> Found:
    lot = tale.lot()
    return Found(tale.test(lot, *items, **more), lot)


_RAPID = {"type": "qualitative", "conclusion": "fail"}


def _retested(tale: Tale, found: Found) -> None:
    assert found.batch is not None
    tale.test(found.batch, residue("0.01"), retest_of=found.about.statement.hash)


def _washed(tale: Tale, by: str) -> Found:
    lot = tale.lot()
    return Found(tale.void(tale.test(lot, residue("5"), by=by), by=by), lot)


def _not_collected(tale: Tale, **more: Any) -> Found:
    ship = tale.ship(tale.lot("farm"), by="farm")
    return Found(tale.receive(ship, **more), ship.statement.on[0])


def _mixed(tale: Tale, *, certified: bool = False) -> Found:
    field = tale.lot("farm")
    if certified:
        tale.certify(field, "farm")
    ship = tale.ship(field, by="farm", to="coop")
    tale.receive(ship, by="coop", certificate_checked=True)
    mixed = tale.process(field, tale.lot())
    return Found(mixed, mixed.statement.created[0])


def _held(tale: Tale) -> Found:
    lot = tale.lot()
    return Found(tale.hold(lot, "coop"), lot)


def _called_back(tale: Tale) -> Found:
    lot = tale.lot()
    return Found(tale.recall(lot), lot)


STOPPING: Mapping[str, Story] = {
    "interval": Story(
        _too_early, lambda tale: _too_early(tale, 6.8), _wait_and_release, "released", "hold",
    ),
    "banned": Story(
        lambda tale: _sprayed(tale, "六六六"),
        lambda tale: _sprayed(tale, "吡虫啉"),
        lambda tale, found: tale.correct(found.about, ingredients=["吡虫啉"]),
        "corrected", "hold",
    ),
    "toxic": Story(
        lambda tale: _sprayed(tale, "毒死蜱"),
        lambda tale: _sprayed(tale, "毒死蜱", "egg"),
        lambda tale, found: tale.release(found.batch or ChainId(""), found.about),
        "released", "hold",
    ),
    "over-limit": Story(
        lambda tale: _tested(tale, residue("501", unit="μg/kg")),
        lambda tale: _tested(tale, residue("500", unit="μg/kg")),
        lambda tale, found: tale.correct(found.about, "lab", items=[residue("50.1", unit="μg/kg")]),
        "corrected", "hold",
    ),
    "rapid-failed": Story(
        lambda tale: _tested(tale, residue("阳性"), **_RAPID),
        lambda tale: _tested(tale, residue("阴性"), type="qualitative"),
        _retested, "record", "hold",
    ),
    "hold-corrected": Story(
        lambda tale: _washed(tale, "coop"),
        lambda tale: _washed(tale, "lab"),
        lambda tale, found: tale.release(found.batch or ChainId(""), found.about),
        "released",
    ),
    "certificate-missing": Story(
        _not_collected,
        lambda tale: _not_collected(tale, certificate_checked=True),
        lambda tale, found: tale.certify(found.batch or ChainId(""), "farm"),
        "record", "hold",
    ),
    "certificate-parents": Story(
        _mixed,
        lambda tale: _mixed(tale, certified=True),
        lambda tale, found: tale.certify(tale.shipped[-1].statement.on[0], "farm"),
        "record", "hold",
    ),
    "on-hold": Story(
        _held,
        lambda tale: tale.state("inspect", "inspector", {"task": "1", "result": "fail"}, tale.lot()),
        lambda tale, found: tale.release(found.batch or ChainId(""), found.about, by="coop"),
        "released", "hold",
    ),
    "recalled": Story(
        _called_back,
        lambda tale: tale.state("drill", "coop", {"scope": "batch", "reason": "演练"}, tale.lot()),
        lambda tale, found: tale.void(found.about, "inspector"),
        "corrected", "hold",
    ),
}  # fmt: skip


# --- what is shown ---------------------------------------------------------------------------------------------------


def _moved(tale: Tale, *, held: bool = True) -> Found:
    stock = tale.stock("吡虫啉")
    if held:
        tale.hold(stock.statement.created[0])
    (bought,) = stock.statement.created
    time, field = tale.time(), tale.plant()
    body = {"name": "吡虫啉", "start": time, "stop": time, "inputs": [{"batch": bought, "quantity": kg("1")}]}
    return Found(tale.state("apply", "coop", body, field, bought), bought)


def _corrected(tale: Tale, by: str = "coop") -> Found:
    lot = tale.lot()
    ship = tale.ship(lot)
    tale.receive(ship, "90", certificate_checked=True)
    return Found(tale.correct(ship, by, goods=goods(lot, "90")), lot)


def _agreed(tale: Tale, found: Found) -> None:
    assert found.batch is not None
    tale.state("acknowledge", "shop", {"about": found.about.statement.hash, "agree": True}, found.batch)


def _dosed(tale: Tale, value: str, product: str = "tomato") -> Found:
    field = tale.plant(product=product)
    return Found(tale.spray(field, registration_no="PD-示例-0001", rate=kg(value, "kg")), field)


def _sent(tale: Tale, by: str = "coop") -> Found:
    lot = tale.lot(by)
    return Found(tale.ship(lot, by=by), lot)


def _promised(tale: Tale, *tested: str, applied: str = "吡虫啉") -> Found:
    field = tale.plant()
    tale.spray(field, ingredients=[applied])
    tale.wait(30)
    (lot,) = tale.pick(field).statement.created
    for analyte in tested:
        tale.test(lot, residue("未检出", analyte))
    return Found(tale.certify(lot, basis="self_tested"), lot)


def _renewed(tale: Tale, *, named: bool = False) -> Found:
    lot = tale.lot()
    first = tale.certify(lot)
    (made,) = tale.process(lot).statement.created
    parents = {"parents": [{"statement": first.statement.hash}]} if named else {}
    return Found(tale.certify(made, form="buyer", **parents), made)


def _labelled(tale: Tale, labels: int) -> Found:
    lot = tale.lot()
    tale.label(lot, 60)
    return Found(tale.label(lot, labels - 60), lot)


def _cooked(tale: Tale, made: str, value: str) -> Found:
    cooked = tale.process(tale.lot(), made=made, value=value)
    return Found(cooked, cooked.statement.created[0])


def _warm(tale: Tale, minutes: int) -> Found:
    lot = tale.lot()
    return Found(tale.sensed(lot, high=kg("12", "C"), excursions=[tale.spell(minutes)]), lot)


def _felt(tale: Tale, degrees: str) -> Found:
    ship = tale.ship(tale.lot())
    return Found(tale.receive(ship, certificate_checked=True, temperature=kg(degrees, "C")), ship.statement.on[0])


def _somewhere(tale: Tale, by: str) -> Found:
    return Found(tale.state("observe", by, {"weather": "晴", "place": tale.world.places["far"]}, tale.plant()), None)


def _driven(tale: Tale, days: float) -> Found:
    ship = tale.ship(tale.lot(), place=tale.world.places["plot 7"])
    at = tale.time(days)
    there = {"certificate_checked": True, "place": tale.world.places["far"]}
    return Found(tale.receive(ship, at=at, **there), ship.statement.on[0])


def _written_up(tale: Tale, apart: int) -> Found:
    field = tale.plant()
    tale.world.clock += 600
    first = []
    for day in range(3):
        tale.world.clock += apart - 60
        first.append(tale.state("observe", "coop", {"weather": "晴"}, field, at=tale.time(-day)))
    return Found(first[0], field)


def _sold(tale: Tale, value: str) -> Found:
    lot = tale.lot()
    tale.ship(lot, "500")
    return Found(tale.sell(lot, value), lot)


def _taken(tale: Tale, value: str) -> Found:
    ship = tale.ship(tale.lot())
    return Found(tale.receive(ship, value, certificate_checked=True), ship.statement.on[0])


def _counted(tale: Tale, value: str) -> Found:
    lot = tale.lot()
    return Found(tale.state("count", "coop", {"goods": goods(lot, value)}, lot), lot)


def _strange(tale: Tale, by: str) -> Found:
    lot = tale.lot()
    return Found(tale.test(lot, residue("0.01"), by=by), lot)


def _had(tale: Tale, found: Found) -> None:
    assert found.batch is not None
    tale.receive(tale.ship(found.batch), certificate_checked=True)


def _taken_in(tale: Tale, **more: Any) -> Found:
    done = tale.intake(certificate_no="H-1", **more)
    return Found(done, done.statement.created[0])


def _again(tale: Tale, number: int) -> Found:
    tale.intake(certificate_no="H-1", **{"from": elsewhere(1)})
    return _taken_in(tale, **{"from": elsewhere(number)})


def _when(tale: Tale, days: float) -> Found:
    return Found(tale.state("observe", "coop", {"weather": "晴"}, tale.plant(), at=tale.time(days)), None)


_OWN = "records §3.7 · 监管提示"
SHOWN: Mapping[str, Story] = {
    "moved-on-hold": Story(
        _moved, lambda tale: _moved(tale, held=False), lambda tale, found: tale.void(found.about), "corrected"
    ),
    "after-handover": Story(_corrected, lambda tale: _corrected(tale, "inspector"), _agreed, "record"),
    "dose": Story(
        lambda tale: _dosed(tale, "0.021"),
        lambda tale: _dosed(tale, "0.02"),
        lambda tale, found: tale.correct(found.about, rate=kg("20", "g")),
        "corrected",
    ),
    "off-label": Story(
        lambda tale: _dosed(tale, "0.01", "egg"),
        lambda tale: _dosed(tale, "0.01"),
        lambda tale, found: tale.void(found.about),
        "corrected",
    ),
    "certificate-due": Story(
        _sent, lambda tale: _sent(tale, "farm"), lambda tale, found: tale.certify(found.batch or ChainId("")), "record"
    ),
    "certificate-basis": Story(
        lambda tale: _promised(tale, "毒死蜱"),
        lambda tale: _promised(tale, "imidacloprid"),
        lambda tale, found: tale.test(found.batch or ChainId(""), residue("未检出")),
        "record",
    ),
    "certificate-untested": Story(
        _promised,
        lambda tale: _promised(tale, "吡虫啉"),
        lambda tale, found: tale.correct(found.about, basis=["control"]),
        "corrected",
    ),
    "certificate-unnamed": Story(
        _renewed, lambda tale: _renewed(tale, named=True), lambda tale, found: tale.void(found.about), "corrected"
    ),
    "over-labelled": Story(
        lambda tale: _labelled(tale, 101),
        lambda tale: _labelled(tale, 100),
        lambda tale, found: tale.label(found.batch or ChainId(""), 1, "void"),
        "record",
    ),
    "yield": Story(
        lambda tale: _cooked(tale, "sauce", "60.001"),
        lambda tale: _cooked(tale, "sauce", "60"),
        lambda tale, found: tale.correct(found.about, outputs=[tale.world.output("sauce", "30")]),
        "corrected",
    ),
    "more-out": Story(
        lambda tale: _cooked(tale, "mix", "100.5"),
        lambda tale: _cooked(tale, "mix", "100"),
        lambda tale, found: tale.correct(found.about, outputs=[tale.world.output("mix", "99")]),
        "corrected",
    ),
    "cold-chain": Story(
        lambda tale: _warm(tale, 31),
        lambda tale: _warm(tale, 30),
        lambda tale, found: tale.release(found.batch or ChainId(""), found.about),
        "released",
    ),
    "cold-reading": Story(
        lambda tale: _felt(tale, "8.1"),
        lambda tale: _felt(tale, "8"),
        lambda tale, found: tale.correct(found.about, "shop", temperature=kg("7", "C")),
        "corrected",
    ),
    "place-unlikely": Story(
        lambda tale: _somewhere(tale, "coop"),
        lambda tale: _somewhere(tale, "shop"),
        lambda tale, found: tale.correct(found.about, place=tale.world.places["plot 7"]),
        "corrected", source=_OWN,
    ),
    "too-fast": Story(
        lambda tale: _driven(tale, 89 / 1440),
        lambda tale: _driven(tale, 90 / 1440),
        lambda tale, found: tale.correct(found.about, "shop", place=tale.world.places["plot 7"]),
        "corrected", source=_OWN,
    ),
    "time-order": Story(
        lambda tale: _driven(tale, -1),
        lambda tale: _driven(tale, 1),
        lambda tale, found: tale.void(found.about, "shop"),
        "corrected", source=_OWN,
    ),
    "many-at-once": Story(
        lambda tale: _written_up(tale, 5),
        lambda tale: _written_up(tale, 70),
        lambda tale, found: tale.void(found.about),
        "corrected", source=_OWN,
    ),
    "over-held": Story(
        lambda tale: _sold(tale, "500.5"),
        lambda tale: _sold(tale, "500"),
        lambda tale, found: tale.correct(found.about, goods=goods(found.batch or ChainId(""), "400")),
        "corrected",
    ),
    "over-shipped": Story(
        lambda tale: _taken(tale, "101"),
        lambda tale: _taken(tale, "100"),
        lambda tale, found: tale.correct(_shipment(tale, found), goods=goods(found.batch or ChainId(""), "101")),
        "record",
    ),
    "over-counted": Story(
        lambda tale: _counted(tale, "1001"),
        lambda tale: _counted(tale, "1000"),
        lambda tale, found: tale.correct(found.about, goods=goods(found.batch or ChainId(""), "999")),
        "corrected",
    ),
    "not-holder": Story(
        lambda tale: _strange(tale, "shop"), lambda tale: _strange(tale, "lab"), _had, "record",
        source="records §1: a statement about a batch by someone who never held it",
    ),
    "origin-unrecorded": Story(
        lambda tale: _taken_in(tale, unrecorded=True),
        _taken_in,
        lambda tale, found: tale.correct(found.about, unrecorded=False, origin="彭州"),
        "corrected",
    ),
    "origin-unverified": Story(
        lambda tale: _taken_in(tale, **{"from": elsewhere()}),
        _taken_in,
        lambda tale, found: tale.void(found.about),
        "corrected",
    ),
    "origin-reused": Story(
        lambda tale: _again(tale, 1),
        lambda tale: _again(tale, 2),
        lambda tale, found: tale.void(found.about),
        "corrected",
    ),
    "clock": Story(
        lambda tale: _when(tale, 40_000),
        lambda tale: _when(tale, 0),
        lambda tale, found: tale.void(found.about),
        "corrected", source=_OWN,
    ),
    "late": Story(
        lambda tale: _when(tale, -4.1),
        lambda tale: _when(tale, -3.9),
        lambda tale, found: tale.void(found.about),
        "corrected", source=_OWN,
    ),
}  # fmt: skip


def _shipment(tale: Tale, found: Found) -> Appended:
    wanted = found.about.statement.body["shipment"]
    return next(one for one in tale.shipped if one.statement.hash == wanted)


STORIES: Mapping[str, Story] = {**STOPPING, **SHOWN}
