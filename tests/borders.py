"""The borders of what somebody may sign: what gives a right, what takes it, and a statement that needs it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from ledger.statement import Statement
from tests.world import Device, World, kg, profile, proven, secret

Make = Callable[[World], Statement]
LIES = (0, -50_000_000, 50_000_000)
"""By how many seconds a signer's clock is wrong: right, in 2024, in 2027."""


@dataclass(frozen=True)
class Border:
    """``before`` and ``after`` are the codes with which ``probe`` is refused while the right is not there."""

    name: str
    gives: Make
    takes: Make
    probe: Make
    before: str
    after: str

    def __str__(self) -> str:
        return self.name


def plant(world: World, by: str, for_: str | None = None) -> Statement:
    body = {"outputs": [{"product": world.products["tomato"], "quantity": kg("1")}]}
    return world.statement("plant", by, body, for_=for_)  # type: ignore[arg-type]


def on(world: World, party: str, kind: str, by: str, **body: object) -> Statement:
    return world.statement(kind, by, body, [world.parties[party]])  # type: ignore[arg-type]


def _second(world: World) -> Statement:
    farm = world.parties["farm"]
    world.devices.setdefault("second", Device(secret("second"), farm))
    return on(world, "farm", "key.add", "farm", **proven(secret("second"), farm, world.log))


def _by_second(world: World) -> Statement:
    world.devices.setdefault("second", Device(secret("second"), world.parties["farm"]))
    return plant(world, "second")


BORDERS = (
    Border(
        "a key, added by another and revoked by it",
        _second,
        lambda world: on(world, "farm", "key.revoke", "farm", kid=secret("second").public.kid),
        _by_second,
        "key-unknown",
        "key-revoked",
    ),
    Border(
        "a key, revoked by itself",
        _second,
        lambda world: on(world, "farm", "key.revoke", "second", kid=secret("second").public.kid),
        _by_second,
        "key-unknown",
        "key-revoked",
    ),
    Border(
        "a role",
        lambda world: on(world, "shop", "role.grant", "registrar", role="farm"),
        lambda world: on(world, "shop", "role.end", "registrar", role="farm"),
        lambda world: plant(world, "shop"),
        "role",
        "role",
    ),
    Border(
        "an agent",
        lambda world: on(world, "farm", "agent.grant", "farm", agent=world.parties["coop"], kinds=["plant"]),
        lambda world: on(world, "farm", "agent.end", "farm", agent=world.parties["coop"], kinds=["plant"]),
        lambda world: plant(world, "coop", for_="farm"),
        "agent",
        "agent",
    ),
)


def registers(world: World) -> Statement:
    """What only a registrar, or the root, may state; by the co-op."""
    return world.statement("party.register", "coop", {"keys": [], "profile": profile("新来的"), "roles": []})


@contextmanager
def clock_wrong_by(world: World, seconds: int) -> Iterator[None]:
    """Whoever signs within has a clock that is wrong."""
    world.clock += seconds
    yield
    world.clock -= seconds


def taken_back(world: World, statement: Statement) -> None:
    """It was refused, and so takes no number."""
    for device in world.devices.values():
        if device.key.public.kid == statement.kid:
            device.n, device.after = statement.n, statement.after
