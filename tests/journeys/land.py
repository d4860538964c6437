"""A county to tell stories in: one service over HTTP, people with devices of their own, and a calendar that each turns.

What is stated is signed on the device at the day that the story has come to, and sent at once; what is read is read
as anybody reads it, without signing in.
"""

import json
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import httpx

from clients.client import Client
from clients.device import Device
from clients.errors import Refused
from clients.notebook import Notebook
from ledger.canonical import Json
from ledger.identity import ChainId, StatementHash, mark
from ledger.keys import PrivateKey
from ledger.policy import Pin
from ledger.verify import verify
from tests.parts.processes import free_port
from tests.parts.service import serving

CHINA = timezone(timedelta(hours=8))
PASSWORD = "梨花开了的春天-2026"
GENGJI = Path(sys.executable).with_name("gengji")


def gengji(*arguments: str | Path, told: str = "") -> str:
    """What the command prints, ``told`` so much at its standard input."""
    done = subprocess.run([GENGJI, *arguments], input=told, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, (done.stdout + done.stderr)[-2000:]
    return done.stdout


@dataclass
class Calendar:
    """The day that the story has come to; every device's clock."""

    now: datetime = datetime(2026, 3, 1, 8, tzinfo=CHINA)

    def __call__(self) -> float:
        return self.now.timestamp()

    def turn(self, day: str, hour: str = "08:00") -> None:
        """Local time, ``05-08`` of the year in which all stories are set."""
        self.now = datetime.fromisoformat(f"2026-{day}T{hour}").replace(tzinfo=CHINA)

    def today(self) -> None:
        """An hour ago, by the clock on the wall: what the service times itself happens now."""
        self.now = datetime.now(CHINA).replace(microsecond=0) - timedelta(hours=1)

    def at(self, hours: float = 0) -> str:
        """The moment so many hours from now, as statements write it."""
        return (self.now + timedelta(hours=hours)).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    @property
    def day(self) -> str:
        return self.now.date().isoformat()


class Stated(NamedTuple):
    """A statement that has its receipt: its hash, the batches that it brought, the codes of what was found."""

    hash: StatementHash
    batches: Sequence[ChainId]
    findings: Sequence[str]

    @property
    def batch(self) -> ChainId:
        """The only one that it brought."""
        (one,) = self.batches
        return one


class Concern(NamedTuple):
    """What was found about a batch; ``closed_by`` is empty while it is open."""

    code: str
    closed_by: str
    params: Mapping[str, str]


@dataclass(eq=False)
class Party:
    """Somebody in the county. Without a device it has no ``client``, and an agent enters for it."""

    land: "Land" = field(repr=False)
    name: str
    chain: ChainId
    client: Client | None = None

    def state(self, kind: str, *on: ChainId, for_: "Party | None" = None, **fields: Any) -> Stated:
        """Signed a minute after what was signed before, sent, and its receipt checked. Raises Refused."""
        client, calendar = self.device, self.land.calendar
        calendar.now += timedelta(minutes=1)
        kept = client.state(kind, fields, on, calendar.at(), for_=for_.chain if for_ else None)
        for outcome in client.send():
            if outcome.kept.hash == kept.hash:
                if outcome.refused:
                    raise outcome.refused
                return Stated(kept.hash, kept.statement.created, [found.code for found in outcome.findings])
        raise AssertionError(f"{self.name}: no answer to {kind}")

    def warned(self, kind: str, *on: ChainId, **fields: Any) -> list[str]:
        """What it would be told before it signs."""
        client = self.device
        return [found.code for found in client.check(client.draft(kind, fields, on, self.land.calendar.at()))]

    def refused(self, kind: str, *on: ChainId, for_: "Party | None" = None, **fields: Any) -> tuple[int, str]:
        """Status and code of the service's no."""
        try:
            self.state(kind, *on, for_=for_, **fields)
        except Refused as error:
            return error.status, error.code
        raise AssertionError(f"{self.name}: {kind} was taken")

    def product(self, name: str, unit: str = "kg", **more: Any) -> ChainId:
        return self.state("product.add", names={"zh": name}, own_code=name, base_unit=unit, **more).batch

    def send(self, receiver: "Party", *goods: Json, **more: Any) -> Stated:
        return self.state("ship", goods=[*goods], receiver=receiver.chain, **more)

    def receive(self, shipment: Stated, *goods: Json, **more: Any) -> Stated:
        """With a look at the certificate, unless the story says otherwise."""
        return self.state("receive", shipment=shipment.hash, goods=[*goods], **{"certificate_checked": True, **more})

    def certify(self, batch: ChainId, **instead: Any) -> Stated:
        """As the service draws it up from the record, on the day of the story."""
        return self.state("certify", **{**self.drawn_up(batch), "contact": "0718-示例", **instead})

    def drawn_up(self, batch: ChainId) -> dict[str, Json]:
        told = self.land.get(f"/v1/batches/{batch}/certificate", party=self.chain)
        return {**told["fields"], "issued": self.land.calendar.day}

    @property
    def device(self) -> Client:
        """What it signs and reads with."""
        assert self.client, f"{self.name} has no device"
        return self.client


@dataclass
class Land:
    """The service's address and data folder, who lets parties in, and who is there for every story."""

    url: str
    data: Path
    folder: Path
    opened: ExitStack
    calendar: Calendar = field(default_factory=Calendar)
    parties: dict[ChainId, Party] = field(default_factory=dict)
    registrar: Party = field(init=False)
    lab: Party = field(init=False)
    bureau: Party = field(init=False)
    """The agriculture bureau: inspectors."""

    def __post_init__(self) -> None:
        first, second = self._root("root-2"), self._root("root-3")
        self.registrar = first
        self.registrar = self.enrol("登记窗口", "authority")
        act = first.state("role.grant", self.registrar.chain, role="registrar")
        second.state("role.grant", self.registrar.chain, confirms=act.hash)
        self.lab = self.enrol("检测站", "lab", "lab")
        self.bureau = self.enrol("农业农村局", "authority", "inspector")

    @cached_property
    def officer(self) -> httpx.Client:
        """A browser in which an inspector of the bureau is signed in."""
        who = ("--name", "李娜", "--role", "inspector", "--division", "990101", "--side", "agriculture")
        gengji("account", "add", "li.na", "--party", self.bureau.chain, *who, "--data", self.data, told=PASSWORD)
        browser = self.opened.enter_context(httpx.Client(base_url=self.url, timeout=60))
        signed_in = browser.post("/sign-in", data={"login": "li.na", "password": PASSWORD})
        assert signed_in.headers["location"] == "/audit", signed_in.text
        return browser

    def enrol(self, name: str, type_: str, *roles: str, agent: Party | None = None, kinds: str = "") -> Party:
        """A party with a device of its own, or with an ``agent`` who may state ``kinds`` for it."""
        device = None if agent else Device.create(self.folder / f"{len(self.parties)} {name}", self.url, self.pin)
        side = "agriculture" if {"farm", "lab", "inspector"} & set(roles) else "market"
        profile: Json = {"name": name, "type": type_, "division": "990101", "side": side}
        keys: list[Json] = [device.offer()] if device else []
        chain = self.registrar.state("party.register", keys=keys, roles=[*roles], profile=profile).batch
        party = Party(self, name, chain, self._open(device.join(chain)) if device else None)
        if agent:
            self.registrar.state("agent.grant", chain, agent=agent.chain, kinds=kinds.split())
        self.parties[chain] = party
        return party

    def _root(self, name: str) -> Party:
        key = PrivateKey.from_pem((self.data / "keys" / f"{name}.pem").read_bytes())
        device = Device.create(self.folder / name, self.url, self.pin, party=self.pin.root, key=key)
        return Party(self, name, self.pin.root, self._open(device))

    def _open(self, device: Device) -> Client:
        notebook = self.opened.enter_context(Notebook(device, clock=self.calendar))
        return self.opened.enter_context(Client(notebook, clock=self.calendar))

    @property
    def pin(self) -> Pin:
        return Pin.parse((self.data / "policy.json").read_text())

    # --- what anybody reads ----------------------------------------------------------------------------------------

    def get(self, path: str, **params: str) -> Any:
        answer = self.ask(path, "application/json", **params)
        assert answer.is_success, answer.text
        return answer.json()

    def ask(self, path: str, accept: str = "*/*", **params: str) -> httpx.Response:
        headers = {"accept": accept, "accept-language": "zh"}
        return httpx.get(self.url + path, params=params, headers=headers, follow_redirects=True, timeout=60)

    def found(self, batch: ChainId) -> list[Concern]:
        """All that was ever found about a batch, in the order of the log."""
        rows = self.get(f"/v1/batches/{batch}/findings")
        return [Concern(row["found"]["code"], row["closed_by"] or "", row["found"]["params"]) for row in rows]

    def standing(self, batch: ChainId) -> list[str]:
        """The codes of what is open about it."""
        return [one.code for one in self.found(batch) if not one.closed_by]

    def closed(self, batch: ChainId) -> list[tuple[str, str]]:
        """What is not open any more, and by what it was closed."""
        return [(one.code, one.closed_by) for one in self.found(batch) if one.closed_by]

    def shopper(self, batch: ChainId, status: str, *words: str) -> None:
        """Whoever scans the label reads this verdict, as data and in words."""
        verdict = self.get(f"/t/{mark(batch)}")["verdict"]
        assert verdict["status"] == status, verdict
        page = self.ask(f"/t/{mark(batch)}", "text/html").text
        for word in (verdict["zh"], *words):
            assert word in page

    def label(self, batch: ChainId) -> int | str:
        """The status of drawing its label, or the code of the refusal."""
        answer = self.ask(f"/v1/batches/{batch}/label.svg")
        return answer.status_code if answer.is_success else str(answer.json()["code"])

    def where(self, batch: ChainId) -> dict[tuple[str, str], str]:
        """Where all of it is: account and party, with the amount in the batch's unit."""
        rows = self.get(f"/v1/batches/{batch}/holdings")
        return {(row["account"], self.parties[row["owner"]["id"]].name): row["amount"] for row in rows}

    def made_of(self, batch: ChainId) -> set[ChainId]:
        """All that it came from, stocks of what was put on it aside."""
        nodes = self.get(f"/v1/batches/{batch}/lineage", direction="back")["nodes"]
        return {ChainId(node["chain"]) for node in nodes if node["chain"] != batch}

    def became(self, batch: ChainId) -> set[ChainId]:
        nodes = self.get(f"/v1/batches/{batch}/lineage", direction="forward")["nodes"]
        return {ChainId(node["chain"]) for node in nodes if node["chain"] != batch}

    def signed(self, hash_: StatementHash, batch: ChainId) -> Mapping[str, Any]:
        """A statement among the events of a batch, as a stranger reads it."""
        (event,) = (event for event in self.get(f"/v1/batches/{batch}/events") if event["hash"] == hash_)
        return dict(event)

    def stands(self, call: StatementHash) -> Any:
        """How a recall or drill stands, as an inspector reads it."""
        answer = self.officer.get(f"/v1/recalls/{call}", headers={"accept": "application/json"})
        assert answer.is_success, answer.text
        return answer.json()

    def holds(self, *batches: ChainId) -> None:
        """The end of every story: the whole log is sound, and these batches can be checked off line."""
        assert json.loads(gengji("audit", "--data", self.data, "--json"))["clean"]
        for batch in batches:
            verify(self.registrar.device.bundle(batch), [self.pin], asked=batch)


@contextmanager
def settled(folder: Path, origin: str) -> Iterator[Land]:
    """A new county, served until this ends."""
    port = free_port()
    url, data = f"http://127.0.0.1:{port}", folder / "var"
    with ExitStack() as opened:
        gengji("init", "--origin", origin, "--public-url", url, "--data", data)
        opened.enter_context(serving(data, port=port))
        yield Land(url, data, folder / "people", opened)


def some(batch: ChainId, amount: int | str, unit: str = "kg") -> dict[str, Json]:
    """So much of a batch."""
    return {"batch": batch, "quantity": measured(amount, unit)}


def measured(amount: int | str, unit: str = "kg") -> dict[str, Json]:
    return {"unit": unit, "value": str(amount)}


def made(product: ChainId, amount: int | str, unit: str = "kg", **more: Any) -> dict[str, Json]:
    """So much of a product, brought into being."""
    return {"product": product, "quantity": measured(amount, unit), **more}


def measurement(analyte: str, value: str, limit: str, unit: str = "mg/kg", *, passed: bool = True) -> dict[str, Json]:
    """A line of a laboratory's report."""
    stated: dict[str, Json] = {"analyte": analyte, "value": value, "unit": unit, "limit": limit}
    return {**stated, "limit_source": "示例数据", "passed": passed}


def batches(lines: Iterable[ChainId]) -> list[Json]:
    """What a harvest is from: as they stand, without an amount."""
    return [{"batch": one} for one in lines]
