"""What a sheet says, in its own words: products, places and parties are names still, ids come later."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from clients.importer.mapping import SheetMapping
from ledger.canonical import Json


@dataclass(frozen=True)
class ProductName:
    """A product by its GTIN (14 digits, checked) or its owner's code, with what the sheet calls it."""

    scheme: str
    code: str
    name: str

    @property
    def key(self) -> str:
        return f"{self.scheme}:{self.code}"


@dataclass(frozen=True)
class PlaceName:
    """A place as the sheet names it; a number whose check digit is wrong is no GLN but the place's ``own_code``."""

    name: str
    gln: str | None = None
    own_code: str | None = None


@dataclass(frozen=True)
class PartyName:
    """A party as the sheet names it: ``number`` as it stands there, checked or not."""

    name: str
    number: str | None = None


@dataclass(frozen=True)
class Item:
    """One batch of an event, by product and lot or by its trace ``code``."""

    table: str
    product: ProductName | None
    lot: str | None
    code: str | None
    quantity: Mapping[str, str] | None
    more: Mapping[str, Json]

    @property
    def identity(self) -> tuple[str, str, str, str]:
        return self.table, self.product.key if self.product else "", self.lot or "", self.code or ""


@dataclass(frozen=True)
class Event:
    """What one row, or several that belong together, say. ``lines`` are where; ``columns`` the head of each field."""

    mapping: SheetMapping
    at: str
    day: str
    lines: tuple[int, ...]
    items: tuple[Item, ...]
    fields: Mapping[str, Any]
    columns: Mapping[str, str]
