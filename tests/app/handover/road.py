"""Two lots of tomatoes on the way from the farm to the co-op: one as it should be, one that is stopped."""

from ledger.canonical import Json
from ledger.identity import ChainId
from ledger.statement import Statement
from tests.app.certificates.promised import certify, examined, goods
from tests.world import county, kg, planted, time_text


class Road:
    """``good`` is certified and tested; ``stopped`` is on hold; ``sent`` carries 80 kg of the one, 20 of the other."""

    def __init__(self, planned: int = 3600) -> None:
        self.world = world = county()
        world.add_product("番茄", "farm")
        planting = planted(world, product="番茄")
        self.good, self.stopped = (self.harvested(planting) for _ in range(2))
        certify(world, "farm", [(self.good, "100")], number="F-1")
        examined(world, "lab", self.good)
        # In the order of the shipment the stopped lot is the last.
        self.sent = self.ship([(self.good, "80"), (self.stopped, "20")], planned)
        world.state("hold", "inspector", {"reason": "抽检不合格", "law": "农产品质量安全法"}, [self.stopped])

    def harvested(self, planting: ChainId) -> ChainId:
        body: dict[str, Json] = {"inputs": [{"batch": planting}], "outputs": [self.world.output("番茄", "100")]}
        return self.world.state("harvest", "farm", body, [planting]).created[0]

    def ship(self, lines: list[tuple[ChainId, str]], planned: int = 3600, by: str = "farm") -> Statement:
        world = self.world
        body: dict[str, Json] = {
            "goods": goods(*lines),
            "receiver": world.parties["coop"],
            "carrier": world.parties["carrier"],
            "planned_arrival": time_text(world.clock + planned),
            "temperature_range": {"low": kg("2", "C"), "high": kg("8", "C")},
        }
        return world.state("ship", by, body, [batch for batch, _ in lines])
