import json
import os
from pathlib import Path

import pytest

from clients.device import Device
from clients.errors import NoDevice, Usage
from ledger.canonical import Json
from ledger.errors import BadKey
from ledger.keys import PrivateKey, PublicKey, check_proof
from tests.clients.honest import Service

URL = "https://trace.example.org"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "party"


def test_a_folder_is_the_owners_alone(folder: Path, service: Service) -> None:
    device = Device.create(folder, URL, service.pin)
    assert {path.name: path.stat().st_mode & 0o777 for path in folder.iterdir()} == {
        "identity.json": 0o600,
        "key.pem": 0o600,
        "policy.json": 0o600,
    }
    assert folder.stat().st_mode & 0o077 == 0
    assert Device.open(folder) == device


def test_a_key_that_others_can_read_is_not_used(folder: Path, service: Service) -> None:
    Device.create(folder, URL, service.pin)
    os.chmod(folder / "key.pem", 0o640)
    with pytest.raises(NoDevice, match="key-readable"):
        Device.open(folder)


def test_a_device_is_not_made_twice(folder: Path, service: Service) -> None:
    device = Device.create(folder, URL, service.pin)
    with pytest.raises(NoDevice, match="device-there"):
        Device.create(folder, URL, service.pin)
    # Broken off before the identity was written: the key stays what it was.
    (folder / "identity.json").unlink()
    assert Device.create(folder, URL, service.pin).key == device.key
    (folder / "identity.json").unlink()
    with pytest.raises(NoDevice, match="device-there"):
        Device.create(folder, URL, service.pin, key=PrivateKey.generate())


@pytest.mark.parametrize("missing", ["identity.json", "key.pem", "policy.json"])
def test_a_folder_without_one_of_them_is_no_device(folder: Path, service: Service, missing: str) -> None:
    Device.create(folder, URL, service.pin)
    (folder / missing).unlink()
    with pytest.raises(NoDevice, match="no-device"):
        Device.open(folder)


def test_another_key_is_another_device(folder: Path, service: Service) -> None:
    Device.create(folder, URL, service.pin)
    (folder / "key.pem").write_bytes(PrivateKey.generate("ES256").to_pem())
    with pytest.raises(NoDevice, match="no-device"):
        Device.open(folder)
    (folder / "key.pem").write_bytes(b"nothing")
    with pytest.raises(BadKey, match="key-file"):
        Device.open(folder)


@pytest.mark.parametrize("changed", [{"log": "elsewhere"}, {"party": 7}, {"url": None}])
def test_an_identity_of_another_shape_is_refused(folder: Path, service: Service, changed: dict[str, Json]) -> None:
    Device.create(folder, URL, service.pin)
    identity = json.loads((folder / "identity.json").read_text()) | changed
    (folder / "identity.json").write_text(json.dumps(identity, separators=(",", ":"), sort_keys=True))
    with pytest.raises(NoDevice, match="no-device"):
        Device.open(folder)


def test_it_joins_one_party_and_proves_its_key_for_it(folder: Path, service: Service) -> None:
    parties = service.world.parties
    device = Device.create(folder, URL, service.pin)
    for party, joined in (("new", device), (parties["farm"], device.join(parties["farm"]))):
        offer = joined.offer()
        check_proof(PublicKey.from_jwk(offer["jwk"]), str(offer["proof"]), service.world.log, party)
    assert Device.open(folder).party == parties["farm"]
    with pytest.raises(NoDevice, match="device-there"):
        Device.open(folder).join(parties["coop"])
    assert Device.open(folder).join(parties["coop"], instead=True) == Device.open(folder)
    with pytest.raises(Usage, match="party-form"):
        device.join("no party")  # type: ignore[arg-type]
