"""What the county is made of holds together, before anything is loaded."""

from clients.demo.county import ACCOUNTS, PARTIES, REGISTRAR
from clients.demo.supplies import BOUGHT, FEED, LIMIT_SOURCE, MEDICINE, PANELS, SUPPLIES
from labels.digital_link import is_gtin


def test_it_has_who_the_story_needs() -> None:
    roles = [role for party in PARTIES for role in party.roles]
    types = [party.type for party in PARTIES]
    assert (types.count("coop"), types.count("household")) == (3, 3)
    wanted = {"processor": 3, "warehouse": 2, "carrier": 2, "shop": 3, "lab": 1, "inspector": 2}
    assert {role: roles.count(role) for role in wanted} == wanted


def test_names_and_codes_are_unique_and_nobodys() -> None:
    products = [product for party in PARTIES for product in party.products]
    for names in (
        [party.name for party in (*PARTIES, REGISTRAR)],
        [place.name for party in PARTIES for place in party.places],
        [product.name for product in products],
        [product.code for product in products],
        [account.login for account in ACCOUNTS],
    ):
        assert len(names) == len(set(names))
    gtins = [product.code for product in products if product.gtin]
    assert gtins
    assert all(is_gtin(gtin) and gtin.startswith("29") for gtin in gtins)


def test_everybody_works_somewhere_and_is_entered_for_by_somebody_with_a_device() -> None:
    by_key = {party.key: party for party in PARTIES}
    for party in PARTIES:
        assert party.people
        assert party.places or party.type == "authority"
        assert party.agent is None or by_key[party.agent].agent is None
        assert all(other in by_key for product in party.products for other in product.may)
    assert {account.party for account in ACCOUNTS} <= {*by_key, REGISTRAR.key}
    assert BOUGHT.keys() <= by_key.keys()


def test_inputs_and_limits_say_that_they_are_examples() -> None:
    assert all(
        "示例" in supply.name and "示例" in supply.registration_no for supply in (*SUPPLIES.values(), FEED, MEDICINE)
    )
    assert "示例" in LIMIT_SOURCE
    assert all("示例" in method for method, _ in PANELS.values())
    assert {name for bought in BOUGHT.values() for name in bought} <= SUPPLIES.keys()
