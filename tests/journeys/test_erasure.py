"""A farmer asks that her telephone number be erased: it is in no file any more, and everything still verifies."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from clients.client import Client
from clients.device import Device
from clients.notebook import Notebook
from ledger import receipt
from ledger.canonical import dumps
from ledger.policy import Pin
from ledger.statement import Disclosure, open_sealed, present
from tests.app.seeding import seed
from tests.parts.postgres import libpq
from tests.parts.service import serving
from tests.world import World, county, kg, secret

PHONE = "13987654321"
GENGJI = (sys.executable, "-c", "from clients.cli import main; main()")


def gengji(*arguments: str | Path, code: int = 0) -> Any:
    done = subprocess.run([*GENGJI, *map(str, arguments), "--json"], capture_output=True, text=True, timeout=120)
    assert done.returncode == code, done.stdout + done.stderr
    return json.loads(done.stdout) if done.stdout else None


def holding(folders: list[Path], disclosure: Disclosure) -> list[Path]:
    """The files in which the number stands, in the clear or as it was sealed: whole, its salt, or its end."""
    wanted = [PHONE.encode(), disclosure[:32].encode(), disclosure[-20:].encode()]
    files = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    return [path for path in files if any(one in _bytes(path) for one in wanted)]


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return b""  # a running database takes its files away as it likes


def put_in_the_log(world: World, tmp_path: Path, url: str) -> Path:
    data = tmp_path / "data"
    settings = seed(data, world, url)
    if url.startswith("sqlite"):
        # The service finds it where it always is.
        for path in tmp_path.glob("ledger.sqlite*"):
            path.rename(data / path.name)
    assert settings.data == data
    return data


def test_a_telephone_number_is_erased(tmp_path: Path, database_url: str) -> None:
    world = county()
    data = put_in_the_log(world, tmp_path, database_url)
    url = "" if database_url.startswith("sqlite") else database_url
    database = ["--database-url", url] if url else []
    folders = [data]
    if url:
        with psycopg.connect(libpq(url)) as connection:
            row = connection.execute("SHOW data_directory").fetchone()
            assert row is not None
            # Not its write-ahead log, which keeps old pages until it is recycled: docs/operations.md.
            folders += [Path(row[0]) / "base", Path(row[0]) / "global"]
    with serving(data, url) as (address, _):
        pin = Pin.parse((data / "policy.json").read_text())
        coop = world.devices["coop"]
        device = Device.create(tmp_path / "coop", address, pin, party=coop.party, key=secret("coop"))
        folders.append(device.folder)
        with Notebook(device) as notebook, Client(notebook) as client:
            adopted = [one for one in world.statements if one.kid == device.key.public.kid]
            notebook.adopt(adopted)
            fields = {
                "outputs": [{"product": world.products["sauce"], "quantity": kg("12")}],
                "origin": "彭州",
                "unrecorded": True,
                "supplier": "张三丰",
                "supplier_contact": PHONE,
            }
            # Signed twice, because what stood before it was refused: the first version names the number as well.
            wrong = {**fields, "outputs": [{"product": "A" * 43, "quantity": kg("12")}], "supplier_contact": "1"}
            client.state("intake", wrong)
            first = client.state("intake", fields)
            refused, outcome = client.send()
            assert refused.refused
            assert outcome.receipt
            kept = outcome.kept
            assert kept.hash != first.hash
            other = client.state("intake", {**fields, "supplier_contact": "13800000000"})
            client.send()
            hash_ = kept.hash
        (gone,) = (one for one in kept.disclosures if PHONE in str(open_sealed(kept.statement, [one])))
        assert holding(folders, gone), "or this test could not fail"
        assert httpx.get(f"{address}/t/{outcome.created[0].trace_code}").is_success

        done = gengji("erase", hash_, "--field", "supplier_contact", "--reason", "本人要求", "--data", data, *database)
        assert done["finished"]
        assert [one["field"] for one in done["erased"]] == ["supplier_contact"]

        with Notebook(device) as notebook, Client(notebook) as client:
            assert client.forget_erased() == 2
            assert client.forget_erased() == 0
            assert len(notebook[hash_].disclosures) == len(kept.disclosures) - 1
            assert len(notebook[other.hash].disclosures) == len(other.disclosures)

        # Sent again, with all that was sealed, it brings nothing back.
        headers = {"content-type": "application/jose"}
        whole = present(kept.statement.jws, kept.disclosures).encode()
        again = httpx.post(f"{address}/v1/statements", content=whole, headers=headers)
        assert again.status_code == 200
        receipt.parse(dumps(again.json()["receipt"])).check(kept.statement, world.vkey)

        assert gengji("erase", hash_, "--field", "supplier", "--reason", "本人要求", "--data", data, *database)[
            "finished"
        ]
        gengji("backup", tmp_path / "backup", "--data", data, *database)
        folders.append(tmp_path / "backup")
        (before,) = (one for one in first.disclosures if PHONE in str(open_sealed(first.statement, [one])))
        assert [*holding(folders, gone), *holding(folders, before)] == []
        page = httpx.get(f"{address}/v1/batches/{outcome.created[0].chain}/events").json()
        assert PHONE not in str(page)
    report = gengji("audit", "--data", data, *database)
    assert report["clean"]
    assert report["checked"]["disclosures"] > 0


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_time_of_some_has_come(tmp_path: Path, database_url: str) -> None:
    world = county()
    world.clock -= 3 * 365 * 24 * 3600
    body = {"outputs": [world.output("tomato", "2000")]}
    old = world.state("plant", "farm", body, sealed={"person": "王秀兰", "note": "留着"})
    data = put_in_the_log(world, tmp_path, database_url)
    with pytest.raises(AssertionError):
        gengji("erase", "--data", data)
    told = gengji("erase", "--due", "--dry-run", "--data", data)
    assert told["erased"] == []
    # Received this year, whatever its signer says of the time: its two years have only begun.
    assert told["due"] == []
    assert old.sealed
