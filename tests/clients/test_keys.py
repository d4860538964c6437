"""A party's keys by the command line; and a device that is given the log's new pin."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from clients.device import Device
from ledger.checkpoint import ED25519, Checkpoint, Note, VKey, sign
from ledger.policy import Pin, Policy
from tests.clients.honest import Service
from tests.clients.test_admission import pin, registrar  # noqa: F401 - fixtures
from tests.clients.test_cli import Shell, record, shell, written  # noqa: F401 - the fixture
from tests.world import LOG, World, secret


def test_the_key_is_changed_and_the_old_one_listed(shell: Shell, world: World, device: Device) -> None:  # noqa: F811
    old = device.key.public.kid
    assert shell("key", "rotate") == 0
    new = Device.open(device.folder).key.public.kid
    assert f"✓ 新密钥：{new}" in shell.out
    assert f"{old} 已吊销" in shell.out
    assert shell("key", "list") == 0
    states = {line.partition("：")[0]: line.partition("：")[2] for line in shell.out.splitlines()}
    assert (states[new], states[old]) == ("有效  本设备", "已吊销")


def test_a_key_that_stays_is_revoked_later(shell: Shell, world: World, device: Device) -> None:  # noqa: F811
    told = shell.json("key", "rotate", "--keep")
    assert not told["revoked"]
    assert shell("key", "revoke", told["old"], "--reason", "换手机") == 0
    assert world.registry.keys[told["old"]].revoked is not None
    assert world.statements[-1].kid == told["new"]


def test_another_device_is_added(shell: Shell, service: Service, world: World, device: Device, tmp_path: Path) -> None:  # noqa: F811
    assert device.party
    second = Device.create(tmp_path / "second", device.url, service.pin, party=device.party)
    offer = tmp_path / "offer.json"
    offer.write_text(json.dumps(second.offer()))
    assert shell("key", "add", offer) == 0
    assert world.registry.keys[second.key.public.kid].party == device.party
    # Made for another party, it is not a key of this one.
    assert shell("key", "add", offer, "--party", world.parties["farm"]) == 2
    assert "不是为主体" in shell.err


def test_a_registrar_says_since_when_a_key_was_stolen(shell: Shell, world: World, registrar: Path) -> None:  # noqa: F811
    farm, kid = world.parties["farm"], secret("farm").public.kid
    words = ("key", "revoke", kid, "--reason", "失窃", "--compromised-since", "2026-03-01")
    assert shell(*words, "--party", farm, "--home", registrar) == 0
    # The whole day, by the log's clocks.
    assert "存疑自：2026-02-28T16:00:00Z" in shell.out
    assert world.registry.keys[kid].compromised_since == "2026-02-28T16:00:00Z"
    assert shell(*words, "--party", farm) == 1
    assert shell("key", "revoke", "no", "--reason", "x") == 2
    assert "密钥编号" in shell.err


@pytest.fixture
def renewed(service: Service, tmp_path: Path) -> Path:
    """The log has changed its key, and this is its new pin."""
    world = service.world
    world.log_key = secret("new log")
    path = tmp_path / "new policy.json"
    path.write_text(Pin(Policy(((world.vkey, ""),)), world.parties["root"]).text() + "\n")
    return path


def test_who_has_the_old_pin_only_is_told_to_get_the_new_one(
    shell: Shell,  # noqa: F811
    world: World,
    device: Device,
    renewed: Path,
    tmp_path: Path,
) -> None:
    file = written(tmp_path / "day", record(world))
    assert shell("submit", file) == 1
    assert "请从服务以外取得新的公开钉" in shell.err
    assert shell("keygen", "--policy", renewed) == 0
    assert shell("submit", file) == 0
    assert "✓ day:1 种植 已记录" in shell.out


def test_while_both_keys_sign_the_old_pin_holds(
    shell: Shell,  # noqa: F811
    service: Service,
    world: World,
    device: Device,
    tmp_path: Path,
) -> None:
    def both(note: str) -> str:
        text = Note.parse(note).text
        return note + str(sign(Checkpoint.parse(text), LOG, secret("new log")))

    def signed_by_both(answer: dict[str, Any]) -> None:
        answer["receipt"]["checkpoint"] = both(answer["receipt"]["checkpoint"])

    service.tamper, service.checkpoint = signed_by_both, lambda world: both(world.note())
    assert shell("submit", written(tmp_path / "day", record(world))) == 0
    both_pin = tmp_path / "both.json"
    new = VKey(LOG, ED25519, secret("new log").public)
    both_pin.write_text(Pin(Policy(((world.vkey, ""), (new, ""))), world.parties["root"]).text())
    assert shell("keygen", "--policy", both_pin) == 0
    assert shell("submit", written(tmp_path / "next day", record(world, "2"))) == 0


def test_the_pin_of_another_log_is_not_taken(shell: Shell, device: Device, tmp_path: Path) -> None:  # noqa: F811
    path = tmp_path / "other.json"
    vkey = VKey(LOG, ED25519, secret("log").public)
    path.write_text(Pin(Policy(((vkey, ""),)), device.party or device.pin.root).text())
    assert shell("keygen", "--policy", path) == 2
    assert "另一个总账" in shell.err
    assert Device.open(device.folder) == replace(device, zone=Device.open(device.folder).zone)
