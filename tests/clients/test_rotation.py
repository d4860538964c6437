"""A device changes its key: what waited is sent, the old one ends, and broken off anywhere it goes on."""

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TypeAlias

import pytest

from clients.client import Client
from clients.device import Device
from clients.errors import NoDevice, Refused
from clients.notebook import Notebook
from clients.rotation import rotate
from ledger.errors import NotAllowed
from ledger.statement import Statement
from tests.clients.conftest import NOW
from tests.clients.growing import plant
from tests.clients.honest import Service
from tests.world import World

Connect: TypeAlias = Callable[[Device], AbstractContextManager[Client]]


class Broken(Exception):
    """The process ends here."""


@pytest.fixture
def connecting(service: Service) -> Connect:
    """Opens a client for one act, as the command does."""

    @contextmanager
    def connected(device: Device) -> Iterator[Client]:
        with (
            Notebook(device, clock=lambda: NOW) as notebook,
            Client(notebook, service.transport, clock=lambda: NOW, sleep=lambda _: None) as client,
        ):
            yield client

    return connected


def breaking(monkeypatch: pytest.MonkeyPatch, after: int) -> Callable[[], int]:
    """Files can be moved so many times, then the process ends; gives how often they were."""
    done = 0
    move = os.replace

    def replace(source: Path, target: Path) -> None:
        nonlocal done
        if done == after:
            raise Broken
        done += 1
        move(source, target)

    monkeypatch.setattr(os, "replace", replace)
    return lambda: done


def check_changed(folder: Path, world: World, old: Device) -> Device:
    """The old key has ended, the new one stands, and each folder is one key's."""
    new = Device.open(folder)
    keys = world.registry.keys
    assert new.key.public != old.key.public
    assert keys[new.key.public.kid].revoked is None
    assert keys[new.key.public.kid].added_by == old.key.public.kid
    assert keys[old.key.public.kid].revoked is not None
    assert new.party == old.party == keys[new.key.public.kid].party
    retired = Device.open(folder / "retired" / old.key.public.kid)
    assert retired.key == old.key
    for device in (new, retired):
        with Notebook(device) as notebook:
            assert {one.statement.kid for one in notebook.all()} == {device.key.public.kid}
            assert not notebook.outgoing()
    assert not {path.name for path in folder.iterdir()} & {"next", "rotation.json"}
    return new


def test_the_old_key_brings_in_the_new_one_which_ends_it(
    device: Device, connecting: Connect, world: World, service: Service
) -> None:
    with connecting(device) as client:
        waiting = plant(client, world)
    done = rotate(device.folder, connecting)
    new = check_changed(device.folder, world, device)
    assert (done.old, done.new, done.revoked) == (device.key.public.kid, new.key.public.kid, True)
    # What waited went first, under the key that had signed it.
    assert [one.kind for one in service.own(done.old)] == ["plant", "key.add"]
    assert [one.kind for one in service.own(done.new)] == ["key.revoke"]
    assert service.own(done.old)[0].hash == waiting.hash
    with connecting(new) as client:
        plant(client, world)
        (outcome,) = client.send()
    assert outcome.kept.state == "receipted"


def test_the_new_key_remembers_what_the_old_one_had_seen(device: Device, connecting: Connect, world: World) -> None:
    with connecting(device) as client:
        plant(client, world)
        client.send()
        seen = client.notebook.heads.seen()
    assert seen
    rotate(device.folder, connecting)
    revoke = world.statements[-1]
    assert revoke.seen is not None
    assert revoke.seen[0] >= seen.size


def test_the_old_key_may_stay_for_a_while(device: Device, connecting: Connect, world: World) -> None:
    done = rotate(device.folder, connecting, keep=True)
    assert not done.revoked
    assert world.registry.keys[device.key.public.kid].revoked is None
    again = rotate(device.folder, connecting)
    assert again.old == done.new


def test_broken_off_at_any_file_it_goes_on(
    device: Device, connecting: Connect, world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for after in range(100):
        old = Device.open(device.folder)
        with monkeypatch.context() as patch:
            moved = breaking(patch, after)
            try:
                rotate(device.folder, connecting)
            except Broken:
                if not (device.folder / "identity.json").exists():
                    with pytest.raises(NoDevice, match="key-changing"):
                        Device.open(device.folder)
                    with pytest.raises(NoDevice, match="device-there"):
                        Device.create(device.folder, device.url, device.pin)
            else:
                assert moved() == after
                break
        if moved() == 0:
            continue
        rotate(device.folder, connecting)
        check_changed(device.folder, world, old)
    assert after > 6


@pytest.mark.parametrize("lost", [1, 2])
def test_broken_off_by_the_network_it_goes_on(
    device: Device, connecting: Connect, world: World, service: Service, lost: int
) -> None:
    kinds = ["key.add", "key.revoke"][:lost]
    taken = len(world.statements)

    for kind in kinds:
        service.refusing = lambda statement, kind=kind: _down(statement.kind == kind)  # type: ignore[misc]
        with pytest.raises(ConnectionError):
            rotate(device.folder, connecting)
    service.refusing = lambda statement: None
    rotate(device.folder, connecting)
    check_changed(device.folder, world, device)
    assert [one.kind for one in world.statements[taken:]] == ["key.add", "key.revoke"]


def _down(now: bool) -> None:
    if now:
        raise ConnectionError


def test_a_key_that_is_not_taken_changes_nothing_and_may_be_tried_again(
    device: Device, connecting: Connect, world: World, service: Service
) -> None:
    service.refusing = lambda statement: NotAllowed("role") if statement.kind == "key.add" else None
    with pytest.raises(Refused, match="role"):
        rotate(device.folder, connecting)
    assert Device.open(device.folder).key == device.key
    service.refusing = lambda statement: None
    rotate(device.folder, connecting)
    check_changed(device.folder, world, device)


def test_a_device_without_a_party_has_nothing_to_change(service: Service, connecting: Connect, tmp_path: Path) -> None:
    folder = Device.create(tmp_path / "new", "https://trace.example.org", service.pin).folder
    with pytest.raises(NoDevice, match="no-party"):
        rotate(folder, connecting)
    assert not (folder / "rotation.json").exists()


def test_what_is_signed_meanwhile_is_sent_before_the_key_ends(
    device: Device, connecting: Connect, world: World, service: Service
) -> None:
    def another_window(statement: Statement) -> None:
        if statement.kind == "key.add":
            with connecting(device) as client:
                plant(client, world)

    service.refusing = another_window
    rotate(device.folder, connecting)
    check_changed(device.folder, world, device)
    assert [one.kind for one in service.own(device.key.public.kid)] == ["key.add", "plant"]
