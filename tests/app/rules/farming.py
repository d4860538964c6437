"""A county whose goods the rules have something to say about, and what may happen to them.

``Year`` states whatever it is told to, by numbers that a test draws: what cannot be stated is refused and forgotten.
"""

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import orjson
from sqlalchemy import select

from app.config import Settings
from app.db import connect
from app.log import open_log
from app.recording import Appended
from app.rules.rows import SHAPES
from app.rules.running import run
from app.rules.sheets import read
from app.rules.tables import Tables
from app.rules.versions import bring
from app.statements.service import Capture
from app.tables import grounds
from ledger import b64u
from ledger.canonical import Json
from ledger.errors import LedgerError
from ledger.identity import ChainId
from ledger.statement import Statement
from tests.app.batches.desk import Desk, goods
from tests.app.seeding import LOG_ID, seed
from tests.world import World, harvested, kg, opened, time_text

DAY = 24 * 3600
_COLD: dict[str, Json] = {"low": "2", "high": "8", "minutes": 30}
_BY_KEY = frozenset(("many-at-once",))
"""What rests on the key, which nobody has named before it is signed."""
_PEOPLE = ("farm", "coop", "shop", "lab", "inspector", "carrier")
_SUBSTANCES = ("吡虫啉", "毒死蜱", "甲拌磷", "六六六", "有机肥")


def land() -> World:
    """Two growers, a co-op that processes, a shop, a laboratory; tomatoes that want cold, eggs, sauce with a yield."""
    world = opened()
    world.register("farm", "farm", type_="household")
    world.register("coop", "farm", "processor")
    world.register("carrier", "carrier", type_="company")
    world.register("shop", "shop", type_="company")
    world.register("lab", "lab", type_="lab")
    world.register("inspector", "inspector", type_="authority")
    factors: list[Json] = [{"unit": "box", "factor": kg("12.5")}]
    world.add_product("tomato", "coop", names={"zh": "番茄"}, own_code="1", cold=_COLD, factors=factors)
    world.add_product("egg", "farm", names={"zh": "鸡蛋"}, own_code="2")
    world.add_product("sauce", "coop", names={"zh": "番茄酱"}, own_code="3", **{"yield": {"low": 300, "high": 600}})
    world.add_product("mix", "coop", names={"zh": "混装番茄"}, own_code="4")
    world.add_place("plot 7", "farm")
    body: dict[str, Json] = {"division": "310115", "kind": "store", "name": "浦东店", "township": "川沙"}
    (world.places["far"],) = world.state("place.add", "shop", body).created
    return world


@dataclass
class Year:
    """What was stated, in order, with what it may go on from."""

    desk: Desk
    known: list[ChainId] = field(default_factory=list)
    said: list[tuple[str, Appended]] = field(default_factory=list)
    """Who said what."""

    @property
    def world(self) -> World:
        return self.desk.world

    def state(
        self, kind: str, by: str, body: Mapping[str, Json], on: list[ChainId], sealed: Any = None, back: int = 0
    ) -> Appended | LedgerError:
        """State it of ``back`` days ago; a refusal leaves nothing behind."""
        clock = self.world.clock
        at = time_text(clock + 60 - back * DAY)
        (statement,) = self.desk.sign([(kind, by, body, sorted(set(on)), sealed or {})], at=at)
        asked = self.ask(statement)
        try:
            (done,) = self.desk.send(statement)
            said = [(found.code, found.severity) for found in done.findings if found.code not in _BY_KEY]
        except LedgerError as error:
            done, said = error, [(error.code, "")]
        assert asked == said
        if isinstance(done, LedgerError):
            return done
        self.said.append((by, done))
        if kind != "correct":
            self.known += done.statement.created
        return done

    def ask(self, statement: Statement) -> list[tuple[str, str]]:
        """What is found of it, or what it is refused with, before it is signed."""
        capture = Capture(self.desk.engine, self.desk.journal, LOG_ID)
        try:
            payload = orjson.loads(b64u.decode(statement.jws.split(".")[1]))
            found = capture.findings(payload, self.world.disclosures[statement.hash])
        except LedgerError as refused:
            return [(refused.code, "")]
        return [(one.code, one.severity) for one in found if one.code not in _BY_KEY]

    def pick(self, number: int) -> ChainId:
        return self.known[number % len(self.known)]

    def draft(self, act: str, one: int, two: int, back: int) -> tuple[str, str, dict[str, Json], list[ChainId], Any]:
        """What ``act`` comes to: kind, signer, body, batches, sealed fields."""
        who, batch, other = ("farm", "coop", "shop")[two % 3], self.pick(one), self.pick(two)
        amount = str(1 + two * 37 % 500)
        body, on, sealed = getattr(self, f"_{act}")(one, two, back, batch, other, amount)
        who = {"test": ("lab", "farm")[one % 2], "sample": "inspector", "unload": "carrier"}.get(act, who)
        if act in ("hold", "recall", "release"):
            who = ("inspector", self.maker(batch))[two % 2]
        if act == "acknowledge":
            who = _PEOPLE[two % 5]
        if "shipment" in body:
            who = who if act not in ("receive", "reject") else self.receiver(str(body["shipment"])) or who
        if act in ("plant", "stock", "acquire", "apply", "feed", "treat", "observe", "harvest"):
            who = ("farm", "coop")[two % 2]
        return act, who, body, on, sealed

    def maker(self, batch: ChainId) -> str:
        return next((by for by, done in self.said if batch in done.statement.created), "farm")

    def receiver(self, shipment: str) -> str | None:
        names = {chain: name for name, chain in self.world.parties.items()}
        sent = [done.statement for _, done in self.said if done.statement.hash == shipment]
        return names[sent[0].body["receiver"]] if sent else None

    def of(self, *kinds: str) -> list[Appended]:
        return [done for _, done in self.said if done.statement.kind in kinds]

    # --- what may happen -----------------------------------------------------------------------------------------

    def _plant(self, one: int, two: int, back: int, batch: ChainId, other: ChainId, amount: str) -> Any:
        return {"outputs": [self.world.output(("tomato", "egg")[one % 2], amount)]}, [], {}

    def _acquire(self, one: int, two: int, back: int, batch: ChainId, other: ChainId, amount: str) -> Any:
        name = _SUBSTANCES[one % len(_SUBSTANCES)]
        return {"name": name, "type": "pesticide", "quantity": kg(amount), "ingredients": [name]}, [], {}

    def _put(self, one: int, two: int, back: int, batch: ChainId, used: ChainId | None, amount: str) -> Any:
        name = _SUBSTANCES[one % len(_SUBSTANCES)]
        stop = self.world.clock - back * DAY
        body: dict[str, Json] = {"name": name, "ingredients": [name], "interval_days": two % 9}
        body |= {"start": time_text(stop - one % 5 * DAY), "stop": time_text(stop)}
        on = [batch]
        if used is not None and used != batch:
            body |= {"inputs": [{"batch": used, "quantity": kg(amount)}]}
            on.append(used)
        return body, on, {}

    def _apply(self, one: int, two: int, back: int, batch: ChainId, other: ChainId, amount: str) -> Any:
        return self._put(one, two, back, batch, other if two % 3 == 0 else None, amount)

    def _treat(self, one: int, two: int, back: int, batch: ChainId, other: ChainId, amount: str) -> Any:
        return self._put(one, two, back, batch, None, amount)

    _feed = _treat

    def _observe(self, one: int, two: int, back: int, batch: ChainId, other: ChainId, amount: str) -> Any:
        # Signed at one moment with what came before.
        self.world.clock -= 55
        return {"weather": "晴"}, [batch], {}

    def _harvest(self, one: int, two: int, back: int, batch: ChainId, other: ChainId, amount: str) -> Any:
        body = {"inputs": [{"batch": batch}], "outputs": [self.world.output(("tomato", "egg")[one % 2], amount)]}
        return body, [batch], {}

    def _intake(self, one: int, two: int, back: int, batch: ChainId, other: ChainId, amount: str) -> Any:
        body: dict[str, Json] = {"outputs": [self.world.output("tomato", amount)]}
        body |= ({}, {"certificate_no": "H-1"}, {"unrecorded": True})[two % 3]
        return body, [], {}

    def _process(self, one: int, two: int, back: int, batch: ChainId, other: ChainId, amount: str) -> Any:
        chains = list(dict.fromkeys((batch, other)))
        body: dict[str, Json] = {"inputs": [{"batch": chain, "quantity": kg(amount)} for chain in chains]}
        body["outputs"] = [self.world.output(("sauce", "mix", "tomato")[two % 3], amount) for _ in range(1 + one % 2)]
        return body, chains, {}

    def _label(self, one: int, two: int, back: int, batch: ChainId, other: ChainId, amount: str) -> Any:
        return {"action": ("printed", "void")[two % 2], "labels": 1 + two, "content": kg("25")}, [batch], {}

    def _ship(self, one: int, two: int, back: int, batch: ChainId, other: ChainId, amount: str) -> Any:
        receiver = self.world.parties[("coop", "shop", "farm")[one % 3]]
        place = {"place": self.world.places["plot 7"]} if two % 2 else {}
        return {"goods": goods(batch, amount), "receiver": receiver, **place}, [batch], {}

    def _shipment(self, one: int) -> tuple[str, ChainId]:
        ships = self.of("ship") or [self.desk.ship(self.known[1], "100", to=("coop", "shop")[one % 2])]
        self.said += [] if self.of("ship") else [("farm", ships[0])]
        ship = ships[one % len(ships)].statement
        return ship.hash, ship.on[0]

    def _receive(self, one: int, two: int, back: int, batch: ChainId, other: ChainId, amount: str) -> Any:
        shipment, batch = self._shipment(one)
        body: dict[str, Json] = {"shipment": shipment, "goods": goods(batch, amount)}
        body |= ({}, {"certificate_checked": True}, {"temperature": kg("12", "C"), "place": self.world.places["far"]})[
            two % 3
        ]
        return body, [batch], {}

    def _reject(self, one: int, two: int, back: int, batch: ChainId, other: ChainId, amount: str) -> Any:
        shipment, batch = self._shipment(one)
        return {"shipment": shipment, "goods": goods(batch, amount), "reason": "过熟"}, [batch], {}

    def _unload(self, one: int, two: int, back: int, batch: ChainId, other: ChainId, amount: str) -> Any:
        shipment, batch = self._shipment(one)
        body: dict[str, Json] = {"shipment": shipment, "temperature_log": {"low": kg("3", "C"), "high": kg("11", "C")}}
        return body | ({"excursion_minutes": two} if two % 2 else {}), [batch], {}

    def _sense(self, one: int, two: int, back: int, batch: ChainId, other: ChainId, amount: str) -> Any:
        start = self.world.clock - back * DAY
        spell: dict[str, Json] = {"start": time_text(start), "stop": time_text(start + two * 60)}
        body: dict[str, Json] = {"device": "T1", "measures": "temperature", "count": 5, "start": time_text(start)}
        body |= {"stop": time_text(start + DAY), "low": kg("3", "C"), "mean": kg("4", "C"), "high": kg("9", "C")}
        return body | ({"excursions": [{**spell, "extreme": kg("9", "C")}]} if one % 2 else {}), [batch], {}

    def _sell(self, one: int, two: int, back: int, batch: ChainId, other: ChainId, amount: str) -> Any:
        return {"goods": goods(batch, amount), "channel": "shop"}, [batch], {}

    def _dispose(self, one: int, two: int, back: int, batch: ChainId, other: ChainId, amount: str) -> Any:
        return {"goods": goods(batch, amount), "reason": "waste"}, [batch], {}

    def _count(self, one: int, two: int, back: int, batch: ChainId, other: ChainId, amount: str) -> Any:
        return {"goods": goods(batch, amount)}, [batch], {}

    def _sample(self, one: int, two: int, back: int, batch: ChainId, other: ChainId, amount: str) -> Any:
        return {"sample_no": "S", "goods": goods(batch, "1")}, [batch], {}

    def _test(self, one: int, two: int, back: int, batch: ChainId, other: ChainId, amount: str) -> Any:
        name, value = _SUBSTANCES[two % 3], ("0.01", "未检出", "900", "0.4")[one % 4]
        item: dict[str, Json] = {"analyte": name, "value": value, "unit": ("mg/kg", "μg/kg")[two % 2]}
        body: dict[str, Json] = {"sample_no": str(two), "type": ("quantitative", "qualitative")[two % 2]}
        body |= {"items": [item], "conclusion": ("pass", "fail")[one % 5 == 0]}
        earlier = self.of("test")
        if earlier and two % 3 == 0:
            first = earlier[one % len(earlier)].statement
            body |= {"retest_of": first.hash, "items": first.body["items"][:1], "type": "quantitative"}
            batch = first.on[0]
        return body, [batch], {}

    def _certify(self, one: int, two: int, back: int, batch: ChainId, other: ChainId, amount: str) -> Any:
        parents = self.of("certify")
        body: dict[str, Json] = {"goods": goods(batch, amount), "form": "own", "product_name": "番茄", "origin": "彭州"}
        body |= {"issued": "2026-03-01", "basis": [("control", "self_tested")[two % 2]]}
        if parents and one % 2:
            body["parents"] = [{"statement": parents[one % len(parents)].statement.hash}]
        return body, [batch], {}

    def _hold(self, one: int, two: int, back: int, batch: ChainId, other: ChainId, amount: str) -> Any:
        return {"reason": "可疑"}, [batch, other] if two % 4 == 0 else [batch], {}

    def _recall(self, one: int, two: int, back: int, batch: ChainId, other: ChainId, amount: str) -> Any:
        return {"scope": ("descendants", "batch")[one % 2], "reason": "超标", "instruction": "退回"}, [batch], {}

    def _release(self, one: int, two: int, back: int, batch: ChainId, other: ChainId, amount: str) -> Any:
        """Of a batch that is stopped, with an answer to whatever was ever said."""
        told = "hold recall test harvest apply feed treat acquire intake receive process sense unload".split()
        named: list[Json] = [self.first_harvest, *(done.statement.hash for done in self.of(*told)[-60:])]
        return {"answers": named, "reason": "查清"}, [self.stopped(two) or batch], {"person": "王五"}

    def stopped(self, number: int) -> ChainId | None:
        """A batch that is on hold, if there is one."""
        with self.desk.engine.connect() as connection:
            rows = connection.execute(select(grounds.c.batch).where(grounds.c.until.is_(None)).distinct())
            held = [chain for chain in self.known if chain in set(rows.scalars())]
        return held[number % len(held)] if held else None

    @property
    def first_harvest(self) -> str:
        return next(one.hash for one in self.world.statements if one.kind == "harvest")

    def _acknowledge(self, one: int, two: int, back: int, batch: ChainId, other: ChainId, amount: str) -> Any:
        about = self.of("correct", "recall") or [self.said[0][1]]
        first = about[one % len(about)].statement
        return {"about": first.hash, "agree": True}, list(first.on) or [batch], {}

    def correct(self, one: int, two: int, void: bool) -> Appended | LedgerError:
        """Correct, or void, something that was said."""
        said = [(by, done.statement) for by, done in self.said]
        mine = [
            (by, told) for by, told in said if told.kind not in ("correct", "release") and (void or _changed(told, two))
        ]
        if not mine:
            void, mine = True, [(by, told) for by, told in said if told.kind not in ("correct", "release")]
        by, statement = mine[-1 - one % len(mine)]
        new = _changed(statement, two)
        body: dict[str, Json] = {"statement": statement.hash, "reason": "填错"}
        body |= {"void": True} if void else {"new": new}
        return self.state("correct", "inspector" if two % 5 == 0 else by, body, list(statement.targets))


def _changed(statement: Statement, two: int) -> dict[str, Json]:
    """New values for what is most often wrong."""
    body = cast("dict[str, Any]", deepcopy(dict(statement.body)))
    value = str(1 + two * 53 % 700)
    match statement.kind:
        case "apply" | "feed" | "treat":
            return {"ingredients": [_SUBSTANCES[two % 5]], "interval_days": two % 12}
        case "test":
            return {"conclusion": ("pass", "fail")[two % 2], "sample_no": value}
        case "hold" | "recall" | "reject":
            return {"reason": f"其他 {two % 2}"}
        case "receive" if two % 2:
            return {"certificate_checked": True}
        case "intake" if two % 2:
            return {"certificate_no": "H-2", "unrecorded": False}
        case "certify":
            return {"basis": [("control", "self_tested")[two % 2]]}
        case "label":
            return {"labels": 1 + two}
        case "ship" | "receive" | "sell" | "dispose" | "count":
            return {"goods": [{**line, "quantity": kg(value)} for line in body["goods"]]}
        case "harvest" | "plant" | "intake" | "process":
            return {"outputs": [{**line, "quantity": kg(value)} for line in body["outputs"]]}
    return {}


ACTS = (
    "plant acquire apply feed treat observe harvest intake process label ship receive reject unload sense sell dispose "
    "count sample test certify hold recall release acknowledge"
).split()
"""All that may happen."""


@dataclass(frozen=True)
class Template:
    """A county ready to be copied: a new log takes seconds, a copy of its files none."""

    folder: Path
    world: World
    first: tuple[ChainId, ChainId, ChainId]
    """A field, what was harvested from it, what was repacked of that."""

    @contextmanager
    def begin(self, folder: Path) -> Iterator[Year]:
        shutil.copytree(self.folder, folder)
        settings = Settings(data=folder)
        engine = connect(settings.url)
        log = open_log(settings, engine)
        try:
            year = Year(Desk(deepcopy(self.world), engine, log, *self.first[:2]), list(self.first))
            year.state("observe", "farm", {"weather": "晴"}, [self.first[0]])
            yield year
        finally:
            log.journal.close()
            engine.dispose()


def prepared(folder: Path) -> Template:
    """The county with one field and one harvest; three records at one moment are many."""
    world = land()
    (field_,) = world.state("plant", "farm", {"outputs": [world.output("tomato", "2000")]}).created
    lot = harvested(world, field_)
    used: dict[str, Json] = {"inputs": [{"batch": lot, "quantity": kg("500")}]}
    (mixed,) = world.state("process", "farm", {**used, "outputs": [world.output("mix", "500")]}, [lot]).created
    settings = seed(folder, world)
    terms = Tables.shipped().sheets["terms"].text.replace("many-at-once,50", "many-at-once,3")
    engine = connect(settings.url)
    with engine.execution_options(writes=True).begin() as connection:
        bring(connection, LOG_ID, read("terms", SHAPES["terms"], terms.encode()), 0)
        run(connection, LOG_ID, 0)
    engine.dispose()
    return Template(folder, world, (field_, lot, mixed))
