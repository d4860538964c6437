"""Rules of what comes from other counties' logs: it has to be there, and each shipment feeds one intake (format §4)."""

from collections.abc import Iterator, Sequence

from app.batches.amounts import from_micro
from app.recording import Finding
from ledger.identity import ChainId
from ledger.origin import Origin


def taken_in(
    origin: Origin, batches: Sequence[ChainId], amount: int, before: int, elsewhere: int, unit: str
) -> Iterator[Finding]:
    """An intake, or its correction, took ``amount`` where it said ``before``; other intakes took ``elsewhere``.

    Millionths of ``unit``, which is empty where the batches have several.
    """
    if amount <= before:
        return
    for batch in batches:
        yield Finding("origin-unverified", "flag", batch, {"batch": batch, "log": origin.log})
        if elsewhere:
            yield reused(origin.log, batch, amount, 0, unit)


def reused(log: str, batch: ChainId | None, amount: int, left: int, unit: str) -> Finding:
    """More was taken in than was left of a shipment: the first intake took all of it that there was."""
    amounts = {"has": left, "wanted": amount, "short": amount - left} if unit else {}
    told = {name: from_micro(value) for name, value in amounts.items()} | ({"unit": unit} if unit else {})
    return Finding("origin-reused", "flag", batch, {"batch": batch or "", "log": log, **told})
