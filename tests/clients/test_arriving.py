"""Before goods from another log are taken in: its bundle holds, and it is clear which shipment is meant."""

from pathlib import Path

import pytest

from clients import cli
from clients.arriving import arriving
from clients.device import Device
from clients.errors import Usage
from ledger.canonical import Json
from ledger.identity import ChainId, StatementHash, mark, trace_code
from ledger.origin import Origin
from ledger.verdict import Invalid
from tests.bundles import bundle_of, pin_of
from tests.conformance.town import Town, lot, town
from tests.world import kg


@pytest.fixture
def there() -> Town:
    return town("log.example.org/there")


@pytest.fixture
def chain(there: Town) -> ChainId:
    return lot(there)


def ship(there: Town, chain: ChainId, **line: Json) -> StatementHash:
    goods: list[Json] = [{"batch": chain, **line}]
    return there.forge("ship", "farm", {"goods": goods, "receiver": there.parties["shop"]}, [chain]).hash


@pytest.mark.parametrize("called", [trace_code, mark, str])
def test_the_only_shipment_is_meant(there: Town, chain: ChainId, called: type[str]) -> None:
    shipment = ship(there, chain, quantity=kg("40"))
    made = bundle_of(there, chain)
    goods = arriving(made.text().encode(), [pin_of(there)], called(chain))
    assert goods.origin == Origin.drawn(made, chain, shipment)
    assert (goods.shipped, goods.sender) == (kg("40"), "farm")


def test_of_several_one_is_named(there: Town, chain: ChainId) -> None:
    hashes = [ship(there, chain), ship(there, chain)]
    data, pins = bundle_of(there, chain).text().encode(), [pin_of(there)]
    with pytest.raises(Usage) as unclear:
        arriving(data, pins, chain)
    assert (unclear.value.code, unclear.value.params["wanted"]) == ("shipment-which", ", ".join(hashes))
    assert arriving(data, pins, chain, hashes[0]).origin.statement == hashes[0]
    with pytest.raises(Usage, match="shipment-none"):
        arriving(data, pins, chain, chain)


def test_what_was_not_shipped_is_not_taken_in(there: Town, chain: ChainId) -> None:
    with pytest.raises(Usage, match="shipment-none"):
        arriving(bundle_of(there, chain).text().encode(), [pin_of(there)], chain)


def test_nothing_is_taken_from_a_bundle_that_does_not_hold(there: Town, chain: ChainId) -> None:
    ship(there, chain)
    with pytest.raises(Invalid):
        arriving(bundle_of(there, chain).text().encode(), [pin_of(town())], chain)


@pytest.fixture
def asked(tmp_path: Path, there: Town, chain: ChainId) -> list[str]:
    """The command's arguments for a bundle in a file, on a device of another log."""
    here = town()
    Device.create(tmp_path / "device", "http://127.0.0.1:9", pin_of(here), party=here.parties["shop"])
    (tmp_path / "pin.json").write_text(pin_of(there).text())
    ship(there, chain)  # which no service of ours would have taken
    (tmp_path / "lot.bundle.json").write_text(bundle_of(there, chain).text())
    product = f"--product={here.products['tomato']}"
    home = ["--home", str(tmp_path / "device"), "--lang", "en"]
    return ["intake-from", trace_code(chain), "--pin", str(tmp_path / "pin.json"), product, *home]


def test_it_is_said_what_is_lacking(asked: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = str(tmp_path / "lot.bundle.json")
    for more, wanted in (
        ([], "Give either"),
        (["--from", "http://127.0.0.1:9", "--bundle", file], "Give either"),
        (["--bundle", file], "does not say how much"),
        (["--bundle", file, "--shipment=x"], "There is no such shipment"),
    ):
        assert cli.run([*asked, *more], {}) == 2
        assert wanted in capsys.readouterr().err
