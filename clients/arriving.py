"""Taking in what another county's log shipped: its own bundle is checked first, then the intake is signed (format §4).

    with Service("https://trace.neighbour.example") as there:
        goods = arriving(there.bundle(code), [neighbours_pin], code)
    taken = take_in(client, goods, {"outputs": […]}, lambda size: there.bundle(code, [size]))

The intake says under which head of that log the shipment was seen. Its bundle then goes to one's own service, which
holds it against the pin that its operator has of that log, and carries it in every bundle of what was taken in.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from clients.client import Client
from clients.errors import Refused, Usage
from clients.notebook import Kept
from clients.rotation import settled
from ledger import bundle
from ledger.canonical import Json
from ledger.identity import ChainId, StatementHash, mark, trace_code
from ledger.origin import Origin
from ledger.policy import Pin
from ledger.verdict import Step
from ledger.verify import verify


@dataclass(frozen=True)
class Arriving:
    """A batch in a shipment of another log, both verified with that log's pin."""

    origin: Origin
    bundle: bytes
    shipped: Mapping[str, str] | None
    """How much of it, ``unit`` and ``value``, where the shipment says so."""
    sender: str
    """Who shipped it, as that log's registry calls them."""


@dataclass(frozen=True)
class Taken:
    """An intake that is recorded; ``unproven`` is why the service does not have its origin yet, if so."""

    kept: Kept
    unproven: Refused | None = None


def arriving(data: bytes, pins: Iterable[Pin], code: str, shipment: str = "") -> Arriving:
    """The batch ``code`` as the bundle ``data`` of its log shows it, in the only shipment there is, or the one named.

    Raises Unreadable or Invalid for a bundle that does not hold, Usage ``shipment-none`` or ``shipment-which``.
    """
    verdict = verify(data, pins, asked=code)
    (chain,) = [one for one in verdict.about if code in (one, mark(one), trace_code(one))]
    ships = [step for step in verdict.steps if step.statement.kind == "ship" and _touches(step, chain)]
    found = [step for step in ships if shipment in ("", step.statement.hash)]
    if len(found) != 1:
        hashes = ", ".join(step.statement.hash for step in ships)
        raise Usage("shipment-which" if found else "shipment-none", has=code, wanted=hashes or "–")
    statement, carried = found[0].statement, bundle.read(data)
    origin = Origin.drawn(carried, chain, StatementHash(statement.hash))
    party = verdict.registry.parties.get(statement.actor) if statement.actor else None
    sender = str(party.profile.get("name", "")) if party else ""
    return Arriving(origin, data, origin.shipped(carried.statements), sender)


def take_in(
    client: Client,
    goods: Arriving,
    fields: Mapping[str, Json],
    again: Callable[[int], bytes] | None = None,
    *,
    at: str | None = None,
    for_: ChainId | None = None,
) -> Taken:
    """State the intake, bring the service its origin. Of one shipment the same batch is taken in once, ever.

    ``again`` fetches the bundle with a proof from the size that an intake stated before names. Raises Refused where
    the intake is not taken, Unreachable where it waits.
    """
    origin = goods.origin
    source = f"intake:{origin.log}:{origin.statement}:{origin.chain}"
    stated = client.state("intake", {"from": origin.body(), **fields}, at=at, for_=for_, source=source)
    done = settled(client, stated)
    said = Origin.of(done.statement)
    data = goods.bundle if said in (None, origin) or again is None else again(said.size)
    try:
        client.service.bring_origin(done.hash, data)
    except Refused as refused:
        return Taken(done, refused)
    return Taken(done)


def _touches(step: Step, chain: ChainId) -> bool:
    return any(one.entry.chain == chain for one in step.entries)
