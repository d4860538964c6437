"""Contacts: kept by their party, their secrets encrypted, few enough, and of addresses that can be sent to."""

import pytest
from sqlalchemy import select

from app.errors import Conflict, NotFound
from app.notices.contacts import MOST
from app.tables import contacts
from ledger.errors import Malformed
from tests.app.notices.telling import Telling


def test_a_secret_is_shown_once_and_lies_encrypted(county: Telling) -> None:
    contact, secret = county.contacts.add(county.party("coop"), "webhook", "https://example.com/in", county.clock())
    assert secret.startswith("whsec_")
    with county.town.engine.connect() as connection:
        row = connection.execute(select(contacts)).one()
    assert secret not in str(row)
    assert county.contacts.secret(contact.contact_id, row.secret) == secret
    assert secret not in str(county.contacts.listed())


def test_a_party_sees_and_removes_its_own_only(county: Telling) -> None:
    one, other = county.contact("coop"), county.contact("shop")
    assert [found.contact_id for found in county.contacts.listed(county.party("coop"))] == [one]
    with pytest.raises(NotFound, match="no-contact"):
        county.contacts.remove(other, county.party("coop"), 0)
    county.contacts.remove(one, county.party("coop"), 0)
    assert [found.contact_id for found in county.contacts.listed()] == [other]


def test_the_same_address_twice_and_too_many_are_refused(county: Telling) -> None:
    county.contact("coop")
    with pytest.raises(Conflict, match="contact-taken"):
        county.contact("coop", " https://example.com/in ")
    for number in range(MOST - 1):
        county.contact("coop", f"https://example.com/{number}")
    with pytest.raises(Conflict, match="contacts-many"):
        county.contact("coop", "https://example.com/more")
    county.contact("shop")


@pytest.mark.parametrize(
    ("channel", "address", "code"),
    [
        ("pigeon", "roof", "contact-channel"),
        ("webhook", "ftp://party.example/", "contact-url"),
        ("webhook", "https://10.0.0.7/", "contact-private"),
        ("email", "nobody", "contact-mail"),
        ("email", "li.na@example.com", "mail-off"),
    ],
)
def test_what_can_t_be_sent_to_is_refused(county: Telling, channel: str, address: str, code: str) -> None:
    with pytest.raises((Malformed, Conflict), match=code):
        county.contact("coop", address, channel)
    assert county.contacts.listed() == []
    assert county.rows() == []


def test_in_a_demonstration_http_goes_to_this_machine_only(county: Telling) -> None:
    async def elsewhere(host: str, port: int) -> list[str]:
        return ["1.1.1.1"]

    county.contact("coop", "http://party.example/")
    county.send(names=elsewhere)
    assert county.rows()[0]["error"] == "private party.example"


def test_the_latest_notice_to_each_is_shown_beside_it(county: Telling) -> None:
    county.contact("coop")
    (one,) = county.contacts.listed()
    assert one.last
    assert (one.last.event, one.last.state, one.last.error) == ("welcome", "waiting", None)
