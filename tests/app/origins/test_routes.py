"""Another log's bundle for an intake here: taken if it bears that out, kept while nothing better comes, carried on."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from app.main import create_app
from app.origins.pins import add_pin
from ledger import b64u, bundle
from ledger.bundle import MAX_BYTES, Bundle
from ledger.canonical import Json
from ledger.identity import ChainId, StatementHash
from ledger.origin import Origin, head_of
from ledger.verify import verify
from tests.app.seeding import seed
from tests.app.visiting import Visitor, visiting
from tests.bundles import bundle_of, daily_heads, pin_of
from tests.conformance.town import Town, lot, observed, town
from tests.world import kg

THERE, HERE, THIRD = (f"log.example.org/{name}" for name in ("there", "here", "third"))


def shipped(made: Town, chain: ChainId, value: str = "40", unit: str = "kg") -> StatementHash:
    goods: list[Json] = [{"batch": chain, "quantity": kg(value, unit)}]
    body: dict[str, Json] = {"goods": goods, "receiver": made.parties["shop"]}
    return made.state("ship", "farm", body, [chain], {"plate": "川A·12345"}).hash


def drawn(made: Town, chain: ChainId, shipment: StatementHash) -> Origin:
    head = made.checkpoint()
    return Origin(made.log, shipment, chain, head.size, b64u.encode(head.root))


@dataclass
class Border:
    """Goods from the log there taken in by the log here, whose service ``visitor`` asks."""

    there: Town
    here: Town
    lot: ChainId
    intake: StatementHash
    batch: ChainId
    data: Path
    visitor: Visitor

    def bring(self, made: Bundle | bytes, intake: str = "") -> tuple[int, str]:
        data = made if isinstance(made, bytes) else made.text().encode()
        answer = self.visitor.ask("POST", f"/v1/origins?intake={intake or self.intake}", {}, content=data)
        return answer.status_code, str(answer.json().get("code", ""))

    def carried(self) -> Bundle:
        return bundle.parse(self.visitor.get(f"/v1/batches/{self.batch}/bundle").content)

    def event(self) -> dict[str, Any]:
        told: dict[str, Any] = self.visitor.get(f"/v1/batches/{self.batch}/events", {}).json()[0]
        return told

    def findings(self) -> list[str]:
        return [found["code"] for found in self.event()["findings"]]


@pytest.fixture
def crossing(tmp_path: Path, database_url: str) -> Iterator[Callable[..., Border]]:
    """A border over which goods came; what the intake says may be changed, and how much is taken in."""
    opened = []

    def cross(change: Callable[[Origin], Origin] = lambda one: one, taken: str = "40", **sent: str) -> Border:
        sender, here = town(THERE), town(HERE)
        chain = lot(sender)
        origin = change(drawn(sender, chain, shipped(sender, chain, **sent)))
        body: dict[str, Json] = {"from": origin.body(), "outputs": [here.output("tomato", taken)]}
        intake = here.state("intake", "shop", body)
        settings = seed(tmp_path / "data", here, database_url)
        add_pin(settings.data, pin_of(sender))
        life = visiting(create_app(settings))
        visitor = life.__enter__()
        opened.append(life)
        return Border(sender, here, chain, intake.hash, intake.created[0], settings.data, visitor)

    yield cross
    for life in opened:
        life.__exit__(None, None, None)


@pytest.fixture
def border(crossing: Callable[..., Border]) -> Border:
    return crossing()


def test_what_bears_the_intake_out_is_kept_and_carried(border: Border) -> None:
    assert border.findings() == ["origin-unverified"]
    assert border.carried().others == ()
    assert border.bring(bundle_of(border.there, border.lot)) == (201, "")
    assert border.findings() == []
    arrival = border.event()["arrival"]
    assert (arrival["verified"], arrival["sender"], arrival["size"]) == (True, "farm", len(border.there.entries))
    made = border.carried()
    (other,) = made.others
    assert head_of(other).origin == THERE
    verdict = verify(made.text(), [pin_of(border.here), pin_of(border.there)], asked=border.batch)
    assert [one.checkpoint.origin for one in verdict.others] == [THERE]


def test_again_it_changes_nothing(border: Border) -> None:
    made = bundle_of(border.there, border.lot)
    border.bring(made)
    before = border.carried().others
    assert border.bring(made) == (200, "")
    assert border.carried().others == before


def test_a_newer_one_takes_its_place_and_an_older_one_does_not(border: Border) -> None:
    size = len(border.there.entries)
    first = bundle_of(border.there, border.lot)
    observed(border.there, border.lot)
    newer = bundle_of(border.there, border.lot, since=[size])
    assert border.bring(first)[0] == 201
    assert border.bring(newer)[0] == 201
    assert border.carried().others == (newer,)
    assert border.bring(first)[0] == 200
    assert border.carried().others == (newer,)


def test_one_that_says_less_does_not_take_its_place(border: Border) -> None:
    size = len(border.there.entries)
    daily = daily_heads(border.there)
    full = bundle_of(border.there, border.lot, since=[size], daily=daily)
    observed(border.there, border.lot)
    bare = bundle_of(border.there, border.lot, since=[size])
    assert border.bring(full)[0] == 201
    assert border.bring(bare)[0] == 200
    assert border.carried().others == (full,)


def test_what_was_sealed_there_is_not_kept(border: Border) -> None:
    sealed = [one for disclosures in border.there.disclosures.values() for one in disclosures]
    made = bundle_of(border.there, border.lot, disclosures=sealed)
    assert made.disclosures
    assert border.bring(made)[0] == 201
    assert "12345" not in border.carried().text()
    assert border.carried().others[0].disclosures == ()


def test_only_what_an_intake_here_names_is_taken(border: Border) -> None:
    made = bundle_of(border.there, border.lot)
    for other in (border.here.statements[-2].hash, b64u.encode(bytes(32))):
        assert border.bring(made, other) == (404, "no-intake")
    assert border.bring(made, "x") == (422, "b64u")


def test_without_the_pin_the_operator_is_named(border: Border) -> None:
    for path in (border.data / "pins").iterdir():
        path.unlink()
    assert border.bring(b"") == (409, "origin-pin"), "before anything is read"


def test_it_is_verified_with_that_pin(border: Border) -> None:
    made = bundle_of(border.there, border.lot)
    assert border.bring(b"{}") == (422, "rejected")
    forged = replace(made, entries=(replace(made.entries[0], proof=made.entries[1].proof), *made.entries[1:]))
    assert border.bring(forged) == (422, "rejected")
    stranger = town(THERE)
    stranger.register("extra", "farm")
    assert border.bring(bundle_of(stranger, lot(stranger))) == (422, "rejected"), "about something else"
    assert border.findings() == ["origin-unverified"]


def test_more_than_a_bundle_can_be_is_not_read_on(border: Border) -> None:
    assert border.bring(b" " * (MAX_BYTES + 1)) == (413, "size")


def test_one_from_before_the_goods_came_is_refused(border: Border) -> None:
    before = replace(border.there)
    before.entries = border.there.entries[:-1]
    before.statements = border.there.statements[:-1]
    assert border.bring(bundle_of(before, border.lot)) == (422, "origin-older")


def test_a_head_that_never_was_is_found_out(crossing: Callable[..., Border]) -> None:
    border = crossing(lambda one: replace(one, root=b64u.encode(bytes(32))))
    assert border.bring(bundle_of(border.there, border.lot)) == (422, "rejected")


def test_a_shipment_that_never_was_is_found_out(crossing: Callable[..., Border]) -> None:
    border = crossing(lambda one: replace(one, statement=StatementHash(b64u.encode(bytes(32)))))
    assert border.bring(bundle_of(border.there, border.lot)) == (422, "origin-absent")


def test_what_was_no_shipment_is_found_out(crossing: Callable[..., Border]) -> None:
    made = town(THERE)
    lot(made)
    harvest = made.statements[-1].hash
    border = crossing(lambda one: replace(one, statement=harvest))
    assert border.bring(bundle_of(border.there, border.lot)) == (422, "origin-shipment")


def test_a_batch_of_another_log_than_it_says_is_found_out(crossing: Callable[..., Border]) -> None:
    third = town(THIRD)
    chain = lot(third)
    shipment = shipped(third, chain)
    border = crossing(lambda one: replace(one, chain=chain, statement=shipment))
    add_pin(border.data, pin_of(third))
    assert border.bring(bundle_of(third, chain)) == (422, "origin-other")


@pytest.mark.parametrize(
    ("taken", "sent", "wanted"),
    [
        ("40", {"value": "40"}, []),
        ("41", {"value": "40"}, ["origin-reused"]),
        ("41", {"value": "2", "unit": "box"}, []),
    ],
)
def test_how_much_is_held_against_what_was_shipped(
    crossing: Callable[..., Border], taken: str, sent: dict[str, str], wanted: list[str]
) -> None:
    border = crossing(taken=taken, **sent)
    assert border.bring(bundle_of(border.there, border.lot))[0] == 201
    assert border.findings() == wanted
    if wanted:
        assert "40 kg" in border.event()["findings"][0]["text"]["en"]


def test_a_correction_to_more_than_was_shipped_is_found(border: Border) -> None:
    border.bring(bundle_of(border.there, border.lot))
    new: dict[str, Json] = {"outputs": [border.here.output("tomato", "400")]}
    body: dict[str, Json] = {"statement": border.intake, "reason": "过磅", "new": new}
    wrong = border.here.statement("correct", "shop", body, [border.batch])
    headers = {"content-type": "application/jose"}
    answer = border.visitor.ask("POST", "/v1/statements", headers, content=border.here.presentation(wrong))
    assert answer.status_code == 201, answer.text
    intake = border.visitor.get(f"/v1/batches/{border.batch}/events", {}).json()[0]
    (reused,) = [found for found in intake["findings"] if found["code"] == "origin-reused"]
    assert reused["params"]["short"] == "360"


def test_a_page_that_was_read_before_says_it_at_once(border: Border) -> None:
    path = f"/t/{border.batch}?lang=zh"
    assert "来源尚未核验" in border.visitor.get(path).text
    border.bring(bundle_of(border.there, border.lot))
    assert "来源已在这里核验" in border.visitor.get(path).text


def test_goods_that_crossed_two_borders(tmp_path: Path, database_url: str) -> None:
    """What the sender's log carries of yet another one is carried on, and eight logs deep is where it ends."""
    made = town("log.example.org/0")
    chain = lot(made)
    carried: Bundle | None = None
    for number in range(1, 10):
        origin = drawn(made, chain, shipped(made, chain))
        carried = origin.completed(bundle_of(made, chain, others=filter(None, [carried])))
        made_before, made = made, town(f"log.example.org/{number}")
        body: dict[str, Json] = {"from": origin.body(), "outputs": [made.output("tomato", "40")]}
        intake = made.state("intake", "farm", body)
        chain = intake.created[0]
        if number not in (2, 9):
            continue
        settings = seed(tmp_path / f"{number}", made, database_url if number == 2 else "")
        add_pin(settings.data, pin_of(made_before))
        with visiting(create_app(settings)) as visitor:
            answer = visitor.ask("POST", f"/v1/origins?intake={intake.hash}", {}, content=carried.text())
            if number == 9:
                assert (answer.status_code, answer.json()["code"]) == (422, "depth")
                continue
            assert answer.status_code == 201
            whole = bundle.parse(visitor.get(f"/v1/batches/{chain}/bundle").content)
            assert [len(one.others) for one in whole.others] == [1]
