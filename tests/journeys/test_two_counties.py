"""Two counties, two logs: what one ships the other takes in, works on and ships on, and all of it can be checked."""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from clients.client import Client
from clients.device import Device
from clients.notebook import Kept, Notebook
from clients.rotation import settled
from clients.service import Service
from ledger import b64u, bundle
from ledger.canonical import Json
from ledger.identity import ChainId, StatementHash, trace_code
from ledger.origin import Origin
from ledger.policy import Pin
from ledger.verdict import Invalid
from ledger.verify import verify
from tests.app.seeding import seed
from tests.conformance.town import Town, town
from tests.parts.service import serving
from tests.world import kg

UPHILL, DOWNHILL = "log.example.org/uphill", "log.example.org/downhill"


def gengji(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [Path(sys.executable).with_name("gengji"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=120)


@dataclass
class County:
    """A service over its own log, and its people's devices."""

    made: Town
    data: Path
    url: str
    folder: Path
    opened: ExitStack

    @property
    def pin(self) -> Pin:
        return Pin.parse((self.data / "policy.json").read_text())

    def device(self, name: str) -> Path:
        """The folder of a device that its party uses from now on."""
        home = self.folder / name
        if not (home / "identity.json").exists():
            Device.create(
                home, self.url, self.pin, party=self.made.parties[name], key=self.made.devices[name].key
            )  # fmt: skip
        return home

    @contextmanager
    def client(self, name: str) -> Iterator[Client]:
        with Notebook(Device.open(self.device(name))) as notebook, Client(notebook) as client:
            yield client

    def state(self, by: str, kind: str, fields: Mapping[str, Json]) -> Kept:
        """Signed, sent and receipted."""
        with self.client(by) as client:
            return settled(client, client.state(kind, fields))

    def bundle(self, chain: ChainId, *since: int) -> bytes:
        with Service(self.url) as service:
            return service.bundle(chain, since)

    def findings(self, chain: ChainId) -> list[str]:
        """Of the statement that brought the batch, as anybody reads them now."""
        events = httpx.get(f"{self.url}/v1/batches/{chain}/events").json()
        return [found["code"] for found in events[0]["findings"]]


@dataclass
class Counties:
    uphill: County
    downhill: County
    lot: ChainId
    shipment: StatementHash

    @property
    def pins(self) -> list[Pin]:
        return [self.uphill.pin, self.downhill.pin]


def goods(chain: ChainId, value: str) -> list[Json]:
    return [{"batch": chain, "quantity": kg(value)}]


def start(folder: Path, log: str, opened: ExitStack) -> County:
    made = town(log)
    made.register("plant", "processor", type_="company")
    made.add_product("sauce", "plant")
    data = folder / "var"
    seed(data, made)
    url, _ = opened.enter_context(serving(data))
    return County(made, data, url, folder, opened)


@pytest.fixture(scope="module")
def counties(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Counties]:
    """Uphill a farm harvests 40 kg and ships them to the plant downhill, in whose log nothing is known of that."""
    with ExitStack() as opened:
        uphill = start(tmp_path_factory.mktemp("uphill"), UPHILL, opened)
        downhill = start(tmp_path_factory.mktemp("downhill"), DOWNHILL, opened)
        output: list[Json] = [uphill.made.output("tomato", "100")]
        planting = uphill.state("farm", "plant", {"outputs": output}).statement.created[0]
        inputs: list[Json] = [{"batch": planting}]
        output = [uphill.made.output("tomato", "40")]
        (lot,) = uphill.state("farm", "harvest", {"inputs": inputs, "outputs": output}).statement.created
        ship: dict[str, Json] = {"goods": goods(lot, "40"), "receiver": uphill.made.parties["plant"], "plate": "川A·1"}
        yield Counties(uphill, downhill, lot, uphill.state("farm", "ship", ship).hash)


@pytest.fixture(scope="module")
def taken(counties: Counties) -> ChainId:
    """The batch downhill: stated before the operator there had the other county's pin, borne out once it had."""
    uphill, downhill = counties.uphill, counties.downhill
    command: list[str | Path] = [
        "intake-from", trace_code(counties.lot), "--from", uphill.url, "--pin", uphill.data / "policy.json",
        f"--product={downhill.made.products['tomato']}", "--home", downhill.device("plant"),
    ]  # fmt: skip
    first = gengji(*command, "--json")
    assert first.returncode == 1, first.stderr
    told = json.loads(first.stdout)
    assert (told["verified"], told["refused"]["code"]) == (False, "origin-pin")
    chain = ChainId(told["chain"])
    assert downhill.findings(chain) == ["origin-unverified"]
    assert "来源尚未核验" in page(downhill, chain)
    added = gengji("pin", "add", uphill.data / "policy.json", "--data", downhill.data)
    assert added.returncode == 0, added.stderr
    assert UPHILL in gengji("pin", "list", "--data", downhill.data).stdout
    # Another record there: the bundle that comes now is newer than what the intake says was seen.
    observed(uphill, counties.lot)
    again = gengji(*command)
    assert again.returncode == 0, again.stderr
    assert "来源已核验" in again.stdout
    with downhill.client("plant") as client:
        intakes = [kept for kept in client.notebook.all() if kept.statement.kind == "intake"]
        assert [kept.hash for kept in intakes if kept.state == "receipted"] == [told["statement"]]
    return chain


def observed(county: County, chain: ChainId) -> None:
    with county.client("farm") as client:
        settled(client, client.state("observe", {"weather": "晴"}, [chain]))


def page(county: County, chain: ChainId) -> str:
    answer = httpx.get(f"{county.url}/t/{trace_code(chain)}", headers={"accept": "text/html", "accept-language": "zh"})
    assert answer.status_code == 200
    return answer.text


@pytest.fixture(scope="module")
def sold(counties: Counties, taken: ChainId) -> ChainId:
    """Sauce, made downhill of what came from uphill, and shipped on."""
    downhill = counties.downhill
    made = downhill.state(
        "plant", "process", {"inputs": goods(taken, "40"), "outputs": [downhill.made.output("sauce", "20")]}
    )
    (sauce,) = made.statement.created
    ship: dict[str, Json] = {"goods": goods(sauce, "20"), "receiver": downhill.made.parties["shop"]}
    downhill.state("plant", "ship", ship)
    return sauce


def test_it_verifies_through_both_logs(counties: Counties, sold: ChainId, tmp_path: Path) -> None:
    data = counties.downhill.bundle(sold)
    verdict = verify(data, counties.pins, asked=trace_code(sold))
    (other,) = verdict.others
    assert other.checkpoint.origin == UPHILL
    assert other.about == (counties.lot,)
    assert [step.statement.kind for step in other.steps if step.statement.kind in ("plant", "harvest", "ship")] == [
        "plant", "harvest", "ship",
    ]  # fmt: skip
    file = tmp_path / "sauce.bundle.json"
    file.write_bytes(data)
    policies = [str(one.data / "policy.json") for one in (counties.uphill, counties.downhill)]
    command = ["verify", str(file), "--asked", trace_code(sold), "--lang", "en"]
    both = gengji(*command, "--policy", policies[1], "--policy", policies[0])
    assert both.returncode == 0, both.stdout
    assert f"{UPHILL} ✓" in both.stdout
    one = gengji(*command, "--policy", policies[1])
    assert one.returncode == 0, one.stdout
    assert "origin not verified" in one.stdout


def test_the_page_says_where_it_came_from(counties: Counties, taken: ChainId, sold: ChainId) -> None:
    for chain in (taken, sold):
        shown = page(counties.downhill, chain)
        assert UPHILL in shown
        assert "来源已在这里核验" in shown
    assert counties.downhill.findings(taken) == []


def test_a_bundle_changed_within_fails(counties: Counties, sold: ChainId) -> None:
    whole = json.loads(counties.downhill.bundle(sold))
    entry = whole["others"][0]["entries"][3]
    entry["proof"] = [b64u.encode(bytes(32)), *entry["proof"][1:]]
    with pytest.raises(Invalid) as failed:
        verify(json.dumps(whole, ensure_ascii=False, sort_keys=True, separators=(",", ":")), counties.pins)
    assert (failed.value.check, failed.value.reason) == (16, "origin")
    assert failed.value.record.startswith("others[0]")


def test_a_bundle_taken_out_fails_for_who_has_the_pin(counties: Counties, sold: ChainId) -> None:
    whole = replace(bundle.parse(counties.downhill.bundle(sold)), others=())
    with pytest.raises(Invalid) as failed:
        verify(whole.text(), counties.pins)
    assert (failed.value.check, failed.value.cause.code) == (16, "origin-absent")


def test_a_statement_for_one_log_is_refused_by_the_other(counties: Counties) -> None:
    uphill, downhill = counties.uphill.made, counties.downhill.made
    output: list[Json] = [uphill.output("tomato", "1")]
    replayed = counties.uphill.state("farm", "plant", {"outputs": output}).statement
    # The same key is the farm's in both logs, which it should not be; and then the party is as it has to be, too.
    named = replace(downhill, log=UPHILL).statement("plant", "farm", {"outputs": output})
    for statement, code in ((replayed, "key-party"), (named, "wrong-log")):
        answer = httpx.post(
            f"{counties.downhill.url}/v1/statements",
            content=f"{statement.jws}~",
            headers={"content-type": "application/jose"},
        )
        assert (answer.status_code, answer.json()["code"]) == (403, code)


def stated(counties: Counties, origin: Origin, value: str) -> Kept:
    output: list[Json] = [counties.downhill.made.output("tomato", value)]
    return counties.downhill.state("shop", "intake", {"from": origin.body(), "outputs": output})


def brought(counties: Counties, intake: Kept, data: bytes) -> tuple[int, Any]:
    answer = httpx.post(f"{counties.downhill.url}/v1/origins", params={"intake": intake.hash}, content=data)
    return answer.status_code, answer.json().get("code")


def test_a_shipment_that_never_was_is_not_borne_out(counties: Counties, taken: ChainId) -> None:
    data = counties.uphill.bundle(counties.lot)
    real = Origin.drawn(bundle.parse(data), counties.lot, counties.shipment)
    intake = stated(counties, replace(real, statement=StatementHash(b64u.encode(bytes(range(32))))), "40")
    assert brought(counties, intake, data) == (422, "origin-absent")
    (chain,) = intake.statement.created
    assert counties.downhill.findings(chain) == ["origin-unverified"]
    with pytest.raises(Invalid) as failed:
        verify(counties.downhill.bundle(chain), counties.pins)
    assert (failed.value.check, failed.value.reason) == (16, "origin")


def test_what_was_taken_in_before_is_found(counties: Counties, taken: ChainId) -> None:
    data = counties.uphill.bundle(counties.lot)
    intake = stated(counties, Origin.drawn(bundle.parse(data), counties.lot, counties.shipment), "40")
    (chain,) = intake.statement.created
    assert counties.downhill.findings(chain) == ["origin-unverified", "origin-reused"]
    assert brought(counties, intake, data) == (201, None)
    assert counties.downhill.findings(chain) == ["origin-reused"]
    verify(counties.downhill.bundle(chain), counties.pins)
    assert "数量有疑问" in page(counties.downhill, chain)


def test_more_than_was_shipped_is_found_once_the_other_log_says_how_much(counties: Counties, taken: ChainId) -> None:
    ship: dict[str, Json] = {"goods": goods(counties.lot, "5"), "receiver": counties.uphill.made.parties["shop"]}
    shipment = counties.uphill.state("farm", "ship", ship).hash
    data = counties.uphill.bundle(counties.lot)
    intake = stated(counties, Origin.drawn(bundle.parse(data), counties.lot, shipment), "50")
    (chain,) = intake.statement.created
    assert counties.downhill.findings(chain) == ["origin-unverified"]
    assert brought(counties, intake, data) == (201, None)
    assert counties.downhill.findings(chain) == ["origin-reused"]
    assert brought(counties, intake, data) == (200, None)
