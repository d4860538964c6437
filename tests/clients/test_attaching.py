"""Files beside statements: named when signed, brought once, whatever is broken off in between."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from clients import cli
from clients.client import Client
from clients.device import Device
from clients.errors import Unreachable, Usage
from clients.notebook import Notebook
from ledger.policy import Pin
from tests.app.attachments.pictures import PDF, picture, sha256
from tests.app.seeding import seed
from tests.clients.test_photos import photo
from tests.parts.service import serving
from tests.world import World, county, harvested, planted, secret


class Here:
    def __init__(self, data: Path, world: World, address: str, folder: Path) -> None:
        self.data, self.world, self.address = data, world, address
        pin = Pin.parse((data / "policy.json").read_text())
        farm = world.devices["farm"]
        self.device = Device.create(folder, address, pin, party=farm.party, key=secret("farm"))
        with Notebook(self.device) as notebook:
            notebook.adopt([one for one in world.statements if one.kid == self.device.key.public.kid])
        (self.lot,) = world.statements[-1].created

    @property
    def stored(self) -> set[bytes]:
        return {path.read_bytes() for path in (self.data / "attachments").rglob("*") if path.is_file()}


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Here]:
    world = county()
    harvested(world, planted(world))
    seed(tmp_path / "data", world)
    with serving(tmp_path / "data") as (address, _):
        yield Here(tmp_path / "data", world, address, tmp_path / "farm")


def test_a_photo_is_brought_once_the_record_is_known(here: Here, tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(picture("PNG"))
    with Notebook(here.device) as notebook, Client(notebook) as client:
        named = client.attach(tmp_path / "a.png")
        assert named == {**named, "media_type": "image/png", "name": "a.png", "size": len(picture("PNG"))}
        client.state("observe", {"attachments": [named]}, [here.lot])
        (tmp_path / "a.png").unlink()
        assert client.upload() == [], "nobody knows of it yet"
        assert client.outbox.waiting()
        client.send()
        (brought,) = client.upload()
        assert (brought.sha256, brought.refused) == (named["sha256"], None)
        assert client.outbox.waiting() == {}
        assert here.stored == {picture("PNG")}
        # The same once more: it is there already, and nothing is sent.
        (tmp_path / "b.png").write_bytes(picture("PNG"))
        client.attach(tmp_path / "b.png")
        assert client.upload() == []
        assert client.outbox.waiting() == {}


def test_broken_off_it_goes_on(here: Here, tmp_path: Path) -> None:
    class Breaks(httpx.HTTPTransport):
        left = 1

        def handle_request(self, request: httpx.Request) -> httpx.Response:
            if request.url.path == "/v1/attachments":
                self.left -= 1
                if self.left < 0:
                    raise httpx.ReadError("gone", request=request)
            return super().handle_request(request)

    for name, colour in (("a.jpg", "red"), ("b.jpg", "blue"), ("c.jpg", "green")):
        (tmp_path / name).write_bytes(picture(colour=colour))
    with Notebook(here.device) as notebook:
        with Client(notebook, Breaks(), sleep=lambda _: None) as client:
            files = [client.attach(tmp_path / name) for name in ("a.jpg", "b.jpg", "c.jpg")]
            client.state("observe", {"attachments": files}, [here.lot])
            client.send()
            with pytest.raises(Unreachable):
                client.upload()
            assert len(client.outbox.waiting()) == 2
        with Client(notebook) as client:
            assert len(client.upload()) == 2
    assert len(here.stored) == 3


def test_what_the_service_does_not_take_is_told_and_kept(here: Here, tmp_path: Path) -> None:
    (tmp_path / "a.pdf").write_bytes(PDF)
    with Notebook(here.device) as notebook, Client(notebook) as client:
        named = client.attach(tmp_path / "a.pdf")
        client.state("observe", {"attachments": [{**named, "media_type": "image/jpeg"}]}, [here.lot])
        client.send()
        (brought,) = client.upload()
        assert brought.refused is not None
        assert brought.refused.code == "attachment-type"
        assert client.outbox.waiting()


def test_what_cannot_be_attached(here: Here, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("text")
    (tmp_path / "large.pdf").write_bytes(PDF + b" " * 20 * 1024 * 1024)
    with Notebook(here.device) as notebook, Client(notebook) as client:
        for name, code in (("a.txt", "attach-type"), ("large.pdf", "attach-size"), ("none.jpg", "attach-file")):
            with pytest.raises(Usage, match=code):
                client.attach(tmp_path / name)
        assert client.outbox.waiting() == {}


def test_a_photo_tells_nothing_of_its_place_unless_it_shall(here: Here, tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(photo("JPEG"))
    with Notebook(here.device) as notebook, Client(notebook) as client:
        plain, whole = client.attach(tmp_path / "a.jpg"), client.attach(tmp_path / "a.jpg", as_it_is=True)
        kept = {path.read_bytes() for path in client.outbox.waiting().values()}
    assert whole["sha256"] == sha256(photo("JPEG"))
    assert plain["sha256"] != whole["sha256"]
    assert sum(b"Pixel 9" in data for data in kept) == 1


def test_submit_takes_paths_beside_the_lines(
    here: Here, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "a.jpg").write_bytes(picture())
    (tmp_path / "report.pdf").write_bytes(PDF)
    (tmp_path / "face.jpg").write_bytes(picture(colour="red"))
    body = {"attachments": ["photos/a.jpg"], "papers": ["report.pdf"], "portraits": ["face.jpg"]}
    missing = {"attachments": ["nowhere.jpg"]}
    lines = [
        {"kind": "observe", "at": "2026-03-02T01:00:00Z", "body": one, "on": [here.lot]} for one in (body, missing)
    ]
    (tmp_path / "today.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    arguments = ["submit", "today.jsonl", "--home", str(here.device.folder), "--json"]
    assert cli.run(arguments, os.environ) == 1
    told = json.loads(capsys.readouterr().out)
    assert [line["state"] for line in told["lines"]] == ["receipted", "error"]
    assert told["lines"][1]["error"]["code"] == "attach-file"
    assert [one["state"] for one in told["attachments"]] == ["brought"] * 3
    assert here.stored == {picture(), PDF, picture(colour="red")}
    assert "nowhere.jpg" in told["lines"][1]["error"]["text"]
