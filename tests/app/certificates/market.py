"""A market where some goods are promised for and some are stopped, and how one works there."""

from typing import Any

from sqlalchemy import insert

from app.tables import accounts
from ledger.identity import ChainId, trace_code
from ledger.statement import Statement
from tests.app.certificates.promised import certify, examined, handed, mixed, voided
from tests.app.seeding import LOG_ID
from tests.app.town import NOON, PASSWORD, Town, hashed
from tests.app.visiting import Visitor
from tests.world import World, county, harvested, planted

JSON = {"accept": "application/json"}


class Market:
    """The farm's ``lot``, of which the co-op bought some and ``packed`` it, and one that is ``stopped``."""

    def __init__(self) -> None:
        self.world = world = county()
        self.lot, self.stopped = (harvested(world, planted(world), value="100") for _ in range(2))
        self.promise = certify(world, "farm", [(self.lot, "100")], number="F-1")
        examined(world, "lab", self.lot)
        self.before = certify(world, "farm", [(self.stopped, "50")])
        self.taken_back = voided(world, "farm", certify(world, "farm", [(self.stopped, "50")]))
        handed(world, self.lot, "100", "farm", "coop")
        self.packed = mixed(world, "coop", [(self.lot, "40")], "40")
        world.state("hold", "inspector", {"reason": "抽检不合格"}, [self.stopped])


def asked(visitor: Visitor, path: str, status: int = 200) -> Any:
    answer = visitor.get(path, JSON)
    assert answer.status_code == status, answer.text
    return answer.json()


def employ_registrar(town: Town) -> None:
    """``deng.ji`` manages the registrar."""
    row = {
        "log_id": LOG_ID, "account_id": "10000000-0000-4000-8000-000000000000",
        "party": town.world.parties["registrar"], "login": "deng.ji", "name": "邓霞", "password": hashed(),
        "role": "manager", "division": "", "side": "", "created": NOON,
    }  # fmt: skip
    with town.engine.begin() as connection:
        connection.execute(insert(accounts), row)


def with_held_key(visitor: Visitor, world: World, party: str) -> Statement:
    """The service makes a key for ``party``, and the registrar adds it."""
    assert visitor.sign_in("deng.ji", PASSWORD).status_code == 303
    token = {**JSON, "x-csrf-token": asked(visitor, "/v1/me")["csrf"]}
    offer = visitor.ask("POST", "/v1/held/keys", token, json={"party": world.parties[party]})
    added = world.statement("key.add", "registrar", offer.json(), [world.parties[party]])
    headers = {"content-type": "application/jose"}
    sent = visitor.ask("POST", "/v1/statements", headers, content=world.presentation(added))
    assert sent.status_code == 201, sent.text
    return added


def desk(batch: ChainId) -> str:
    return f"/desk/certificates/{trace_code(batch)}"
