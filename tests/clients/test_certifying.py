"""``gengji certificate`` against the service itself: shown, signed, refused on hold, printed."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pypdfium2
import pytest

from clients import cli
from clients.device import Device
from ledger.identity import trace_code
from ledger.policy import Pin, Policy
from tests.app.certificates.promised import certify, handed, mixed
from tests.app.seeding import seed
from tests.parts.service import serving
from tests.world import county, harvested, planted


class Coop:
    """The co-op at its own device; ``lot`` it bought, ``packed`` it made of that, ``stopped`` is on hold."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.world = world = county()
        self.capsys = capsys
        self.home, self.folder = folder / "coop", folder
        pin = Pin(Policy(((world.vkey, ""),)), world.parties["root"])
        device = Device.create(self.home, "http://127.0.0.1:1", pin, party=world.parties["coop"])
        world.state("key.add", "coop", device.offer(), [world.parties["coop"]])
        self.lot, self.stopped = (harvested(world, planted(world), value="100") for _ in range(2))
        self.farms = certify(world, "farm", [(self.lot, "100")], number="F-1")
        for batch in (self.lot, self.stopped):
            handed(world, batch, "100", "farm", "coop")
        self.packed = mixed(world, "coop", [(self.lot, "40")], "40")
        world.state("hold", "inspector", {"reason": "抽检不合格"}, [self.stopped])
        self.settings = seed(folder / "data", world)

    def __call__(self, *arguments: str | Path) -> int:
        code = cli.run(["certificate", *map(str, arguments), "--url", self.url], {"LANG": "zh_CN.UTF-8"})
        self.out, self.err = self.capsys.readouterr()
        return code

    def json(self, *arguments: str | Path) -> Any:
        self.code = self(*arguments, "--json")
        return [json.loads(line) for line in self.out.splitlines()]

    def words(self, path: Path) -> str:
        return str(pypdfium2.PdfDocument(path)[0].get_textpage().get_text_bounded())


@pytest.fixture
def coop(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Coop]:
    coop = Coop(tmp_path, capsys)
    monkeypatch.setenv("GENGJI_HOME", str(coop.home))
    monkeypatch.setenv("LANG", "zh_CN.UTF-8")
    for name in ("LC_ALL", "LC_MESSAGES"):
        monkeypatch.delenv(name, raising=False)
    with serving(coop.settings.data) as (coop.url, _):
        yield coop


def test_what_it_would_say_is_shown_and_nothing_is_signed(coop: Coop) -> None:
    assert coop(trace_code(coop.packed)) == 0
    assert "开具方式：收购者" in coop.out
    assert "货物：40 公斤" in coop.out
    assert "来源合格证：F-1" in coop.out
    assert "还要填写：联系方式" in coop.out
    (told,) = coop.json(trace_code(coop.packed))
    assert told["party"]["id"] == coop.world.parties["coop"]
    assert told["missing"] == ["contact"]


def test_signed_sent_and_printed_in_one_go_with_the_contact_that_only_its_signer_has(coop: Coop) -> None:
    paper = coop.folder / "certificate.pdf"
    assert coop(trace_code(coop.packed), "--sign", "--contact", "0718-7654321", "-o", paper) == 0
    assert "承诺达标合格证 已记录" in coop.out
    said = coop.words(paper)
    assert said.startswith("承诺达标合格证")
    assert "0718-7654321" in said
    again = coop.folder / "again.pdf"
    assert coop(trace_code(coop.packed), "-o", again, "--size", "label") == 0
    assert "0718-7654321" in coop.words(again)
    assert coop(trace_code(coop.packed), "-o", again, "--home", coop.folder / "nobody", "--text", "en") == 0
    assert "0718" not in coop.words(again)
    assert "Produce" in coop.words(again)


def test_without_a_contact_nothing_is_signed(coop: Coop) -> None:
    assert coop(trace_code(coop.packed), "--sign") == 2
    assert "--contact" in coop.err
    assert coop(trace_code(coop.packed), "-o", coop.folder / "none.pdf") == 2
    assert "还没有有效的合格证" in coop.err
    assert not (coop.folder / "none.pdf").exists()


def test_batch_on_hold_is_refused_with_its_reasons(coop: Coop) -> None:
    assert coop(trace_code(coop.stopped), "--sign", "--contact", "1") == 1
    assert "on-hold" in coop.err or "暂停" in coop.err


def test_others_certificate_is_printed_where_the_party_has_none_of_its_own(coop: Coop) -> None:
    paper = coop.folder / "farm.pdf"
    (told,) = coop.json(trace_code(coop.lot), "-o", paper)
    assert told["statement"] == coop.farms.hash
    assert "F-1" in coop.words(paper)
