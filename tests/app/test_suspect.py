"""What a thief may have signed is marked wherever it is shown, is no fault, and is never taken away."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.audit.rows import read_lock, read_only
from app.audit.verify import audit
from app.log import open_log
from app.main import create_app
from ledger.canonical import Json
from ledger.identity import ChainId, mark
from ledger.policy import Pin
from tests.app.seeding import append
from tests.app.town import PASSWORD, Town, settle
from tests.app.visiting import PAGE, Visitor, visiting
from tests.world import county, harvested, planted, secret

ALL, NONE = "2020-01-01T00:00:00Z", "2090-01-01T00:00:00Z"
JSON = {"accept": "application/json"}
ENGLISH = {**PAGE, "accept-language": "en"}


@pytest.fixture
def town(tmp_path: Path, database_url: str) -> Iterator[Town]:
    """A lot that the farm harvested, and its key, which the registrar has revoked."""
    world = county()
    harvested(world, planted(world))
    town = settle(tmp_path / "data", database_url, world=world)
    yield town
    town.engine.dispose()


def lot(town: Town) -> ChainId:
    return [one for one in town.world.statements if one.kind == "harvest"][-1].created[0]


def revoke(town: Town, name: str, since: str, by: str = "registrar") -> None:
    """The revocation, recorded while no service runs."""
    world = town.world
    body: dict[str, Json] = {"compromised_since": since, "kid": secret(name).public.kid, "reason": "失窃"}
    statement = world.state("key.revoke", by, body, [world.parties[name]])
    log = open_log(town.settings, town.engine)
    append(log.journal, world, [statement])
    log.journal.close()


@pytest.fixture
def thief(town: Town) -> Iterator[Visitor]:
    """Somebody who looks at it after the farm's key turned out to be stolen from the beginning."""
    revoke(town, "farm", ALL)
    with visiting(create_app(town.settings)) as visitor:
        yield visitor


def test_the_data_say_it_of_each_event(thief: Visitor, town: Town) -> None:
    events = thief.get(f"/v1/batches/{lot(town)}/events", JSON).json()
    assert [(one["kind"], one["suspect"]) for one in events] == [("harvest", True)]
    (key,) = thief.get(f"/v1/parties/{town.world.parties['farm']}", JSON).json()["keys"]
    assert key["compromised_since"] == ALL


def test_the_shopper_sees_it_by_the_verdict_the_step_and_the_signer(thief: Visitor, town: Town) -> None:
    path = f"/t/{mark(lot(town))}"
    page, english = thief.get(path).text, thief.get(path, ENGLISH).text
    for words in ("2 条记录的签名存疑", "存疑：签名用的密钥当时可能已被他人掌握", "2 条存疑：密钥可能被盗用"):
        assert words in page
    for words in ("2 suspect signatures", "may have been in other hands", "2 suspect: the key may have been stolen"):
        assert words in english
    # Shown, never deleted.
    assert "1250.5" in page
    data = thief.get(path, JSON).json()
    assert {step["suspect"] for step in data["journey"]} == {True}
    assert [one["suspect"] for one in data["signers"]] == [2]


def test_the_regulator_sees_it_and_the_audit_counts_it(thief: Visitor, town: Town) -> None:
    thief.sign_in("li.na", PASSWORD)
    page = thief.get(f"/audit/batches/{mark(lot(town))}")
    assert "存疑：密钥可能被盗用" in page.text
    engine = read_only(town.settings.url)
    pin = Pin.parse(town.settings.pin.read_text())
    report = audit(engine, pin, read_lock(town.settings.data / "lock", pin.origin))
    engine.dispose()
    own = [one for one in town.world.statements if one.kid == secret("farm").public.kid]
    assert report.clean
    assert report.suspect == report.json()["suspect"] == len(own)


def test_a_page_that_was_kept_is_made_anew_when_a_key_that_vouched_is_suspect(town: Town) -> None:
    path = f"/t/{mark(lot(town))}"
    with visiting(create_app(town.settings)) as visitor:
        tag = visitor.get(path).headers["etag"]
        assert "签名存疑" not in visitor.get(path).text
        # Not the farm's own chain: the registrar's, whose key brought the farm in.
        world = town.world
        body: dict[str, Json] = {"compromised_since": ALL, "kid": secret("registrar").public.kid}
        statement = world.state("key.revoke", "root", body, [world.parties["registrar"]])
        sent = {"content": world.presentation(statement)}
        assert visitor.ask("POST", "/v1/statements", {"content-type": "application/jose"}, **sent).status_code == 201
        again = visitor.get(path)
        assert "2 条存疑" in again.text
        assert again.headers["etag"] != tag


def test_before_the_moment_nothing_is_suspect(town: Town) -> None:
    revoke(town, "farm", NONE)
    with visiting(create_app(town.settings)) as visitor:
        assert "签名存疑" not in visitor.get(f"/t/{mark(lot(town))}").text
        (event,) = visitor.get(f"/v1/batches/{lot(town)}/events", JSON).json()
        assert not event["suspect"]
