"""A record typed as words is the record that a file of JSON lines would have held."""

import json
from pathlib import Path
from typing import Any

import pytest

from clients import words
from clients.client import Client
from clients.commands import Options, sign
from clients.draft import Draft
from clients.errors import Refused
from ledger import records
from ledger.canonical import Json
from ledger.identity import ChainId, grouped, mark, trace_code
from tests.clients.honest import Service
from tests.examples import DIGEST, Example, examples
from tests.world import World, county, harvested, kg, planted


def drafted(client: Client, *typed: str) -> Draft:
    line = words.read(client, typed)
    if line.error:
        raise line.error
    assert line.draft is not None
    return line.draft


@pytest.fixture
def lot(client: Client, world: World) -> ChainId:
    """A lot that this device has made and not sent yet."""
    body: dict[str, Json] = {"outputs": [{"product": world.products["tomato"], "quantity": kg("1250.5")}]}
    return client.state("intake", body, at="2026-03-01T08:00:00Z").statement.created[0]


def test_a_hold_on_a_batch_by_any_of_its_names(client: Client, lot: ChainId) -> None:
    for name in (lot, mark(lot), trace_code(lot), grouped(trace_code(lot)), f"https://trace.example.org/t/{mark(lot)}"):
        draft = drafted(client, "hold", f"on={name}", "reason=检测未出结果", "until=2026年3月9日")
        assert (draft.kind, draft.on) == ("hold", (lot,))
        assert draft.body == {"reason": "检测未出结果", "until": "2026-03-09"}


def test_values_are_written_as_in_a_sheet_and_sealed_where_they_must_be(client: Client, lot: ChainId) -> None:
    draft = drafted(
        client,
        *("sell", f"goods.batch={lot}", "goods.quantity=10 kg", "channel=摊位"),
        *("at=2026-03-02 09:30", "buyer=周八", "refs.type=小票", "refs.number=7"),
    )
    assert draft.at == "2026-03-02T01:30:00Z"
    assert draft.body == {"goods": [{"batch": lot, "quantity": kg("10")}], "channel": "stall"}
    assert draft.sealed == {"buyer": "周八", "refs": [{"type": "小票", "number": "7"}]}
    assert draft.on == (lot,)


def test_lists_grow_by_saying_a_name_again_or_in_one_value(client: Client, lot: ChainId) -> None:
    draft = drafted(
        client,
        *("certify", f"goods.batch={trace_code(lot)}", "goods.quantity=5公斤", "form=own", "product_name=番茄"),
        *("origin=彭州", "issued=2026-03-03", "basis=质量安全控制符合要求、commissioned", f"tests={DIGEST}"),
        *("parents.number=H-1", "parents.number=H-2", f"parents.statement={DIGEST}", "contact=028"),
    )
    assert draft.body["basis"] == ["control", "commissioned"]
    assert draft.body["parents"] == [{"number": "H-1"}, {"number": "H-2", "statement": DIGEST}]
    assert draft.body["tests"] == [DIGEST]
    again = drafted(
        client, "apply", f"on={lot},{DIGEST}", "name=x", "ingredients=吡虫啉", "ingredients=阿维菌素，氯氟氰菊酯"
    )
    assert again.body["ingredients"] == ["吡虫啉", "阿维菌素", "氯氟氰菊酯"]
    assert again.on == tuple(sorted((lot, DIGEST)))


def test_json_where_words_would_be_many(client: Client, lot: ChainId) -> None:
    goods: list[Json] = [{"batch": lot, "quantity": kg("3")}]
    draft = drafted(client, "ship", f"goods={json.dumps(goods)}", f"receiver={DIGEST}", "temperature_range.low=-2 C")
    assert draft.body["goods"] == goods
    assert draft.body["temperature_range"] == {"low": kg("-2", "C")}
    correction = drafted(client, "correct", f"statement={DIGEST}", "reason=填错", "new.cooling=冰水", "new.inputs=[]")
    assert correction.body["new"] == {"cooling": "冰水", "inputs": []}


def test_products_and_places_by_name_parties_by_the_devices_own_list(
    client: Client, service: Service, tmp_path: Path
) -> None:
    world = service.world
    client.state("place.add", {"name": "东仓", "kind": "store", "division": "510182", "township": "丹景山镇"})
    draft = drafted(client, "intake", "outputs.product=TOMATO", "outputs.quantity=10 kg", "place=东仓")
    assert draft.body["outputs"] == [{"product": world.products["tomato"], "quantity": kg("10")}]
    (client.notebook.device.folder / "parties.toml").write_text(f'"王记粮油" = "{world.parties["shop"]}"\n', "utf-8")
    ship = drafted(client, "ship", f"goods.batch={DIGEST}", "goods.quantity=1 kg", "receiver=王记粮油")
    assert ship.body["receiver"] == world.parties["shop"]


@pytest.mark.parametrize(
    ("typed", "code", "path"),
    [
        (("hold", "reason"), "word-form", None),
        (("hold", "=x"), "word-form", None),
        (("hold", "reason=a", "reason=b"), "word-twice", None),
        (("hold", "colour=red"), "unknown", "body.colour"),
        (("sell", "goods.colour=red"), "unknown", "body.goods.colour"),
        (("sell", "channel.inside=x"), "unknown", "body.channel.inside"),
        (("sell", "goods=[1"), "json", "body.goods"),
        (("ship", "receiver=nobody"), "unknown-party", "body.receiver"),
        (("intake", "outputs.product=no such thing"), "unknown-product", "body.outputs.product"),
        (("hold", "on=96771234567890123456"), "code-check", None),
    ],
)
def test_what_is_wrong_is_said_of_the_line(client: Client, typed: tuple[str, ...], code: str, path: str | None) -> None:
    line = words.read(client, typed)
    assert line.draft is None
    assert line.error is not None
    assert line.error.code == code
    if path:
        assert line.error.params["path"] == path


def test_what_is_no_value_is_left_to_the_kind(client: Client, lot: ChainId) -> None:
    draft = drafted(client, "sell", f"goods.batch={lot}", "goods.quantity=plenty", "channel=moon")
    assert draft.body == {"goods": [{"batch": lot, "quantity": "plenty"}], "channel": "moon"}


def test_a_batch_that_only_the_service_knows(client: Client, world: World) -> None:
    with pytest.raises(Refused):
        words.read(client, ["hold", f"on={trace_code(ChainId(DIGEST))}"])


def test_typed_twice_it_happened_twice_and_a_file_of_that_name_is_a_file(
    client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert drafted(client, "observe", "weather=晴").source != drafted(client, "observe", "weather=晴").source
    monkeypatch.chdir(tmp_path)
    assert words.typed(["observe", "weather=晴"])
    assert not words.typed(["observe.jsonl"])
    assert not words.typed([])
    Path("observe").write_text("{}")
    assert not words.typed(["observe"])


def test_the_command_takes_words(client: Client, lot: ChainId, capsys: pytest.CaptureFixture[str]) -> None:
    folder = client.notebook.device.folder
    assert sign(["observe", f"on={lot}", "weather=晴", "at=2026-03-02T01:00:00Z"], options=Options(home=folder)) == 0
    assert "observe" in capsys.readouterr().out
    assert sign(["observe", f"on={lot}", "wether=晴"], options=Options(home=folder, json=True)) == 1
    assert "unknown" in capsys.readouterr().out


WORLD = county()
PLANTING = planted(WORLD)
TABLE = examples(WORLD, PLANTING, harvested(WORLD, PLANTING))


def said(name: str, value: Any) -> list[str]:
    """The words for a value, as a person would type them."""
    if isinstance(value, list) and len({tuple(one) for one in value if isinstance(one, dict)}) > 1:
        return [f"{name}={json.dumps(value)}"]
    if isinstance(value, list) and all(isinstance(one, dict) for one in value):
        return [word for one in value for word in said(name, one)]
    if isinstance(value, dict) and value.keys() == {"unit", "value"}:
        return [f"{name}={value['value']} {value['unit']}"]
    if isinstance(value, dict):
        return [word for inner, one in value.items() for word in said(f"{name}.{inner}", one)]
    if isinstance(value, list):
        return [f"{name}={','.join(value)}"]
    return [f"{name}={'是' if value is True else '否' if value is False else value}"]


def files_of(kind: str) -> set[str]:
    return records.ATTACHING & records.KINDS[kind].by_name.keys()


@pytest.mark.parametrize("kind", [kind for kind in records.KINDS if records.KINDS[kind].stage != "registry"])
def test_every_field_of_every_kind_can_be_typed(client: Client, kind: str) -> None:
    """Files are named by their paths and tried elsewhere."""
    example: Example = TABLE[kind]
    values = {name: value for name, value in {**example.body, **example.sealed}.items() if name not in files_of(kind)}
    typed = [word for name, value in values.items() for word in said(name, value)]
    draft = drafted(client, kind, *typed, *(f"on={chain}" for chain in example.on))
    assert {**draft.body, **draft.sealed} == values
    assert set(draft.on) == set(example.on)
