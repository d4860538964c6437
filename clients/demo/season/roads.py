"""On the road: what a shipment is from hand to hand."""

from collections.abc import Generator
from dataclasses import replace
from typing import TypeAlias

from clients.demo.hands import Goods, Hand, Shipment
from clients.demo.stage import Moment, Story

Trip: TypeAlias = Generator[Moment, None, Shipment]


def haul(
    day: int, hour: float, sender: Hand, receiver: Hand, goods: Goods, *, carrier: Hand | None = None,
    cold: bool = False, short: Goods = (), place: str | None = None, measured: bool = False,
) -> Story:  # fmt: skip
    """Shipped, driven and received within a morning; of ``goods`` what is ``short`` arrives damaged.

    ``measured`` with a thermometer that rides along.
    """
    shipment = yield from send(day, hour, sender, receiver, goods, carrier=carrier, cold=cold, place=place)
    if carrier and measured:
        carrier.sense(shipment, 2.5, "1.8", "2.7", "3.8")
    lost = {batch.chain: amount for batch, amount in short}
    arrived = [(batch, int(amount) - int(lost.get(batch.chain, 0))) for batch, amount in goods]
    receiver.receive(shipment, goods=arrived, short=short, temperature="3.6" if cold else None)


def send(
    day: int, hour: float, sender: Hand, receiver: Hand, goods: Goods, *, carrier: Hand | None = None,
    cold: bool = False, place: str | None = None, warm: tuple[str, int] | None = None,
) -> Trip:  # fmt: skip
    """As far as the receiver's door: what happens there is for the story to say. ``warm`` as ``Hand.unload`` has it."""
    yield day, hour
    shipment = sender.ship(receiver, goods, carrier=carrier, cold=cold, place=place)
    if carrier:
        yield day, hour + 0.5
        carrier.load(shipment, "2.4" if cold else None)
        yield day, hour + 3
        shipment = replace(shipment, last=carrier.unload(shipment, "3.1" if cold else None, warm))
    yield day, hour + 3.5
    return shipment
