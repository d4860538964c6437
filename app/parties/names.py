"""Names for ids: parties, places and products as the registry in memory has them, by one look-up."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from zoneinfo import ZoneInfo

from ledger.identity import ChainId
from ledger.registry import Registry

Lang = Literal["zh", "en"]


@dataclass(frozen=True, slots=True)
class Name:
    """What a party, place or product is called; the id stands in where nothing better is known."""

    id: str
    zh: str
    en: str

    def say(self, lang: Lang) -> str:
        return self.zh if lang == "zh" else self.en

    def __str__(self) -> str:
        return self.zh


class Names:
    """The names of one log."""

    def __init__(self, registry: Registry) -> None:
        self.registry = registry

    def party(self, chain: str) -> Name:
        party = self.registry.parties.get(ChainId(chain))
        return _named(chain, {"zh": party.profile["name"]} if party else {})

    def place(self, chain: str) -> Name:
        place = self.registry.places.get(ChainId(chain))
        return _named(chain, {"zh": place.body["name"]} if place else {})

    def product(self, chain: str) -> Name:
        product = self.registry.products.get(ChainId(chain))
        return _named(chain, product.body["names"] if product else {})

    def day(self, at: float) -> str:
        """The calendar day in the log's time zone at a time in seconds."""
        return datetime.fromtimestamp(at, ZoneInfo(self.registry.time_zone)).date().isoformat()

    def of(self, chain: str) -> Name | None:
        """The name of whatever it is; None where the registry does not know it."""
        for table, say in (
            (self.registry.parties, self.party),
            (self.registry.places, self.place),
            (self.registry.products, self.product),
        ):
            if chain in table:
                return say(chain)
        return None

    def within(self, value: Any) -> dict[str, Name]:
        """The name of every id that stands anywhere in ``value``, a statement's fields."""
        found = ((text, self.of(text)) for text in _ids(value))
        return {text: name for text, name in found if name is not None}


def _named(chain: str, names: Mapping[str, str]) -> Name:
    some = next(iter(names.values()), f"{chain[:8]}…")
    zh = names.get("zh", some)
    return Name(chain, zh, names.get("en", zh))


def _ids(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        if len(value) == 43:
            yield value
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from _ids(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _ids(inner)
