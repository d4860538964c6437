"""A county where tomatoes are harvested, examined, sold, mixed and promised for."""

from collections.abc import Iterable, Mapping

from ledger.canonical import Json
from ledger.identity import ChainId
from ledger.statement import Statement
from tests.world import World, kg

PASSED: dict[str, Json] = {
    "sample_no": "S-1",
    "type": "quantitative",
    "items": [{"analyte": "腐霉利", "value": "0.1", "unit": "mg/kg", "limit": "2", "passed": True}],
    "conclusion": "pass",
}


def goods(*lines: tuple[ChainId, str]) -> list[Json]:
    return [{"batch": batch, "quantity": kg(value)} for batch, value in lines]


def certify(
    world: World,
    by: str,
    lines: Iterable[tuple[ChainId, str]],
    contact: str = "0718-1234567",
    **more: Json,
) -> Statement:
    body: dict[str, Json] = {
        "goods": goods(*lines),
        "form": "own",
        "product_name": "番茄",
        "origin": "四川省彭州市丹景山镇",
        "issued": "2026-03-01",
        "basis": ["control"],
        **more,
    }
    return world.state("certify", by, body, [batch for batch, _ in lines], {"contact": contact})


def examined(world: World, by: str, batch: ChainId, **more: Json) -> Statement:
    return world.state("test", by, {**PASSED, **more}, [batch])


def voided(world: World, by: str, certificate: Statement, reason: str = "检测结果更正为不合格") -> Statement:
    body: Mapping[str, Json] = {"statement": certificate.hash, "reason": reason, "void": True}
    return world.state("correct", by, body, certificate.on)


def handed(world: World, batch: ChainId, value: str, sender: str, receiver: str) -> None:
    """Shipped and received."""
    to: dict[str, Json] = {"goods": goods((batch, value)), "receiver": world.parties[receiver]}
    shipment = world.state("ship", sender, to, [batch])
    taken: dict[str, Json] = {"goods": goods((batch, value)), "shipment": shipment.hash}
    world.state("receive", receiver, taken, [batch])


def mixed(world: World, by: str, lines: Iterable[tuple[ChainId, str]], value: str) -> ChainId:
    """Put together, or repacked: one lot of the same product."""
    body: dict[str, Json] = {"inputs": goods(*lines), "outputs": [world.output("tomato", value)]}
    return world.state("process", by, body, [batch for batch, _ in lines]).created[0]
