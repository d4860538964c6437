"""A new party comes to take part, by the commands alone; and what may go wrong on the way."""

import json
import shlex
from pathlib import Path

import pytest

from clients.device import Device
from ledger.keys import PrivateKey, PublicKey, check_proof
from tests.clients.honest import Service
from tests.clients.test_cli import Shell, record, shell, written  # noqa: F401 - the fixture
from tests.world import World, secret

REGISTER = ("register", "绿源合作社", "--type", "coop", "--roles", "farm，processor", "--division", "990101")


@pytest.fixture
def registrar(service: Service, tmp_path: Path) -> Path:
    """The registrar's device, with a key of its own beside the county's."""
    world = service.world
    party = world.parties["registrar"]
    device = Device.create(tmp_path / "registrar", "https://trace.example.org", service.pin, party=party)
    world.state("key.add", "registrar", device.offer(), [party])
    return device.folder


@pytest.fixture
def pin(service: Service, tmp_path: Path) -> Path:
    path = tmp_path / "policy.json"
    path.write_text(service.pin.text() + "\n")
    return path


def test_the_three_steps_that_the_help_tells(
    shell: Shell,  # noqa: F811
    service: Service,
    world: World,
    registrar: Path,
    pin: Path,
    tmp_path: Path,
) -> None:
    home = tmp_path / "my device"
    assert shell("keygen", "--home", home, "--policy", pin) == 0
    offer = home / "offer.json"
    assert f"交登记员的文件：{offer}" in shell.out
    assert json.loads(offer.read_bytes()) == Device.open(home).offer()

    assert shell(*REGISTER, "--side", "agriculture", "--key", offer, "--home", registrar) == 0
    party = world.statements[-1].created[0]
    assert "✓ 已登记：绿源合作社" in shell.out
    assert f"主体编号：{party}" in shell.out
    assert "生产者、加工企业" in shell.out
    assert "追溯码" not in shell.out
    assert world.statements[-1].body["profile"] == {
        "division": "990101", "name": "绿源合作社", "side": "agriculture", "type": "coop",
    }  # fmt: skip

    # The next command, word for word as it was printed.
    (following,) = [line.partition("：")[2] for line in shell.out.splitlines() if line.startswith("下一步")]
    program, *words = shlex.split(following)
    assert (program, words) == ("gengji", ["keygen", "--party", party, "--home", str(home)])
    assert shell(*words) == 0
    assert f"主体：绿源合作社  {party}" in shell.out
    assert "密钥：已登记在该主体名下" in shell.out
    assert Device.open(home).party == party

    again = shell.json(*REGISTER, "--side", "agriculture", "--key", offer, "--home", registrar)
    assert (shell.code, again["party"], again["next"]) == (0, party, [following])
    assert sum(one.kind == "party.register" and one.created == (party,) for one in world.statements) == 1


def test_who_is_no_registrar_is_refused_in_words(shell: Shell, world: World) -> None:  # noqa: F811
    before = len(world.statements)
    assert shell(*REGISTER) == 1
    assert "应由以下一方签名：总账负责人、登记员" in shell.err
    assert shell.out == ""
    assert len(world.statements) == before


def test_an_offer_that_can_not_be_registered_is_named_before_anything_is_signed(
    shell: Shell,  # noqa: F811
    service: Service,
    world: World,
    registrar: Path,
    tmp_path: Path,
) -> None:
    taken = tmp_path / "taken"
    Device.create(taken, "https://trace.example.org", service.pin, party=world.parties["farm"])
    (tmp_path / "mine.json").write_text(json.dumps(Device.open(taken).offer()))
    (tmp_path / "text.json").write_text("公钥")
    (tmp_path / "more.json").write_text(json.dumps({**Device.open(taken).offer(), "custody": "service"}))
    before = len(service.requests)
    for name, said in (("mine", "不能登记为新主体"), ("text", "offer.json"), ("more", "offer.json")):
        assert shell(*REGISTER, "--key", tmp_path / f"{name}.json", "--home", registrar) == 2
        assert said in shell.err
        assert f"{name}.json" in shell.err
    assert shell(*REGISTER, "--key", tmp_path / "none.json", "--home", registrar) == 2
    assert "没有这个文件" in shell.err
    assert len(service.requests) == before


def test_nothing_is_signed_while_the_service_is_away(
    shell: Shell,  # noqa: F811
    registrar: Path,
    free_port: int,
) -> None:
    assert shell(*REGISTER, "--home", registrar, "--url", f"http://127.0.0.1:{free_port}") == 2
    assert "服务没有启动" in shell.err
    assert shell("submit", "--home", registrar) == 0
    assert shell.out == ""


def test_a_key_is_noted_for_no_party_but_its_own(
    shell: Shell,  # noqa: F811
    service: Service,
    world: World,
    pin: Path,
    tmp_path: Path,
) -> None:
    home = tmp_path / "farm"
    Device.create(home, "https://trace.example.org", service.pin, key=secret("farm"))
    assert shell("keygen", "--home", home, "--party", world.parties["coop"]) == 2
    assert "没有登记在“coop”名下" in shell.err
    assert Device.open(home).party is None
    assert shell("keygen", "--home", home, "--party", "A" * 43) == 2
    assert "没有编号为 AAAA" in shell.err
    told = shell.json("keygen", "--home", home, "--party", world.parties["farm"])
    assert (told["party"], told["checked"]) == (world.parties["farm"], True)


@pytest.mark.parametrize("text", ["绿源合作社", "95261175667017710916", "farm", "A" * 42 + "B"])
def test_what_is_no_party_id_is_said_as_it_was_typed(shell: Shell, text: str) -> None:  # noqa: F811
    assert shell("keygen", "--party", text) == 2
    assert shell.err.startswith("主体编号是 43 个字符")
    assert f"“{text}”" in shell.err


def test_what_could_not_be_checked_can_be_put_right_until_something_is_stated(
    shell: Shell,  # noqa: F811
    service: Service,
    world: World,
    free_port: int,
    tmp_path: Path,
) -> None:
    home, away = tmp_path / "farm", ("--url", f"http://127.0.0.1:{free_port}")
    Device.create(home, "https://trace.example.org", service.pin, key=PrivateKey.generate())
    assert shell("keygen", "--home", home, "--party", world.parties["coop"], *away) == 0
    assert "没有核对" in shell.out
    assert shell.json("keygen", "--home", home, "--party", world.parties["farm"], *away)["checked"] is None
    assert Device.open(home).party == world.parties["farm"]
    assert shell("sign", written(tmp_path / "x", record(world)), "--home", home) == 0
    assert shell("keygen", "--home", home, "--party", world.parties["coop"], *away) == 2
    assert Device.open(home).party == world.parties["farm"]


def test_another_device_of_a_party_offers_its_key_to_it(
    shell: Shell,  # noqa: F811
    service: Service,
    world: World,
    pin: Path,
    tmp_path: Path,
) -> None:
    party, file = world.parties["farm"], tmp_path / "second.json"
    assert shell("keygen", "--home", tmp_path / "b", "--policy", pin, "--party", party, "--offer", file) == 0
    assert "还没有登记到该主体" in shell.out
    offer = json.loads(file.read_bytes())
    check_proof(PublicKey.from_jwk(offer["jwk"]), offer["proof"], world.log, party)
    assert shell("keygen", "--home", tmp_path / "b", "--offer", tmp_path / "no" / "x.json") == 2
    assert "写不了：没有这个文件或文件夹" in shell.err
