"""The same client against the service itself, over HTTP, which dies under it."""

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from clients import cli
from clients.answers import Outcome
from clients.client import Client
from clients.device import Device
from clients.notebook import Kept, Notebook
from ledger import b64u
from ledger.identity import ChainId, trace_code
from ledger.keys import PrivateKey
from ledger.policy import Pin
from ledger.statement import sign
from tests.parts.processes import free_port
from tests.world import kg

GENGJI = (sys.executable, "-c", "from clients.cli import main; main()")
PATIENCE = 30


class Server:
    """`gengji serve` on one port; `kill` is kill -9."""

    def __init__(self, data: Path, start: Callable[..., "subprocess.Popen[Any]"]) -> None:
        self.data, self._start, self.port = data, start, free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        data.mkdir()
        opening = ("init", "--origin", "log.example.org/live", "--public-url", "https://trace.example.org")
        subprocess.run([*GENGJI, *opening, "--data", data], check=True, timeout=60)
        self.start()

    def start(self) -> None:
        self.program = self._start(*GENGJI, "serve", "--data", self.data, "--port", str(self.port))
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            assert self.program.poll() is None, "the service ended"
            try:
                if httpx.get(f"{self.url}/healthz").is_success:
                    return
            except httpx.TransportError:
                continue
        raise AssertionError("the service does not answer")

    def kill(self) -> None:
        self.program.send_signal(signal.SIGKILL)
        self.program.wait(PATIENCE)

    @property
    def pin(self) -> Pin:
        return Pin.parse((self.data / "policy.json").read_text())


@pytest.fixture
def server(tmp_path: Path, start: Callable[..., "subprocess.Popen[Any]"]) -> Server:
    return Server(tmp_path / "var", start)


@pytest.fixture
def grower(server: Server, tmp_path: Path) -> Iterator[Client]:
    """A farm of its own, registered by a root key; each wait of its client finds the service running again."""

    def wait(_: float) -> None:
        if server.program.poll() is not None:
            server.start()

    pin = server.pin
    root_key = PrivateKey.from_pem((server.data / "keys" / "root-1.pem").read_bytes())
    device = Device.create(tmp_path / "farm", server.url, pin)
    with (
        Notebook(Device.create(tmp_path / "root", server.url, pin, party=pin.root, key=root_key)) as root_notebook,
        Client(root_notebook) as root,
    ):
        root.register_party("示例农场", "household", ["farm"], division="510182", keys=[device.offer()])
        (registered,) = root.send()
    with Notebook(device.join(registered.created[0].chain)) as notebook, Client(notebook, sleep=wait) as client:
        yield client


def product(client: Client) -> ChainId:
    client.add_product({"zh": "番茄"}, "kg", own_code="T")
    (outcome,) = client.send()
    return outcome.created[0].chain


def planted(client: Client, product: ChainId, note: str) -> Kept:
    return client.state("plant", {"outputs": [{"product": product, "quantity": kg("10")}], "note": note})


def test_a_registered_party_states_and_gets_receipts_and_findings(grower: Client) -> None:
    assert grower.log()["origin"] == "log.example.org/live"
    tomato = product(grower)
    planting = planted(grower, tomato, "一").statement.created[0]
    stranger = grower.state("plant", {"outputs": [{"product": planting, "quantity": kg("1")}]})
    ship: dict[str, Any] = {
        "goods": [{"batch": planting, "quantity": kg("50")}],
        "receiver": grower.notebook.device.party,
    }
    grower.state("ship", {**ship, "plate": "川A1"})
    outcomes = grower.send()
    assert [outcome.kept.hash for outcome in outcomes if outcome.refused] == [stranger.hash]
    assert [finding.code for finding in outcomes[-1].findings] == ["over-held"]
    # Asked before signing, it would have been the same.
    again = grower.check(grower.draft("ship", ship))
    assert [(finding.code, finding.severity) for finding in again] == [("over-held", "flag")]
    assert again[0].say("zh") != again[0].say("en")
    states = [kept.state for kept in grower.notebook.all()]
    assert states == ["receipted", "receipted", "refused", "replaced", "receipted"]


def test_each_statement_carries_the_head_before_it_and_a_head_of_another_history_is_refused(
    server: Server, grower: Client
) -> None:
    tomato = product(grower)
    for number in range(3):
        head = grower.notebook.heads.seen()
        assert head is not None
        kept = planted(grower, tomato, str(number))
        assert kept.statement.seen == (head.size, b64u.encode(head.root))
        (outcome,) = grower.send()
        assert outcome.receipt is not None
    followed = grower.follow()
    assert followed == grower.notebook.heads.seen()
    assert followed is not None
    body = {"outputs": [{"product": tomato, "quantity": kg("10")}]}
    for size, root, code in (
        (followed.size, bytes(32), "seen-other"),
        (1, followed.root, "seen-falls"),
        (followed.size + 9, followed.root, "seen-other"),
    ):
        payload, _ = grower.notebook.payload(grower.draft("plant", body))
        payload["seen"] = {"root": b64u.encode(root), "size": size}
        jws = sign(payload, grower.notebook.device.key).jws
        answer = httpx.post(f"{server.url}/v1/statements", content=jws, headers={"content-type": "application/jose"})
        assert (answer.status_code, answer.json()["code"]) == (422, code)


def test_a_bundle_fetched_verifies_off_line_and_is_remembered(
    server: Server, grower: Client, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tomato = product(grower)
    chain = planted(grower, tomato, "一").statement.created[0]
    grower.send()
    file, memory, pin = tmp_path / "lot.json", tmp_path / "heads.json", server.data / "policy.json"
    fetching = ["bundle", trace_code(chain), "-o", str(file), "--url", server.url, "--remember", str(memory)]
    checking = ["verify", str(file), "--policy", str(pin), "--remember", str(memory), "--asked", trace_code(chain)]
    for number in range(2):
        assert cli.run(fetching, {}) == 0
        assert cli.run(checking, {}) == 0
        planted(grower, tomato, str(number))
        grower.send()
    server.kill()
    assert cli.run(checking, {}) == 0
    said = capsys.readouterr().out
    assert said.count("✓ 有效") == 3
    assert said.count("首次核验") == 1


def test_killed_under_load_nothing_is_lost_and_nothing_twice(server: Server, grower: Client) -> None:
    tomato = product(grower)
    stated = [planted(grower, tomato, str(number)).hash for number in range(600)]
    deaths = iter((50, 250, 420))
    death = next(deaths)

    def each(outcome: Outcome) -> None:
        nonlocal death
        if outcome.kept.statement.n >= death:
            server.kill()
            death = next(deaths, 10**6)

    outcomes = grower.send(each)
    assert [outcome.kept.hash for outcome in outcomes] == stated
    assert death == 10**6
    kid = grower.notebook.device.key.public.kid
    recorded: list[str] = []
    start: int | None = 0
    while start is not None:
        page = grower.service.get(f"/v1/keys/{kid}/statements", {"from": str(start)})
        recorded += [row["statement"] for row in page["statements"]]
        start = page["next"]
    assert recorded == [kept.statement.jws for kept in grower.notebook.all()]


def test_a_restored_device_goes_on_where_its_key_had_been(server: Server, grower: Client, tmp_path: Path) -> None:
    tomato = product(grower)
    for number in range(3):
        planted(grower, tomato, str(number))
    grower.send()
    old = grower.notebook.device
    copy = Device.create(tmp_path / "copy", server.url, old.pin, party=old.party, key=old.key)
    with Notebook(copy) as notebook, Client(notebook) as client:
        planted(client, tomato, "后来")
        assert sum(bool(outcome.receipt) for outcome in client.send()) == 1
        assert [kept.state for kept in notebook.all()] == ["replaced"] + ["adopted"] * 4 + ["receipted"]
