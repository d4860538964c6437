"""What is asked of the registry, and the code with which it says no."""

from typing import Any

import pytest

from ledger.canonical import Json
from ledger.errors import LedgerError
from ledger.identity import ChainId
from ledger.keys import prove
from tests.world import LOG, World, profile, secret


def refused(world: World, kind: str, by: str, body: dict[str, Json], *on: ChainId, **more: Any) -> str:
    """The code with which the registry refuses it, right now."""
    statement = world.statement(kind, by, body, on, **more)
    with pytest.raises(LedgerError) as error:
        world.registry.authorise(statement)
    return error.value.code


def registration(*keys: Json, roles: tuple[str, ...] = ()) -> dict[str, Json]:
    return {"keys": [*keys], "profile": profile("新"), "roles": [*roles]}


def new_key(name: str, party: str) -> dict[str, Json]:
    return {"jwk": secret(name).public.jwk, "proof": prove(secret(name), LOG, party)}


def harvest_of(world: World, planting: ChainId) -> dict[str, Json]:
    return {"inputs": [{"batch": planting}], "outputs": [world.output("tomato", "1")]}
