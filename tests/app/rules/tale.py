"""What stories of rules are told with: a county's records in few words."""

from dataclasses import dataclass, field
from typing import Any

from app.recording import Appended
from ledger.canonical import Json
from ledger.identity import ChainId
from tests.app.batches.desk import goods
from tests.app.rules.farming import DAY, Year
from tests.world import kg, time_text


@dataclass
class Tale:
    """Tells a year. What it states must stand: it raises what it is refused with."""

    year: Year
    shipped: list[Appended] = field(default_factory=list)

    @property
    def world(self) -> Any:
        return self.year.world

    def state(
        self, kind: str, by: str, body: dict[str, Any], *on: ChainId, sealed: Any = None, **more: str
    ) -> Appended:
        return self.year.desk.state(kind, by, body, sorted(on), sealed, **more)

    def time(self, days: float = 0) -> str:
        """So many days from now; whole minutes."""
        return time_text(self.world.clock + int(days * DAY))

    def wait(self, days: float) -> None:
        self.world.clock += int(days * DAY)

    # --- growing -------------------------------------------------------------------------------------------------

    def plant(self, by: str = "coop", product: str = "tomato") -> ChainId:
        return self.state("plant", by, {"outputs": [self.world.output(product, "2000")]}).statement.created[0]

    def spray(self, on: ChainId, by: str = "coop", name: str = "某粉剂", days: float = 0, **more: Json) -> Appended:
        """Just now, or ``days`` ago."""
        time = self.time(-days)
        return self.state("apply", by, {"name": name, "start": time, "stop": time, **more}, on)

    def pick(
        self, of: ChainId, by: str = "coop", product: str = "tomato", value: str = "1000", **more: str
    ) -> Appended:
        body = {"inputs": [{"batch": of}], "outputs": [self.world.output(product, value)]}
        return self.state("harvest", by, body, of, **more)

    def lot(self, by: str = "coop", product: str = "tomato") -> ChainId:
        """Picked from a field of its own."""
        return self.pick(self.plant(by, product), by, product).statement.created[0]

    def stock(self, name: str, by: str = "coop") -> Appended:
        body = {"name": name, "type": "pesticide", "quantity": kg("5"), "ingredients": [name]}
        return self.state("acquire", by, body)

    # --- trading -------------------------------------------------------------------------------------------------

    def ship(self, batch: ChainId, value: str = "100", by: str = "coop", to: str = "shop", **more: Any) -> Appended:
        body = {"goods": goods(batch, value), "receiver": self.world.parties[to], **more}
        self.shipped.append(self.state("ship", by, body, batch))
        return self.shipped[-1]

    def receive(self, ship: Appended, value: str = "100", by: str = "shop", at: str = "", **more: Any) -> Appended:
        (batch,) = ship.statement.on
        body = {"goods": goods(batch, value), "shipment": ship.statement.hash, **more}
        return self.state("receive", by, body, batch, **({"at": at} if at else {}))

    def sell(self, batch: ChainId, value: str = "100", by: str = "coop") -> Appended:
        return self.state("sell", by, {"goods": goods(batch, value), "channel": "shop"}, batch)

    def intake(self, product: str = "tomato", by: str = "coop", **more: Any) -> Appended:
        return self.state("intake", by, {"outputs": [self.world.output(product, "300")], **more})

    def process(self, *used: ChainId, made: str = "mix", value: str = "100", by: str = "coop", **more: Any) -> Appended:
        inputs = [{"batch": batch, "quantity": kg("100")} for batch in used]
        body = {"inputs": inputs, "outputs": [self.world.output(made, value)], **more}
        return self.state("process", by, body, *used)

    # --- assuring ------------------------------------------------------------------------------------------------

    def test(self, batch: ChainId, *items: dict[str, Any], by: str = "lab", **more: Any) -> Appended:
        body = {"sample_no": "S1", "type": "quantitative", "conclusion": "pass", "items": list(items), **more}
        return self.state("test", by, body, batch)

    def certify(self, batch: ChainId, by: str = "coop", basis: str = "control", **more: Any) -> Appended:
        body = {"goods": goods(batch, "100"), "form": "own", "product_name": "番茄", "origin": "彭州", **more}
        return self.state("certify", by, body | {"issued": "2026-03-01", "basis": [basis]}, batch)

    def label(self, batch: ChainId, labels: int, action: str = "printed") -> Appended:
        return self.state("label", "coop", {"action": action, "labels": labels, "content": kg("10")}, batch)

    def hold(self, batch: ChainId, by: str = "inspector") -> Appended:
        return self.state("hold", by, {"reason": "检测未出结果"}, batch)

    def recall(self, batch: ChainId, by: str = "inspector", scope: str = "descendants") -> Appended:
        return self.state("recall", by, {"scope": scope, "reason": "农残超标", "instruction": "下架退回"}, batch)

    def release(self, batch: ChainId, *answers: Appended, by: str = "inspector") -> Appended:
        body = {"answers": [one.statement.hash for one in answers], "reason": "已查清"}
        return self.state("release", by, body, batch, sealed={"person": "王五"})

    def correct(self, wrong: Appended, by: str = "coop", **new: Any) -> Appended:
        body: dict[str, Any] = {"statement": wrong.statement.hash, "reason": "填错", "new": new}
        return self.state("correct", by, body, *wrong.statement.targets)

    def void(self, wrong: Appended, by: str = "coop") -> Appended:
        body: dict[str, Any] = {"statement": wrong.statement.hash, "reason": "写重了", "void": True}
        return self.state("correct", by, body, *wrong.statement.targets)

    def sensed(self, batch: ChainId, **more: Any) -> Appended:
        body = {"device": "T1", "measures": "temperature", "count": 9, "start": self.time(-1), "stop": self.time()}
        body |= {"low": kg("3", "C"), "mean": kg("5", "C"), "high": kg("7", "C"), **more}
        return self.state("sense", "coop", body, batch)

    def spell(self, minutes: int, degrees: str = "12") -> dict[str, Any]:
        return {"start": self.time(-0.5), "stop": self.time(-0.5 + minutes / 1440), "extreme": kg(degrees, "C")}


def residue(value: str, analyte: str = "吡虫啉", unit: str = "mg/kg", **more: Json) -> dict[str, Json]:
    return {"analyte": analyte, "value": value, "unit": unit, **more}


def elsewhere(number: int = 1) -> dict[str, Json]:
    """A shipment in another county's log."""
    digit = "AEIMQUYc"[number]
    ids: dict[str, Json] = {name: "B" * 42 + digit for name in ("chain", "root", "statement")}
    return {"log": "log.example.org/other", "size": 9, **ids}
