from pathlib import Path

import pytest

from app.accounts.register import add_account, disable_account, find_party, list_accounts, set_password
from app.errors import Conflict, NotFound
from ledger.errors import Malformed
from tests.app.seeding import LOG_ID
from tests.app.town import NOON, PASSWORD, Town, settle
from tests.world import county


def test_accounts_are_listed_by_login_without_their_passwords(town: Town) -> None:
    disable_account(town.engine, LOG_ID, "ma.ke", now=NOON + 5)
    found = list_accounts(town.engine, LOG_ID)
    assert [(one.login, one.role, one.disabled) for one in found] == [
        ("li.na", "inspector", None),
        ("ma.ke", "member", NOON + 5),
        ("zhou.min", "manager", None),
    ]
    assert "argon2" not in repr(found)
    assert list_accounts(town.engine, LOG_ID + 1) == []


def test_a_login_is_taken_once_however_it_is_written(town: Town) -> None:
    with pytest.raises(Conflict) as error:
        add_account(
            town.engine,
            LOG_ID,
            "ＺＨＯＵ.min",
            name="周敏",
            party=town.world.parties["farm"],
            role="member",
            password=PASSWORD,
            now=NOON,
        )
    assert (error.value.code, error.value.params["has"]) == ("login-taken", "zhou.min")


def test_who_is_added_can_sign_in(town: Town) -> None:
    farm, password = town.world.parties["farm"], "pears in spring"
    added = add_account(
        town.engine, LOG_ID, "New.Login", name=" 新 ", party=farm, role="member", password=password, now=NOON
    )
    people = town.people()
    viewer = people.of_session(people.sign_in("new.login", password, "203.0.113.7"))
    assert viewer is not None
    assert (viewer.account_id, viewer.name, viewer.party, viewer.staff) == (added, "新", farm, False)


@pytest.mark.parametrize(
    ("code", "values"),
    [
        ("account-login", {"login": "a"}),
        ("account-login", {"login": "two words"}),
        ("account-login", {"login": "x" * 65}),
        ("account-login", {"login": "-dash"}),
        ("account-name", {"name": "  "}),
        ("account-name", {"name": "名" * 61}),
        ("account-choice", {"role": "registrar"}),
        ("account-division", {"division": "51018x"}),
        ("account-side", {"side": "fishery"}),
        ("password-length", {"password": "short"}),
    ],
)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_what_is_not_of_its_form_is_refused_and_nothing_added(town: Town, code: str, values: dict[str, str]) -> None:
    given = {"name": "新", "role": "member", "password": PASSWORD, **values}
    login, party = given.pop("login", "new.login"), town.world.parties["farm"]
    with pytest.raises(Malformed) as error:
        add_account(town.engine, LOG_ID, login, party=party, now=NOON, **given)
    assert error.value.code == code
    assert len(list_accounts(town.engine, LOG_ID)) == 3


@pytest.mark.parametrize("role", ["inspector", "auditor"])
def test_only_an_authoritys_people_supervise_and_it_is_said_what(town: Town, role: str) -> None:
    """Whoever supervises reads what is sealed for supervisors: no co-op lets its own people do so."""

    def add(party: str, division: str = "510182", side: str = "agriculture") -> str:
        chain, given = town.world.parties[party], {"division": division, "side": side}
        return add_account(
            town.engine, LOG_ID, "new.login", name="新", party=chain, role=role, password=PASSWORD, now=NOON, **given
        )

    for party in ("coop", "lab", "farm"):
        with pytest.raises(Malformed, match="account-authority"):
            add(party)
    for missing in ({"division": ""}, {"side": ""}):
        with pytest.raises(Malformed, match="account-supervises"):
            add("inspector", **missing)
    assert len(list_accounts(town.engine, LOG_ID)) == 3
    assert add("inspector")


def test_an_account_is_at_a_party_that_is_registered_in_this_log(town: Town) -> None:
    place = town.world.places["plot 7"]
    for log_id, party in ((LOG_ID, place), (LOG_ID + 1, town.world.parties["farm"])):
        with pytest.raises(NotFound, match="party-name"):
            add_account(
                town.engine, log_id, "new.login", name="新", party=party, role="member", password=PASSWORD, now=NOON
            )


def test_a_party_is_found_by_id_and_by_name_unless_two_share_it(town: Town) -> None:
    coop = town.world.parties["coop"]
    with town.engine.connect() as connection:
        assert find_party(connection, LOG_ID, coop) == coop
        name = town.world.registry.parties[coop].profile["name"]
        assert find_party(connection, LOG_ID, name) == coop
        with pytest.raises(NotFound, match="party-name"):
            find_party(connection, LOG_ID, "青河县农业农村局")


def test_two_parties_of_one_name_are_told_apart_by_their_ids(tmp_path: Path) -> None:
    world = county()
    twins = [world.register("twin", "farm", keyless=True) for _ in range(2)]
    town = settle(tmp_path, "", world=world)
    with town.engine.connect() as connection, pytest.raises(Conflict) as error:
        find_party(connection, LOG_ID, "twin")
    town.engine.dispose()
    assert sorted(str(error.value.params["wanted"]).split(" | ")) == sorted(twins)


def test_who_is_not_there_is_not_changed(town: Town) -> None:
    with pytest.raises(NotFound, match="no-account"):
        disable_account(town.engine, LOG_ID, "nobody", now=NOON)
    with pytest.raises(NotFound, match="no-account"):
        set_password(town.engine, LOG_ID, "nobody", PASSWORD)
