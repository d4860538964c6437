"""Goods as the books know them: batches, shipments, and the legs that each movement posts."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ledger.identity import ChainId, StatementHash


@dataclass(frozen=True, slots=True)
class Batch:
    """What the books know of a batch; ``kind`` is planting, herd, input or lot."""

    chain: ChainId
    kind: str
    party: ChainId
    product: ChainId | None
    unit: str


@dataclass(frozen=True, slots=True)
class Shipment:
    """A shipment as it stands after corrections."""

    hash: StatementHash
    sender: ChainId
    receiver: ChainId
    carrier: ChainId | None
    planned_arrival: str | None


@dataclass(frozen=True, slots=True)
class Leg:
    """``amount`` millionths of the batch's unit into (or, negative, out of) an account of ``owner``."""

    batch: ChainId
    account: str
    owner: str
    amount: int


def move(batch: ChainId, amount: int, out: tuple[str, str], into: tuple[str, str]) -> Iterator[Leg]:
    if amount:
        yield Leg(batch, *out, -amount)
        yield Leg(batch, *into, amount)


def lines(body: Mapping[str, Any], *names: str) -> Iterator[tuple[str, ChainId]]:
    for name in names:
        for place, line in enumerate(body.get(name, ())):
            yield f"body.{name}[{place}].batch", line["batch"]
