from hashlib import sha256

import pytest
from sqlalchemy import insert, select

from app.accounts.people import TRIES, WINDOW, People
from app.accounts.register import disable_account, set_password
from app.errors import SignInNeeded, TooMany
from app.tables import logs, sessions
from app.viewing import Viewer
from ledger import b64u
from tests.app.seeding import LOG_ID
from tests.app.town import PASSWORD, Town

HERE = "203.0.113.7"


def test_who_signs_in_is_known_with_party_role_division_and_side(town: Town) -> None:
    people = town.people()
    viewer = people.of_session(people.sign_in("li.na", PASSWORD, HERE))
    assert viewer is not None
    assert viewer.staff
    assert (viewer.login, viewer.name, viewer.role) == ("li.na", "李娜", "inspector")
    assert (viewer.party, viewer.division, viewer.side) == (town.world.parties["inspector"], "510182", "agriculture")


def test_a_login_is_the_same_in_capitals_and_full_width(town: Town) -> None:
    assert town.people().sign_in(" Ｌｉ．ＮＡ ", PASSWORD, HERE)


def test_the_database_holds_the_sha_256_of_a_token_and_nothing_that_opens_the_session(town: Town) -> None:
    people = town.people()
    token = people.sign_in("li.na", PASSWORD, HERE)
    assert len(b64u.decode(token)) == 32
    with town.engine.connect() as connection:
        (row,) = connection.execute(select(sessions)).all()
    assert row.token_hash == b64u.encode(sha256(token.encode()).digest())
    assert people.of_session(row.token_hash) is None


@pytest.mark.parametrize(
    ("login", "password"), [("nobody", PASSWORD), ("li.na", PASSWORD + "x"), ("", ""), ("li.na", "")]
)
def test_a_wrong_login_and_a_wrong_password_are_told_alike(town: Town, login: str, password: str) -> None:
    with pytest.raises(SignInNeeded) as error:
        town.people().sign_in(login, password, HERE)
    assert (error.value.code, error.value.params) == ("sign-in-wrong", {})


def test_signing_in_again_ends_the_session_that_the_browser_had_and_no_other(town: Town) -> None:
    people = town.people()
    elsewhere, old = people.sign_in("li.na", PASSWORD, HERE), people.sign_in("li.na", PASSWORD, HERE)
    new = people.sign_in("zhou.min", PASSWORD, HERE, old)
    assert people.of_session(old) is None
    assert [_login(people.of_session(token)) for token in (elsewhere, new)] == ["li.na", "zhou.min"]


def test_a_failed_sign_in_leaves_the_session_that_was_there(town: Town) -> None:
    people = town.people()
    old = people.sign_in("li.na", PASSWORD, HERE)
    with pytest.raises(SignInNeeded):
        people.sign_in("zhou.min", "not the password", HERE, old)
    assert _login(people.of_session(old)) == "li.na"


def test_a_session_ends_when_its_hours_are_over_and_is_swept_away(town: Town) -> None:
    people = town.people(session_hours=2)
    token = people.sign_in("li.na", PASSWORD, HERE)
    town.clock.at += 2 * 3_600_000 - 1
    assert people.of_session(token)
    town.clock.at += 1
    assert people.of_session(token) is None
    people.sign_in("zhou.min", PASSWORD, HERE)
    assert _sessions(town) == 1


def test_signing_out_ends_the_session_and_only_that(town: Town) -> None:
    people = town.people()
    stays, ends = people.sign_in("li.na", PASSWORD, HERE), people.sign_in("li.na", PASSWORD, HERE)
    people.sign_out(ends)
    people.sign_out(ends)
    assert people.of_session(ends) is None
    assert people.of_session(stays)


def test_a_disabled_account_is_out_at_once_and_not_let_in(town: Town) -> None:
    people = town.people()
    token = people.sign_in("li.na", PASSWORD, HERE)
    disable_account(town.engine, LOG_ID, "li.na", now=town.clock())
    assert people.of_session(token) is None
    assert _sessions(town) == 0
    with pytest.raises(SignInNeeded, match="sign-in-wrong"):
        people.sign_in("li.na", PASSWORD, HERE)


def test_a_new_password_ends_what_the_old_one_opened(town: Town) -> None:
    people = town.people()
    token = people.sign_in("li.na", PASSWORD, HERE)
    set_password(town.engine, LOG_ID, "li.na", "苹果红了的秋天-2026")
    assert people.of_session(token) is None
    with pytest.raises(SignInNeeded):
        people.sign_in("li.na", PASSWORD, HERE)
    assert people.sign_in("li.na", "苹果红了的秋天-2026", HERE)


def test_after_too_many_failures_the_right_password_waits_too(town: Town) -> None:
    people = town.people()
    for _ in range(TRIES):
        with pytest.raises(SignInNeeded):
            people.sign_in("li.na", "not the password", HERE)
    with pytest.raises(TooMany) as error:
        people.sign_in("li.na", PASSWORD, HERE)
    assert error.value.params == {"retry_after": WINDOW // 1000}
    assert people.sign_in("li.na", PASSWORD, "198.51.100.4")
    assert people.sign_in("zhou.min", PASSWORD, HERE)
    town.clock.at += WINDOW
    assert people.sign_in("li.na", PASSWORD, HERE)


def test_another_logs_people_and_sessions_are_not_ours(town: Town) -> None:
    with town.engine.begin() as connection:
        connection.execute(insert(logs), {"log_id": 2, "origin": "other.example/log", "demonstration": True})
    other = People(town.engine, 2, 12, town.clock)
    token = town.people().sign_in("li.na", PASSWORD, HERE)
    assert other.of_session(token) is None
    with pytest.raises(SignInNeeded):
        other.sign_in("li.na", PASSWORD, HERE)
    other.sign_out(token)
    assert town.people().of_session(token)


def test_what_a_cookie_may_hold_beside_a_token_opens_nothing(town: Town) -> None:
    people = town.people()
    for token in ("", "x", "é" * 50, "' OR 1=1 --", "0" * 10_000):
        assert people.of_session(token) is None


def _login(viewer: Viewer | None) -> str | None:
    return viewer and viewer.login


def _sessions(town: Town) -> int:
    with town.engine.connect() as connection:
        return len(connection.execute(select(sessions)).all())
