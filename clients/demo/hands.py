"""A party at work: what each verb of the trade states, in the fields of its kind."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from clients.client import Client
from clients.demo.county import DIVISION, Party, Place, Product
from clients.demo.stage import Stage
from clients.demo.supplies import LIMIT_DATE, LIMIT_SOURCE, PANELS, Supply
from clients.notebook import Kept
from ledger.canonical import Json
from ledger.identity import ChainId, StatementHash, TraceCode, trace_code

Amount: TypeAlias = int | str


@dataclass(frozen=True)
class Batch:
    """A batch by its chain, with what it is, the unit that it is counted in and the statement that brought it."""

    chain: ChainId
    name: str
    unit: str
    made_by: StatementHash

    @property
    def code(self) -> TraceCode:
        return trace_code(self.chain)


@dataclass(frozen=True)
class Made:
    """What comes out: so much of a product, in the product's unit unless another is named."""

    product: str
    amount: Amount
    grade: str | None = None
    unit: str | None = None


Goods: TypeAlias = Sequence[tuple[Batch, Amount]]


@dataclass(frozen=True)
class Shipment:
    hash: StatementHash
    goods: Goods
    sender: "Hand"
    receiver: "Hand"
    place: str
    """Where it waits to be loaded."""
    last: StatementHash
    """The last that was said of it on its way."""


def measured(amount: Amount, unit: str) -> dict[str, Json]:
    return {"unit": unit, "value": str(amount)}


def lines(goods: Goods) -> list[Json]:
    """So much of each, as the fields of a statement have it."""
    return [{"batch": batch.chain, "quantity": measured(amount, batch.unit)} for batch, amount in goods]


class Hand:
    """One party, stating with ``client``; ``acting`` when that is the device of another, its agent."""

    def __init__(
        self,
        stage: Stage,
        party: Party,
        chain: ChainId,
        client: Client,
        catalogue: Mapping[str, Product],
        *,
        acting: bool = False,
    ) -> None:
        self.party, self.chain, self.client = party, chain, client
        self.stage, self._catalogue = stage, catalogue
        self._for = chain if acting else None
        self._turn = 0
        self.stocks: dict[str, Batch] = {}

    @property
    def place(self) -> str:
        """Where it is when nothing else is said; a bureau is nowhere in particular."""
        return self.party.places[0].name if self.party.places else ""

    def show(self, batch: Batch, what: str) -> None:
        """Worth trying: this batch's code, and what can be seen by it."""
        self.stage.shown[what] = batch.code

    def state(self, kind: str, on: Iterable[Batch | ChainId] = (), place: str | None = None, **fields: Json) -> Kept:
        """Signed now, by whoever's turn it is; fields that are None are left out."""
        given = {name: value for name, value in fields.items() if value is not None}
        if where := place or self.place:
            given["place"] = self.stage.places[where]
        given["person"] = self.party.people[self._turn % len(self.party.people)]
        self._turn += 1
        chains = [one.chain if isinstance(one, Batch) else one for one in on]
        return self.stage.state(self.client, kind, given, chains, self._for)

    def _make(self, made: Iterable[Made], *, packed: bool = False, named: bool = True) -> list[Json]:
        return [self._output(one, packed, named) for one in made]

    def _output(self, made: Made, packed: bool, named: bool) -> Json:
        product = self._catalogue[made.product]
        output: dict[str, Json] = {
            "product": self.stage.products[product.name],
            "quantity": measured(made.amount, made.unit or product.unit),
        }
        if named:
            output["lot"] = self.stage.lot("L" if product.gtin else product.code)
        if made.grade:
            output["grade"] = made.grade
        if packed:
            output["packed"] = self.stage.day()
            if product.shelf_life:
                output["best_before"] = self.stage.day(product.shelf_life)
        return output

    def _batches(self, kept: Kept, made: Sequence[Made]) -> list[Batch]:
        return [
            Batch(chain, one.product, self._catalogue[one.product].unit, kept.hash)
            for chain, one in zip(kept.statement.created, made, strict=True)
        ]

    # --- what a party has ------------------------------------------------------------------------------------------

    def add_place(self, place: Place, position: tuple[str, str]) -> None:
        fields: dict[str, Json] = {
            "name": place.name,
            "kind": place.kind,
            "division": DIVISION,
            "township": place.township,
            "position": {"lat": position[0], "lon": position[1]},
        }
        kept = self.stage.state(self.client, "place.add", fields, (), self._for)
        (self.stage.places[place.name],) = kept.statement.created

    def add_product(self, product: Product, may: Sequence[ChainId]) -> None:
        fields: dict[str, Json] = {
            "names": {"zh": product.name, "en": product.en},
            ("gtin" if product.gtin else "own_code"): product.code,
            "base_unit": product.unit,
            "factors": [
                {"unit": unit, "factor": measured(factor, product.unit)} for unit, factor in product.factors.items()
            ],
            "may": [*may],
        }
        if product.shelf_life:
            fields["shelf_life"] = product.shelf_life
        if product.cold:
            low, high, minutes = product.cold
            fields["cold"] = {"low": low, "high": high, "minutes": minutes}
        if product.yields:
            fields["yield"] = {"low": product.yields[0], "high": product.yields[1]}
        kept = self.stage.state(self.client, "product.add", fields)
        (self.stage.products[product.name],) = kept.statement.created

    # --- growing ---------------------------------------------------------------------------------------------------

    def plant(self, product: str, mu: Amount, variety: str, place: str | None = None) -> Batch:
        output: dict[str, Json] = {
            "product": self.stage.products[product],
            "quantity": measured(mu, "mu"),
            "variety": variety,
        }
        plot = place or self.place
        kept = self.state(
            "plant", (), place, outputs=[output], plot=plot, seed_source="示例种苗场", seed_certificate="种-示例-0001"
        )
        return Batch(kept.statement.created[0], product, "mu", kept.hash)

    def stock(self, product: str, head: Amount, variety: str, place: str | None = None) -> Batch:
        output: dict[str, Json] = {
            "product": self.stage.products[product],
            "quantity": measured(head, "head"),
            "variety": variety,
        }
        kept = self.state(
            "stock", (), place, outputs=[output], source="示例种禽场", quarantine_certificate="检疫-示例-0001"
        )
        return Batch(kept.statement.created[0], product, "head", kept.hash)

    def acquire(self, supply: Supply, amount: Amount) -> Batch:
        kept = self.state(
            "acquire", (), name=supply.name, type=supply.type, quantity=measured(amount, supply.unit),
            registration_no=supply.registration_no, ingredients=[*supply.ingredients], maker="示例农资有限公司",
            dealer="青禾示例农资店", makers_batch="示例批 01", expires=self.stage.day(720), price="示例 1200 元",
        )  # fmt: skip
        self.stocks[supply.name] = Batch(kept.statement.created[0], supply.name, supply.unit, kept.hash)
        return self.stocks[supply.name]

    def apply(self, planting: Batch, supply: Supply, amount: Amount | None, place: str | None = None) -> None:
        """For two hours; without an amount what is used is not from a stock in this ledger."""
        used = lines([(self.stocks[supply.name], amount)]) if amount is not None else None
        self.state(
            "apply", [planting], place, inputs=used, name=supply.name, type=supply.type,
            registration_no=supply.registration_no, ingredients=[*supply.ingredients],
            target=supply.target, dose=supply.dose, dilution=supply.dilution or None, method=supply.method,
            start=self.stage.later(-2), stop=self.stage.at, interval_days=supply.interval or None,
        )  # fmt: skip

    def feed(self, herd: Batch, supply: Supply, amount: Amount, place: str | None = None) -> None:
        """Since the early morning."""
        self.state(
            "feed", [herd], place, inputs=lines([(self.stocks[supply.name], amount)]), name=supply.name,
            registration_no=supply.registration_no, dose=supply.dose, start=self.stage.later(-3), stop=self.stage.at,
        )  # fmt: skip

    def treat(self, herd: Batch, supply: Supply, amount: Amount, head: int) -> None:
        """On a veterinarian's prescription, within an hour."""
        self.state(
            "treat", [herd], inputs=lines([(self.stocks[supply.name], amount)]), name=supply.name,
            ingredients=[*supply.ingredients], registration_no=supply.registration_no, target=supply.target,
            dose=supply.dose, method=supply.method, treated=head, start=self.stage.later(-1), stop=self.stage.at,
            interval_days=supply.interval, prescription_no="处方-示例-0001", veterinarian="示例兽医",
        )  # fmt: skip

    def observe(
        self, planting: Batch, stage: str, *, pests: str = "未见异常", weather: str = "晴", place: str | None = None,
        readings: Mapping[str, tuple[str, str]] | None = None,
    ) -> None:  # fmt: skip
        taken: list[Json] | None = [
            {"name": name, "reading": measured(value, unit)} for name, (value, unit) in (readings or {}).items()
        ] or None
        self.state("observe", [planting], place, growth_stage=stage, pests=pests, weather=weather, readings=taken)

    def harvest(
        self, sources: Sequence[Batch], *made: Made, origin: str, cooling: str | None = None, place: str | None = None
    ) -> list[Batch]:
        kept = self.state(
            "harvest", (), place, inputs=[{"batch": source.chain} for source in sources],
            outputs=self._make(made), origin=origin, cooling=cooling,
        )  # fmt: skip
        return self._batches(kept, made)

    def intake(self, *made: Made, supplier: str | None = None, origin: str | None = None) -> list[Batch]:
        """From outside this ledger; without a supplier its origin was not recorded."""
        kept = self.state(
            "intake", (), outputs=self._make(made), origin=origin, supplier=supplier,
            supplier_contact="示例电话 000-0000" if supplier else None,
            certificate_no="合格证-示例-0001" if supplier else None, unrecorded=None if supplier else True,
        )  # fmt: skip
        return self._batches(kept, made)

    # --- making ----------------------------------------------------------------------------------------------------

    def process(
        self, goods: Goods, *made: Made, steps: Sequence[tuple[str, str | None]], loss: Amount, line: str | None = None,
        place: str | None = None, factory_test: str | None = None,
    ) -> list[Batch]:  # fmt: skip
        """``steps`` are names with the temperature in °C, or None; each takes an hour, the last ends now."""
        first = -len(steps)
        taken: list[Json] = []
        for hour, (name, temperature) in enumerate(steps, first):
            step: dict[str, Json] = {
                "name": name,
                "start": self.stage.later(hour),
                "stop": self.stage.later(hour + 1),
            }
            if temperature is not None:
                step["temperature"] = measured(temperature, "C")
            taken.append(step)
        kept = self.state(
            "process", (), place, inputs=lines(goods), outputs=self._make(made, packed=True), steps=taken,
            loss=measured(loss, goods[0][0].unit), line=line, factory_test=factory_test,
        )  # fmt: skip
        return self._batches(kept, made)

    def pack(self, batch: Batch, codes: Sequence[str], each: Amount, pack_type: str, place: str | None = None) -> None:
        containers: list[Json] = [{"code": code, "quantity": measured(each, batch.unit)} for code in codes]
        self.state("pack", [batch], place, containers=containers, pack_type=pack_type)

    def unpack(self, batch: Batch, codes: Sequence[str], each: Amount, reason: str) -> None:
        containers: list[Json] = [{"code": code, "quantity": measured(each, batch.unit)} for code in codes]
        self.state("unpack", [batch], containers=containers, reason=reason)

    def label(self, batch: Batch, labels: int, content: str, place: str | None = None) -> None:
        """So many printed, each for ``content`` of the batch."""
        self.state(
            "label", [batch], place, action="printed", labels=labels, content=measured(content, batch.unit),
            serials={"first": 1, "last": labels}, layout="60×40",
        )  # fmt: skip

    # --- promising -------------------------------------------------------------------------------------------------

    def certify(
        self, batch: Batch, amount: Amount, origin: str, *, tests: Sequence[StatementHash] = (),
        parents: Sequence[StatementHash] = (), place: str | None = None,
    ) -> StatementHash:  # fmt: skip
        """For what it has of the batch; with ``parents`` as the buyer of what went into it."""
        behind: list[Json] = [{"statement": parent} for parent in parents]
        kept = self.state(
            "certify", (), place, goods=lines([(batch, amount)]), form="buyer" if parents else "own",
            product_name=batch.name, origin=origin, issued=self.stage.day(), number=self.stage.lot("证-示例-"),
            basis=["commissioned" if tests else "control"], tests=[*tests] or None, parents=behind or None,
            contact="示例电话 000-0000",
        )  # fmt: skip
        return kept.hash

    # --- testing ---------------------------------------------------------------------------------------------------

    def test(
        self, batch: Batch, panel: str, sample_no: str, found: Mapping[str, str] | None = None, *, over: str = ""
    ) -> StatementHash:
        """In the laboratory, of a sample drawn an hour before; what is found of the analyte ``over`` is too much."""
        method, items = PANELS[panel]
        measures: list[Json] = [
            {
                "analyte": item.analyte,
                "value": (found or {}).get(item.analyte, item.value),
                "unit": item.unit,
                "limit": item.limit,
                "limit_source": LIMIT_SOURCE,
                "limit_date": LIMIT_DATE,
                "passed": item.analyte != over,
            }
            for item in items
        ]
        kept = self.state(
            "test", [batch], sample_no=sample_no, lab=self.party.full_name, accreditation="资质-示例-0001",
            method=method, type="quantitative", sampled=self.stage.later(-1), items=measures,
            conclusion="fail" if over else "pass", sampler=self.party.people[0],
        )  # fmt: skip
        return kept.hash

    def rapid_test(self, batch: Batch, sample_no: str, place: str | None = None) -> None:
        """On the spot, with a kit that says yes or no."""
        item: dict[str, Json] = {"analyte": "有机磷和氨基甲酸酯类农药", "value": "阴性", "passed": True}
        self.state(
            "test", [batch], place, sample_no=sample_no, method="酶抑制率法速测（示例）", type="qualitative",
            sampled=self.stage.later(-1), items=[item], conclusion="pass",
        )  # fmt: skip

    # --- moving ----------------------------------------------------------------------------------------------------

    def ship(
        self, receiver: "Hand", goods: Goods, *, carrier: "Hand | None" = None, cold: bool = False, hours: float = 4,
        place: str | None = None,
    ) -> Shipment:  # fmt: skip
        asked: dict[str, Json] = {"low": measured(0, "C"), "high": measured(5, "C")}
        kept = self.state(
            "ship", (), place, goods=lines(goods), receiver=receiver.chain,
            carrier=carrier.chain if carrier else None, plate="示A·T0617" if carrier else "示A·F0208",
            seal="封-示例-0088" if carrier else None, temperature_range=asked if cold else None,
            planned_arrival=self.stage.later(hours),
        )  # fmt: skip
        return Shipment(kept.hash, goods, self, receiver, place or self.place, kept.hash)

    def load(self, shipment: Shipment, temperature: str | None = None) -> None:
        self._drive("load", shipment, shipment.place, temperature)

    def unload(
        self, shipment: Shipment, temperature: str | None = None, warm: tuple[str, int] | None = None
    ) -> StatementHash:
        """``warm`` is the highest temperature on the way, and for how many minutes it was too high."""
        return self._drive("unload", shipment, shipment.receiver.place, temperature, warm)

    def _drive(
        self, kind: str, shipment: Shipment, place: str, temperature: str | None, warm: tuple[str, int] | None = None
    ) -> StatementHash:
        cold = temperature is not None
        fields: dict[str, Json] = {"vehicle": "冷藏车" if cold else "厢式货车"}
        if temperature is not None:
            fields |= {
                "temperature": measured(temperature, "C"),
                "device": "温度计-示例-07",
                "calibrated": self.stage.day(-90),
            }
            if kind == "unload":
                highest, minutes = warm or ("3.9", 0)
                fields["temperature_log"] = {"low": measured("1.2", "C"), "high": measured(highest, "C")}
                fields["excursion_minutes"] = minutes
        kept = self.state(
            kind, [batch for batch, _ in shipment.goods], place, shipment=shipment.hash, plate="示A·T0617",
            driver=self.party.people[-1], **fields,
        )  # fmt: skip
        return kept.hash

    def sense(self, shipment: Shipment, hours: float, low: str, mean: str, high: str) -> None:
        """What the thermometer in the truck has measured on the road, once a minute."""
        self.state(
            "sense", [batch for batch, _ in shipment.goods], shipment=shipment.hash, device="温度计-示例-07",
            measures="temperature", start=self.stage.later(-hours), stop=self.stage.at, count=int(hours * 60),
            low=measured(low, "C"), mean=measured(mean, "C"), high=measured(high, "C"), calibrated=self.stage.day(-90),
        )  # fmt: skip

    def receive(
        self, shipment: Shipment, *, short: Goods = (), temperature: str | None = None, place: str | None = None,
        goods: Goods | None = None,
    ) -> None:  # fmt: skip
        """All that was shipped, or ``goods``; ``short`` of it arrived damaged."""
        missing: list[Json] = [{**line, "reason": "damaged"} for line in lines(short) if isinstance(line, dict)]
        self.state(
            "receive", (), place, shipment=shipment.hash, goods=lines(shipment.goods if goods is None else goods),
            short=missing or None, temperature=measured(temperature, "C") if temperature else None,
            certificate_checked=True,
        )  # fmt: skip

    def reject(self, shipment: Shipment, goods: Goods, reason: str) -> None:
        self.state("reject", (), shipment=shipment.hash, goods=lines(goods), reason=reason)

    # --- keeping and selling ---------------------------------------------------------------------------------------

    def store(self, batches: Iterable[Batch], location: str, temperature: str, humidity: str) -> None:
        self.state(
            "store", batches, location=location, temperature=measured(temperature, "C"),
            humidity=measured(humidity, "%"), pest_control="粘鼠板、防虫网",
        )  # fmt: skip

    def unstore(self, batches: Iterable[Batch], location: str, temperature: str) -> None:
        self.state("unstore", batches, location=location, temperature=measured(temperature, "C"))

    def count(self, goods: Goods, reason: str) -> None:
        self.state("count", (), goods=lines(goods), reason=reason)

    def dispose(self, goods: Goods, reason: str, method: str = "堆肥") -> None:
        self.state("dispose", (), goods=lines(goods), reason=reason, method=method)

    def sell(
        self, goods: Goods, channel: str, *, order_no: str | None = None, price: str = "示例 6.80 元/公斤"
    ) -> None:
        buyer = "网购顾客（示例）" if channel == "online" else None
        self.state("sell", (), goods=lines(goods), channel=channel, order_no=order_no, buyer=buyer, price=price)

    def correct(self, batch: Batch, amount: Amount, reason: str) -> None:
        """It was so much that was made of ``batch``, the only one that its statement brought."""
        made = self.client.notebook[batch.made_by].statement
        (output,) = made.body["outputs"]
        new: dict[str, Json] = {"outputs": [{**output, "quantity": measured(amount, batch.unit)}]}
        self.state("correct", made.targets, statement=batch.made_by, reason=reason, new=new)
