"""A notebook forgets what was erased: the value, its salt, and every version that was signed with it."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from clients.client import Client
from clients.device import Device
from clients.notebook import Kept, Notebook
from ledger.statement import digest, open_sealed
from tests.app.attachments.pictures import picture
from tests.clients.honest import Service
from tests.world import World, kg

PHONE = "13987654321"


def intake(world: World, phone: str = PHONE) -> dict[str, Any]:
    made = {"product": world.products["sauce"], "quantity": kg("12")}
    return {"outputs": [made], "origin": "彭州", "unrecorded": True, "supplier": "张三", "supplier_contact": phone}


def erasures(kept: Kept, *names: str) -> list[dict[str, Any]]:
    sealed = open_sealed(kept.statement, kept.disclosures)
    return [
        {"number": number, "statement": kept.hash, "digest": digest(sealed[name][1]), "sha256": None}
        for number, name in enumerate(names, 1)
    ]


def in_files(folder: Path, *pieces: str) -> bool:
    return any(piece.encode() in path.read_bytes() for path in folder.rglob("*") if path.is_file() for piece in pieces)


def test_the_value_is_in_no_file_any_more(client: Client, world: World, device: Device) -> None:
    kept, other = client.state("intake", intake(world)), client.state("intake", intake(world, "13800000000"))
    gone = open_sealed(kept.statement, kept.disclosures)["supplier_contact"][1]
    assert in_files(device.folder, gone)
    forgetting = client.notebook.forgetting
    assert forgetting.forget(erasures(kept, "supplier_contact")) == [PHONE]
    forgetting.scrub()
    assert not in_files(device.folder, gone, gone[:32], gone[-24:])
    assert forgetting.after == 1
    left = open_sealed(kept.statement, client.notebook[kept.hash].disclosures)
    assert left.keys() == {"supplier"}
    assert client.notebook[other.hash].disclosures == other.disclosures
    assert forgetting.forget(erasures(kept, "supplier_contact")) == []


def test_versions_that_were_signed_before_go_too(
    client: Client, world: World, device: Device, service: Service
) -> None:
    client.state("intake", {**intake(world, "1"), "outputs": [{"product": "A" * 43, "quantity": kg("1")}]})
    first = client.state("intake", intake(world))
    refused = client.notebook.refuse(client.notebook.outgoing()[0].hash, {"code": "x"})
    assert len(refused) == 1
    kept = client.notebook.newest(first.hash)
    assert kept.hash != first.hash
    lost = client.notebook.forgetting.forget(erasures(kept, "supplier_contact"))
    client.notebook.forgetting.scrub()
    assert lost == [PHONE, PHONE]
    for one in (first, kept):
        gone = open_sealed(one.statement, one.disclosures)["supplier_contact"][1]
        assert not in_files(device.folder, gone[:32], gone[-24:])


def test_what_another_device_signed_or_nobody_knows_changes_nothing(client: Client, world: World) -> None:
    kept = client.state("intake", intake(world))
    strange = [
        {"number": 7, "statement": "A" * 43, "digest": "B" * 43, "sha256": None},
        {"number": 8, "statement": kept.hash, "digest": "B" * 43, "sha256": None},
        {"number": 9, "statement": kept.hash, "digest": None, "sha256": "C" * 43},
    ]
    assert client.notebook.forgetting.forget(strange) == []
    assert client.notebook.forgetting.after == 9
    assert client.notebook[kept.hash].disclosures == kept.disclosures


def test_all_or_nothing(client: Client, world: World) -> None:
    kept = client.state("intake", intake(world))
    with pytest.raises(KeyError):
        client.notebook.forgetting.forget([*erasures(kept, "supplier"), {"number": 2, "digest": "B" * 43}])
    assert client.notebook.forgetting.after == 0
    assert client.notebook[kept.hash].disclosures == kept.disclosures


def test_broken_off_before_the_file_was_written_anew(client: Client, world: World, device: Device) -> None:
    kept = client.state("intake", intake(world))
    client.notebook.forgetting.forget(erasures(kept, "supplier_contact"))
    client.notebook.close()
    with Notebook(device) as notebook:
        notebook.forgetting.scrub()
        gone = open_sealed(kept.statement, kept.disclosures)["supplier_contact"][1]
        assert not in_files(device.folder, gone[:32], gone[-24:])
        with closing(sqlite3.connect(device.folder / "notebook.sqlite")) as db:
            assert db.execute("SELECT scrubbed FROM forgotten").fetchone() == (1,)


def test_the_copy_of_a_file_goes_with_the_field_that_named_it(client: Client, world: World, tmp_path: Path) -> None:
    (tmp_path / "face.jpg").write_bytes(picture(colour="red"))
    (tmp_path / "field.jpg").write_bytes(picture())
    face, field = client.attach(tmp_path / "face.jpg"), client.attach(tmp_path / "field.jpg")
    fields = {**intake(world), "attachments": [field], "portraits": [face]}
    kept = client.state("intake", fields)
    lost = client.notebook.forgetting.forget(erasures(kept, "portraits"))
    assert lost == [[face]]
    client.outbox.forget([*lost, "text", {"sha256": "A" * 43}])
    assert list(client.outbox.waiting()) == [field["sha256"]]
