"""The log changes its key: with an overlap both pins hold, then only the new one; what is stored stays good."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from app import keyring
from app.audit.rows import read_lock, read_only
from app.audit.verify import audit
from app.db import connect
from app.errors import Conflict, Stopped
from app.log import Log, open_log
from app.log_key import _pin, list_, new, retire
from app.recording import Appended
from ledger.checkpoint import Note, VKey, open_checkpoint
from ledger.errors import BadSignature
from ledger.policy import Pin, Policy
from tests.app.seeding import append, seed
from tests.world import county, planted


class Service:
    """A data folder, and the service over it, which is started again and again."""

    def __init__(self, data: Path, url: str) -> None:
        self.world = county()
        self.url = url
        self.settings = seed(data, self.world, url)
        self.engine: Engine = connect(self.settings.url)
        self.log: Log = open_log(self.settings, self.engine)
        self.old = self.pin.policy.log

    @property
    def pin(self) -> Pin:
        return _pin(self.settings)

    def restart(self) -> None:
        self.stop()
        self.engine = connect(self.settings.url)
        self.log = open_log(self.settings, self.engine)

    def stop(self) -> None:
        self.log.journal.close()
        self.engine.dispose()

    def commit(self) -> str:
        """The note of a checkpoint more, which the receipt has too."""
        planted(self.world)
        return self.record()

    def record(self, count: int = 1) -> str:
        for outcome in append(self.log.journal, self.world, self.world.statements[-count:]):
            assert isinstance(outcome, Appended), outcome
            note = outcome.receipt.checkpoint
        return note

    def new(self) -> VKey:
        new(data=self.settings.data, database_url=self.url or None)
        (_, (added, _)) = self.pin.policy.logs
        return added

    def retire(self, vkey: VKey) -> None:
        retire(str(vkey), data=self.settings.data, database_url=self.url or None)

    def announce(self, vkey: VKey) -> None:
        self.world.act("log.key", {"vkey": str(vkey)})
        self.record(2)

    def faults(self, pin: Pin) -> list[str]:
        """What the audit by this pin finds bad."""
        engine = read_only(self.settings.url)
        locked = read_lock(self.settings.data / "lock", pin.origin)
        report = audit(engine, pin, locked)
        engine.dispose()
        return sorted({failure.code for failure in report.failures})


@pytest.fixture
def service(tmp_path: Path, database_url: str) -> Iterator[Service]:
    service = Service(tmp_path, database_url)
    yield service
    service.stop()


def changed(service: Service) -> VKey:
    """The whole way from one key to the other."""
    key = service.new()
    service.restart()
    service.announce(key)
    service.retire(service.old)
    service.restart()
    return key


def test_while_both_sign_either_pin_holds(service: Service) -> None:
    before = service.pin
    key = service.new()
    service.restart()
    note = service.commit()
    assert len(Note.parse(note).signatures) == 2
    only_new = Policy(((key, ""),))
    for policy in (before.policy, service.pin.policy, only_new):
        checkpoint, _ = open_checkpoint(note, policy.signer(note))
        assert checkpoint.size == len(service.world.entries)
    assert service.log.journal.latest() == note
    assert service.faults(service.pin) == []
    assert [str(vkey) for vkey in service.log.journal.vkeys] == [str(service.old), str(key)]


def test_after_it_only_the_new_pin_holds_and_all_that_is_stored(service: Service) -> None:
    before = service.pin
    key = changed(service)
    note = service.commit()
    assert [one.key_id for one in Note.parse(note).signatures] == [key.id]
    open_checkpoint(note, service.pin.policy.signer(note))
    with pytest.raises(BadSignature, match="log-key-new"):
        before.policy.signer(note)
    assert service.faults(keyring.with_retired(service.settings, service.pin)) == []
    # Without the retired key nobody could tell the old checkpoints from forged ones.
    assert service.faults(service.pin) == ["note-unsigned"]
    assert keyring.retired(service.settings) == [service.old]
    assert not [path for path in service.settings.keys.glob("log*.pem") if path.name == "log.pem"]


def test_a_lock_that_the_retired_key_signed_is_rolled_forward(service: Service) -> None:
    old = service.commit()
    changed(service)
    new_note = service.commit()
    service.log.journal.close()
    with sqlite3.connect(service.settings.data / "lock" / "lock.sqlite") as connection:
        connection.execute("UPDATE lock SET note = ?", (old,))
    connection.close()
    service.log = open_log(service.settings, service.engine)
    assert service.log.journal.latest() == new_note


def test_the_old_key_goes_only_when_the_new_one_is_known_and_signs(service: Service) -> None:
    with pytest.raises(Conflict, match="log-key-only"):
        service.retire(service.old)
    key = service.new()
    with pytest.raises(Conflict, match="log-key-overlap"):
        service.new()
    with pytest.raises(Conflict, match="log-key-silent"):
        service.retire(service.old)
    service.announce(key)
    with pytest.raises(Conflict, match="log-key-unsigned"):
        service.retire(service.old)
    with pytest.raises(Conflict, match="log-key-unknown"):
        service.retire(VKey(service.world.log, service.old.algorithm, service.world.devices["farm"].key.public))
    service.restart()
    service.commit()
    service.retire(service.old)
    assert [vkey for vkey, _ in service.pin.policy.logs] == [key]


def test_broken_off_while_it_is_retired_it_goes_on(service: Service) -> None:
    key = service.new()
    service.restart()
    service.announce(key)
    pin = service.pin.text()
    service.retire(service.old)
    # As if the pin had not been written any more: the list of the retired already names the key.
    service.settings.pin.write_text(pin)
    (service.settings.keys / f"retired-{service.old.id.hex()}.pem").rename(service.settings.keys / "log.pem")
    service.restart()
    assert service.faults(keyring.with_retired(service.settings, service.pin)) == []
    service.commit()
    service.retire(service.old)
    assert keyring.retired(service.settings) == [service.old]


def test_a_key_that_the_pin_names_must_be_there(service: Service) -> None:
    service.new()
    for path in service.settings.keys.glob("log-*.pem"):
        path.unlink()
    with pytest.raises(Stopped, match="log-key"):
        open_log(service.settings, service.engine)
    (service.settings.keys / "log.pem").unlink()
    with pytest.raises(Stopped, match="no-key"):
        open_log(service.settings, service.engine)


def test_the_keys_are_listed(service: Service, capsys: pytest.CaptureFixture[str]) -> None:
    key = changed(service)
    capsys.readouterr()
    list_(data=service.settings.data)
    out = capsys.readouterr().out
    assert f"在签名 · signs    {key}" in out
    assert f"已停用 · retired  {service.old}" in out
