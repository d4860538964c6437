"""The main story, whole: a signed harvest becomes a label that anyone can check.

A registrar and six parties, each a process of its own with a key of its own, over HTTP against one service, on both
databases: planted, harvested, tested, promised for, shipped, made into sauce, stored, shipped on, sold. Then a
shopper's part, a stranger's, and a supervisor's.
"""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
import zxingcpp
from PIL import Image
from playwright.sync_api import Page
from sqlalchemy import select

from app.db import connect
from app.tables import disclosures
from clients.device import Device
from clients.notebook import Notebook
from ledger import b64u
from ledger.identity import ChainId, grouped, mark, trace_code
from ledger.keys import PrivateKey, PublicKey
from ledger.policy import Pin
from ledger.statement import parse
from tests.parts.foreign import base64, check
from tests.parts.party import Party, Stated, party
from tests.parts.processes import free_port
from tests.parts.service import serving

ORIGIN = "trace.example.org/story"
SIX = {
    "coop": ("清河蔬菜合作社", "coop", "farm"),
    "plant": ("清河食品厂", "company", "processor"),
    "store": ("清河冷库", "company", "warehouse"),
    "carrier": ("清河物流", "company", "carrier"),
    "shop": ("城关门市部", "company", "shop"),
    "lab": ("清河检测站", "lab", "lab"),
}
SEALED = {
    "person": "王小芳",
    "plate": "示A·88888",
    "driver": "赵师傅",
    "price": "每罐 18.50 元",
    "order_no": "ORDER-7788",
    "sampler": "林检验",
    "seal": "SEAL-4711",
    "note": "只给同行看的备注",
}
POSITION = {"lat": "18.412345", "lon": "128.154321"}


def gengji(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [Path(sys.executable).with_name("gengji"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=120)


def told(*arguments: str | Path) -> Any:
    done = gengji(*arguments, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@dataclass
class County:
    """The service's address, its data folder and database; the processes by name, and the ids that they gave out."""

    url: str
    data: Path
    database_url: str
    folder: Path
    opened: ExitStack
    parties: dict[str, Party] = field(default_factory=dict)
    ids: dict[str, str] = field(default_factory=dict)

    def enrol(self, name: str, profile: Mapping[str, str], roles: Sequence[str], by: Party) -> None:
        """Its key is made by the command line, registered by ``by``; from then on it is a process of its own."""
        home = self.folder / name
        options = ["--home", home, "--url", self.url]
        key = told("keygen", *options, "--policy", self.data / "policy.json")["key"]
        fields = {"keys": [key], "roles": [*roles], "profile": {**profile, "division": "990101", "side": "agriculture"}}
        self.ids[name] = by.state("party.register", fields).chain
        told("keygen", "--home", home, f"--party={self.ids[name]}")  # an id may begin with a dash
        self.parties[name] = self.opened.enter_context(party(home))

    def root(self, name: str) -> Party:
        pin = Pin.parse((self.data / "policy.json").read_text())
        key = PrivateKey.from_pem((self.data / "keys" / f"{name}.pem").read_bytes())
        Device.create(self.folder / name, self.url, pin, party=pin.root, key=key)
        return self.opened.enter_context(party(self.folder / name))

    def __getitem__(self, name: str) -> Party:
        return self.parties[name]


@pytest.fixture
def county(database_url: str, tmp_path: Path) -> Iterator[County]:
    data, port = tmp_path / "var", free_port()
    url = f"http://127.0.0.1:{port}"
    where = ["--data", data, "--database-url", database_url]
    done = gengji("init", "--origin", ORIGIN, "--public-url", url, *where)
    assert done.returncode == 0, done.stderr
    with ExitStack() as opened:
        opened.enter_context(serving(data, database_url, port=port))
        county = County(url, data, database_url, tmp_path / "parties", opened)
        first, second = county.root("root-2"), county.root("root-3")
        county.enrol("registrar", {"name": "登记窗口", "type": "authority"}, [], first)
        act = first.state("role.grant", {"role": "registrar"}, [county.ids["registrar"]])
        second.state("role.grant", {"confirms": act.hash}, [county.ids["registrar"]])
        for name, (called, type_, role) in SIX.items():
            county.enrol(name, {"name": called, "type": type_}, [role], county["registrar"])
        yield county


def kg(amount: int) -> dict[str, str]:
    return {"unit": "kg", "value": str(amount)}


def some(amount: int, *batches: str) -> list[dict[str, Any]]:
    return [{"batch": batch, "quantity": kg(amount)} for batch in batches]


def hand_over(county: County, sender: str, receiver: str, batch: str, amount: int, short: int = 0) -> Stated:
    """Shipped, loaded, unloaded, received: four statements by three parties; gives the receiver's."""
    shipment = county[sender].state(
        "ship",
        {
            "goods": some(amount, batch), "receiver": county.ids[receiver], "carrier": county.ids["carrier"],
            "plate": SEALED["plate"], "seal": SEALED["seal"], "person": SEALED["person"],
        },
    ).hash  # fmt: skip
    for kind in ("load", "unload"):
        county["carrier"].state(
            kind, {"shipment": shipment, "plate": SEALED["plate"], "driver": SEALED["driver"]}, [batch]
        )
    lost = [{**some(short, batch)[0], "reason": "damaged"}] if short else None
    fields = {"shipment": shipment, "goods": some(amount - short, batch), "certificate_checked": True}
    fields |= {"short": lost} if lost else {}
    return county[receiver].state("receive", fields)


@dataclass(frozen=True)
class Told:
    """The batches of the story, and its last statement."""

    planting: str
    lot: str
    sauce: str
    sale: Stated


def tell(county: County) -> Told:
    coop, plant, store, shop = (county[name] for name in ("coop", "plant", "store", "shop"))
    named = {"township": "清溪镇", "division": "990101"}
    field_ = coop.state("place.add", {"name": "一号地", "kind": "plot", "position": POSITION, **named}).chain
    tomato = coop.state("product.add", {"names": {"zh": "番茄", "en": "Tomato"}, "own_code": "FQ", "base_unit": "kg"})
    sauce_ = plant.state(
        "product.add", {"names": {"zh": "番茄酱", "en": "Tomato sauce"}, "gtin": "2990000000019", "base_unit": "kg"}
    )
    person = {"person": SEALED["person"]}
    planting = coop.state(
        "plant",
        {"outputs": [{"product": tomato.chain, "quantity": {"unit": "mu", "value": "6"}}], "place": field_, **person},
    ).chain
    lot = coop.state(
        "harvest",
        {
            "inputs": [{"batch": planting}], "place": field_, "origin": "清溪镇",
            "outputs": [{"product": tomato.chain, "quantity": kg(1000), "lot": "FQ-1", "grade": "一级"}],
            "note": SEALED["note"], **person,
        },
    ).chain  # fmt: skip
    item = {
        "analyte": "吡虫啉",
        "value": "0.03",
        "unit": "mg/kg",
        "limit": "0.5",
        "limit_source": "示例数据",
        "passed": True,
    }
    test = county["lab"].state(
        "test",
        {
            "sample_no": "S-1", "type": "quantitative", "items": [item], "conclusion": "pass",
            "sampler": SEALED["sampler"], **person,
        },
        [lot],
    )  # fmt: skip
    coop.state(
        "certify",
        {
            "goods": some(1000, lot), "form": "own", "product_name": "番茄", "origin": "清溪镇", "issued": "2026-07-20",
            "basis": ["commissioned"], "tests": [test.hash],
        },
    )  # fmt: skip
    hand_over(county, "coop", "plant", lot, 1000, short=5)
    sauce = plant.state(
        "process",
        {
            "inputs": some(995, lot), "loss": kg(395), **person,
            "outputs": [{"product": sauce_.chain, "quantity": kg(600), "lot": "J-1"}],
        },
    ).chain  # fmt: skip
    hand_over(county, "plant", "store", sauce, 600)
    store.state("store", {"location": "A-1", "temperature": {"unit": "C", "value": "4"}, **person}, [sauce])
    hand_over(county, "store", "shop", sauce, 400)
    sale = shop.state(
        "sell",
        {
            "goods": some(150, sauce), "channel": "shop", "order_no": SEALED["order_no"], "price": SEALED["price"],
            **person,
        },
    )  # fmt: skip
    return Told(planting, lot, sauce, sale)


def test_the_whole_story(county: County, phone: Page, foreign: Path, tmp_path: Path) -> None:
    story = tell(county)
    assert story.sale.findings == []
    everything_is_somewhere(county, story)
    a_shopper_reads_the_label(county, story, phone, tmp_path)
    a_stranger_sees_nothing_sealed(county, story)
    foreign_code_agrees(county, foreign)
    done = gengji("audit", "--data", county.data, "--database-url", county.database_url)
    assert done.returncode == 0, done.stdout + done.stderr


def everything_is_somewhere(county: County, story: Told) -> None:
    def where(batch: str) -> dict[tuple[str, str], str]:
        rows = httpx.get(f"{county.url}/v1/batches/{batch}/holdings").raise_for_status().json()
        names = {chain: name for name, chain in county.ids.items()}
        return {(row["account"], names[row["owner"]["id"]]): row["amount"] for row in rows}

    assert where(story.lot) == {("consumed", "plant"): "995", ("lost", "coop"): "5"}
    assert where(story.sauce) == {
        ("held", "store"): "200",
        ("held", "shop"): "250",
        ("sold", "shop"): "150",
    }
    graph = told("trace", trace_code(ChainId(story.sauce)), "--back", "--url", county.url)
    assert {node["chain"] for node in graph["nodes"]} == {story.sauce, story.lot, story.planting}
    assert {(edge["parent"], edge["child"]) for edge in graph["edges"]} == {
        (story.planting, story.lot),
        (story.lot, story.sauce),
    }


def a_shopper_reads_the_label(county: County, story: Told, phone: Page, folder: Path) -> None:
    code = trace_code(ChainId(story.sauce))
    label = folder / "label.png"
    told("label", code, "--format", "png", "-o", label, "--url", county.url)
    (symbol,) = zxingcpp.read_barcodes(Image.open(label), formats=zxingcpp.BarcodeFormat.QRCode)
    assert mark(ChainId(story.sauce)) in symbol.text
    assert symbol.text.startswith(county.url)
    answer = phone.goto(symbol.text)
    assert answer
    assert answer.ok
    text = phone.inner_text("body")
    for shown in ("番茄酱", "600", "清河食品厂", "清河蔬菜合作社", "吡虫啉", grouped(code)):
        assert shown in text
    assert "演示" not in text


def a_stranger_sees_nothing_sealed(county: County, story: Told) -> None:
    """Whatever can be had without signing in, and the public form still verifies."""
    engine = connect(county.database_url)
    with engine.connect() as connection:
        kept = [
            json.loads(b64u.decode(text)) for text in connection.execute(select(disclosures.c.disclosure)).scalars()
        ]
    engine.dispose()
    assert {name: value for _, name, value in kept} == {**SEALED, "position": POSITION}, "or there is nothing to find"
    size = int(httpx.get(f"{county.url}/log/checkpoint").text.splitlines()[1])
    batches = (story.planting, story.lot, story.sauce)
    pages = [f"/log/statements/0-{size - 1}", "/v1/changes", "/v1/batches", "/v1/places", "/v1/products"]
    pages += [f"/v1/batches/{batch}{part}" for batch in batches for part in ("", "/events", "/lineage", "/holdings")]
    pages += [f"/t/{mark(ChainId(batch))}" for batch in batches] + [
        f"/v1/parties/{chain}" for chain in county.ids.values()
    ]
    answers = [httpx.get(county.url + page, headers={"accept": accept}, follow_redirects=True)
               for page in pages for accept in ("application/json", "text/html")]  # fmt: skip
    assert {answer.status_code for answer in answers} == {200}
    lines = [json.loads(line) for line in answers[0].text.splitlines()]
    signed = [parse(line["statement"]) for line in lines]
    readable = [b64u.decode(statement.jws.split(".")[1]).decode() for statement in signed]
    said = "".join([*readable, *(answer.text for answer in answers), *(str(answer.headers) for answer in answers)])
    assert not [text for text in (*SEALED.values(), *POSITION.values()) if text in said]
    keys: dict[str, PublicKey] = {}
    for statement in signed:
        for number, key in enumerate(statement.body.get("keys", ())):
            public = PublicKey.from_jwk(key["jwk"], f"keys[{number}]")
            keys[public.kid] = public
        statement.verify(keys[statement.kid])


def foreign_code_agrees(county: County, foreign: Path) -> None:
    """Every receipt of the shop's proves its entries to code that this project did not write."""
    pin = Pin.parse((county.data / "policy.json").read_text())
    with Notebook(Device.open(county["shop"].folder)) as notebook:
        receipts = [notebook.receipt(kept.hash) for kept in notebook.all("receipted")]
    assert len(receipts) == 2
    for receipt in receipts:
        assert receipt
        for proven in receipt.entries:
            question = {
                "vkey": str(pin.policy.log),
                "note": receipt.checkpoint,
                "leaf": base64(proven.entry.text().encode()),
                "index": proven.index,
                "proof": [base64(hash_) for hash_ in proven.proof],
            }
            answer = check(foreign, question)
            assert (answer.returncode, answer.stderr) == (0, "")
            assert check(foreign, {**question, "index": proven.index - 1}).returncode == 1
    newest = httpx.get(f"{county.url}/log/checkpoint").text
    assert check(foreign, {"vkey": str(pin.policy.log), "note": newest}).returncode == 0
