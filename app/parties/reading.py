"""Parties, places and products, as the registry in memory has them: all of it public but a place's position."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, TypeVar

from app.errors import NotFound
from app.parties.names import Name, Names
from ledger.errors import Malformed
from ledger.identity import ChainId
from ledger.keys import KeyId
from ledger.registry import Place, Product

T = TypeVar("T")

PAGE = 50
MOST = 200


@dataclass(frozen=True, slots=True)
class KeyView:
    """A key of a party; ``custody`` is ``service`` for one that the service holds for it."""

    kid: KeyId
    alg: str
    custody: str
    added: int
    """The log index that it counts from; ``revoked`` is where it ended."""
    revoked: int | None
    compromised_since: str


@dataclass(frozen=True, slots=True)
class PartyView:
    id: ChainId
    name: str
    type: str
    uscc: str | None
    division: str | None
    side: str | None
    roles: list[str]
    keys: list[KeyView]
    agents: dict[ChainId, list[str]]
    """Who may state which kinds for it."""
    registered: int
    """The log index of its registration."""


@dataclass(frozen=True, slots=True)
class ProductView:
    id: ChainId
    names: Mapping[str, str]
    party: Name
    """Who issued it; ``may`` are the others that give out lots of it."""
    gtin: str | None
    own_code: str | None
    base_unit: str
    factors: Sequence[Mapping[str, Any]]
    shelf_life: int | None
    cold: Mapping[str, Any] | None
    may: Sequence[ChainId]


@dataclass(frozen=True, slots=True)
class PlaceView:
    id: ChainId
    name: str
    kind: str
    division: str
    township: str
    gln: str | None
    own_code: str | None
    party: Name


@dataclass(frozen=True, slots=True)
class ProductPage:
    products: list[ProductView]
    next: str | None


@dataclass(frozen=True, slots=True)
class PlacePage:
    places: list[PlaceView]
    next: str | None


def party(names: Names, chain: str) -> PartyView:
    """Raises NotFound ``no-party``."""
    found = names.registry.parties.get(ChainId(chain))
    if found is None:
        raise NotFound("no-party", path="id", has=chain[:80])
    profile = found.profile
    keys = [key for key in list(names.registry.keys.values()) if key.party == found.chain]
    return PartyView(
        id=found.chain,
        name=profile["name"],
        type=profile["type"],
        uscc=profile.get("uscc"),
        division=profile.get("division"),
        side=profile.get("side"),
        roles=sorted(found.roles),
        keys=[
            KeyView(key.public.kid, key.public.alg, key.custody, key.added, key.revoked, key.compromised_since)
            for key in sorted(keys, key=lambda key: key.added)
        ],
        agents={agent: sorted(kinds) for agent, kinds in found.agents.items() if kinds},
        registered=found.registered,
    )


def products(
    names: Names, text: str = "", *, party: str = "", gtin: str = "", cursor: str = "", limit: int = PAGE
) -> ProductPage:
    """Products in the order they were added, by part of a name; ``party`` issued them or may use them."""
    folded = text.strip().casefold()

    def fits(product: Product) -> bool:
        called = (*product.body["names"].values(), product.body.get("own_code", ""))
        return (
            any(folded in name.casefold() for name in called)
            and (not party or product.allows(ChainId(party)))
            and (not gtin or product.body.get("gtin", "").zfill(14) == gtin.zfill(14))
        )

    page, more = _page(list(names.registry.products.values()), fits, cursor, limit)
    return ProductPage([_product(names, product) for product in page], more)


def places(names: Names, text: str = "", *, party: str = "", cursor: str = "", limit: int = PAGE) -> PlacePage:
    """Places in the order they were added, by part of a name or township."""
    folded = text.strip().casefold()

    def fits(place: Place) -> bool:
        called = (place.body["name"], place.body["township"])
        return any(folded in name.casefold() for name in called) and party in ("", place.party)

    page, more = _page(list(names.registry.places.values()), fits, cursor, limit)
    return PlacePage([_place(names, place) for place in page], more)


def _product(names: Names, product: Product) -> ProductView:
    body = product.body
    return ProductView(
        id=product.chain,
        names=body["names"],
        party=names.party(product.party),
        gtin=body.get("gtin"),
        own_code=body.get("own_code"),
        base_unit=body["base_unit"],
        factors=body.get("factors", []),
        shelf_life=body.get("shelf_life"),
        cold=body.get("cold"),
        may=body.get("may", []),
    )


def _place(names: Names, place: Place) -> PlaceView:
    # Field by field: whatever else a body may come to hold, a position is not among these.
    body = place.body
    return PlaceView(
        id=place.chain,
        name=body["name"],
        kind=body["kind"],
        division=body["division"],
        township=body["township"],
        gln=body.get("gln"),
        own_code=body.get("own_code"),
        party=names.party(place.party),
    )


def _page(rows: Sequence[T], fits: Callable[[T], bool], cursor: str, limit: int) -> tuple[list[T], str | None]:
    """The rows that fit, from ``cursor`` on. Nothing is ever taken out or put between, so a place is a number."""
    if cursor and not (cursor.isascii() and cursor.isdigit() and len(cursor) < 16):
        raise Malformed("cursor", path="cursor", has=cursor[:80])
    fitting = ((at, row) for at, row in enumerate(rows[int(cursor or 0) :], int(cursor or 0)) if fits(row))
    found = list(islice(fitting, limit + 1))
    return [row for _, row in found[:limit]], str(found[limit][0]) if len(found) > limit else None
