"""Sending: at least once, by one at a time, tried again later and later, and in the end given up with its reason."""

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import update

from app.config import Mail
from app.notices import outbox as box
from app.notices.outbox import BACK_OFF, LEASE, TRIES, Queued, claim, queue, state, told
from app.notices.sending import Sending
from app.notices.webhook import Poster
from app.tables import outbox
from ledger.identity import ChainId
from tests.app.notices.receiving import PostOffice, Program, program
from tests.app.notices.telling import Telling, telling
from tests.app.seeding import LOG_ID

MINUTE = 60


def standing(county: Telling) -> list[tuple[str, str | None]]:
    return [(state(row["done"], row["error"]), row["error"]) for row in county.rows()]


def test_a_first_notice_arrives_and_is_not_sent_again(county: Telling, receiver: Program) -> None:
    county.contact("coop", receiver.url)
    county.send()
    county.later(MINUTE)
    county.send()
    assert receiver.events == ["welcome"]
    assert standing(county) == [("sent", None)]
    assert receiver.told[0]["party"] == {"id": county.party("coop"), "name": "coop"}


def test_what_fails_is_tried_again_later_and_later_and_then_given_up(county: Telling, receiver: Program) -> None:
    county.contact("coop", receiver.url)
    receiver.answers = [(500, {})] * 10
    for tries, pause in enumerate([0, *BACK_OFF], 1):
        county.later(pause / 1000 - 1)
        county.send()
        assert len(receiver.got) == tries - 1 or tries == 1, "not before its time"
        county.later(1)
        county.send()
        assert len(receiver.got) == tries
    assert standing(county) == [("given-up", "status 500")]
    county.later(48 * 3600)
    county.send()
    assert len(receiver.got) == TRIES
    assert len({headers["webhook-id"] for headers, _ in receiver.got}) == 1, "under one id, however often"
    assert len({headers["webhook-timestamp"] for headers, _ in receiver.got}) == TRIES
    assert len({body for _, body in receiver.got}) == 1


def test_what_arrives_at_the_second_try_has_arrived(county: Telling, receiver: Program) -> None:
    county.contact("coop", receiver.url)
    receiver.answers = [(503, {})]
    county.send()
    assert standing(county) == [("waiting", "status 503")]
    county.later(MINUTE)
    county.send()
    assert standing(county) == [("sent", None)]


def test_a_slow_receiver_holds_up_its_own_notices_only(county: Telling, receiver: Program) -> None:
    with program() as slow:
        slow.go_on = threading.Event()
        slow_contact = county.contact("shop", slow.url)
        county.contact("coop", receiver.url)
        sending = threading.Thread(target=county.send)
        sending.start()
        assert slow.came.wait(20)
        assert receiver.came.wait(20)
        with county.town.engine.begin() as connection:
            # Of those who wait for it, nobody else takes it meanwhile.
            assert claim(connection, LOG_ID, county.clock(), set(), 9) == []
        slow.go_on.set()
        sending.join()
        assert [len(one.got) for one in (slow, receiver)] == [1, 1]
        assert slow_contact


def test_several_processes_send_each_notice_once(county: Telling, receiver: Program) -> None:
    for name in ("farm", "coop", "shop", "lab", "carrier"):
        county.contact(name, receiver.url)
    senders = [threading.Thread(target=county.send) for _ in range(4)]
    for one in senders:
        one.start()
    for one in senders:
        one.join()
    assert len(receiver.got) == len({headers["webhook-id"] for headers, _ in receiver.got}) == 5


def test_whoever_dies_between_claim_and_done_has_lost_nothing(county: Telling, receiver: Program) -> None:
    county.contact("coop", receiver.url)
    with county.town.engine.execution_options(writes=True).begin() as connection:
        (claimed,) = claim(connection, LOG_ID, county.clock(), set(), 9)
    assert claimed.tries == 1
    county.send()
    assert receiver.got == [], "it is still somebody's"
    county.later(MINUTE)
    county.send()
    assert receiver.events == ["welcome"]


def test_whoever_dies_in_the_last_try_leaves_it_given_up(county: Telling, receiver: Program) -> None:
    county.contact("coop", receiver.url)
    with county.town.engine.begin() as connection:
        connection.execute(update(outbox).values(tries=TRIES - 1))
    with county.town.engine.execution_options(writes=True).begin() as connection:
        assert len(claim(connection, LOG_ID, county.clock(), set(), 9)) == 1
    county.later(LEASE / 1000)
    county.send()
    assert receiver.got == []
    assert standing(county) == [("given-up", "interrupted")]


def test_cancelled_while_sending_it_is_tried_again(county: Telling, receiver: Program) -> None:
    county.contact("coop", receiver.url)
    receiver.go_on = threading.Event()

    async def stopped() -> None:
        poster = Poster(demonstration=True)
        town = county.town
        sending = Sending(town.settings, town.engine, LOG_ID, county.contacts, poster, clock=county.clock)
        running = asyncio.create_task(sending.run())
        await asyncio.to_thread(receiver.came.wait, 20)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    asyncio.run(stopped())
    receiver.go_on.set()
    assert standing(county) == [("waiting", None)]
    county.later(MINUTE)
    county.send()
    assert receiver.events == ["welcome", "welcome"]
    assert len({headers["webhook-id"] for headers, _ in receiver.got}) == 1
    assert standing(county) == [("sent", None)]


def test_a_removed_contact_is_sent_nothing_more(county: Telling, receiver: Program) -> None:
    one = county.contact("coop", receiver.url)
    county.contacts.remove(one, None, county.clock())
    county.send()
    assert receiver.got == []
    assert standing(county) == [("dropped", "removed")]


def test_an_address_that_became_private_is_given_up_at_once(county: Telling) -> None:
    county.contact("coop", "https://party.example/in")
    with county.town.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE contacts SET address = 'https://10.0.0.7/in'")
    county.send()
    assert standing(county) == [("given-up", "private")]


def test_without_its_key_a_secret_stays_closed_and_others_are_sent(county: Telling, receiver: Program) -> None:
    county.contact("coop", receiver.url)
    county.contact("farm", receiver.url)
    with county.town.engine.begin() as connection:
        connection.exec_driver_sql(
            f"UPDATE contacts SET secret = 'AAAA' WHERE contact_id = '{county.rows()[0]['contact_id']}'"
        )
    county.send()
    assert sorted(standing(county), key=str) == [("sent", None), ("waiting", "secret")]


def test_of_all_contacts_of_a_party_the_best_counts(county: Telling, receiver: Program) -> None:
    """For the page of a recall: was this party told?"""
    with program() as broken:
        broken.answers = [(500, {})] * 2
        county.contact("coop", broken.url)
        county.contact("coop", receiver.url)
        county.contact("shop", receiver.url)
        warned = county.state(
            "warn", "inspector", {"party": county.party("coop"), "reason": "标签不清"}, [county.lot()]
        )
        county.follow()
        with county.town.engine.connect() as connection:
            assert told(connection, LOG_ID, warned.hash) == {county.party("coop"): "waiting"}
        county.send()
    with county.town.engine.connect() as connection:
        assert told(connection, LOG_ID, warned.hash) == {county.party("coop"): "sent"}


def test_the_same_is_queued_once(county: Telling) -> None:
    one = Queued("c", ChainId("A" * 43), 7, "recall", "{}")
    with county.town.engine.execution_options(writes=True).begin() as connection:
        assert queue(connection, LOG_ID, [one, one], 0) == 1
        assert queue(connection, LOG_ID, [one, one._replace(event="hold")], 0) == 1
        assert box.counted(connection, LOG_ID) == {"sent": 0, "waiting": 2, "given-up": 0, "dropped": 0}


# --- e-mail --------------------------------------------------------------------------------------------------------


@pytest.fixture
def by_mail(tmp_path: Path, office: PostOffice) -> Iterator[Telling]:
    mail = Mail(host="127.0.0.1", port=office.port, starttls=False, sender="ledger@example.org")
    with telling(tmp_path / "data", "", mail) as county:
        yield county


def test_a_letter_goes_through_the_operator_s_server(by_mail: Telling, office: PostOffice) -> None:
    by_mail.contact("coop", "zhou.min@example.com", "email")
    office.refuse = {"RCPT": "450 later"}
    by_mail.send()
    assert standing(by_mail) == [("waiting", "mail-refused 450")]
    office.refuse = {}
    by_mail.later(MINUTE)
    by_mail.send()
    assert [letter["To"] for letter in office.letters] == ["zhou.min@example.com"]
    assert standing(by_mail) == [("sent", None)]


def test_a_service_that_lost_its_mail_server_says_so(by_mail: Telling) -> None:
    by_mail.contact("coop", "zhou.min@example.com", "email")
    by_mail.mail = None
    by_mail.send()
    assert standing(by_mail) == [("waiting", "mail-off")]
