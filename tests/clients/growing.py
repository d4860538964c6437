"""What a grower's program states, and how that stands in its notebook and in the log."""

from typing import Any

from clients.client import Client
from clients.notebook import Kept
from ledger.identity import ChainId
from tests.clients.honest import Service
from tests.world import World


def plant(client: Client, world: World, note: str = "", **more: Any) -> Kept:
    fields: dict[str, Any] = {"outputs": [world.output("tomato", "2000")], **({"note": note} if note else {})}
    return client.state("plant", fields, **more)


def harvest(client: Client, world: World, planting: ChainId, value: str = "10") -> Kept:
    outputs: Any = [world.output("tomato", value)]
    return client.state("harvest", {"inputs": [{"batch": planting}], "outputs": outputs})


def states(client: Client) -> list[str]:
    return [kept.state for kept in client.notebook.all()]


def numbers(service: Service, client: Client) -> list[int]:
    return [statement.n for statement in service.own(client.notebook.device.key.public.kid)]
