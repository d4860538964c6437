"""What the names in a sheet stand for: from this device's own notebook first, then from the service.

The notebook knows everything that this device has stated, sent or not; the service what others have. Nothing is
remembered elsewhere, so there is nothing that could contradict them.
"""

import tomllib
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import orjson

from clients.client import Client
from clients.errors import Refused
from clients.importer.events import PartyName, PlaceName, ProductName
from clients.importer.problems import BadCell, BadMapping
from clients.importer.sheet import fold
from clients.notebook import Kept
from labels.digital_link import is_gln
from ledger import b64u
from ledger.errors import LedgerError
from ledger.identity import ChainId

LIVE = ("waiting", "receipted", "adopted")


@dataclass(frozen=True)
class Lot:
    """A batch that a sheet may name: its chain and the time it was made."""

    chain: ChainId
    made: str
    opened_by: Kept | None = None
    """The intake that an import opened it with for want of a receipt, until one is found."""


@dataclass
class Catalogue:
    """Ids by name. ``sources`` counts what was stated from each source and stands, ``refused`` what does not."""

    products: dict[str, ChainId] = field(default_factory=dict)
    places: dict[str, ChainId] = field(default_factory=dict)
    lots: dict[tuple[ChainId, str], Lot] = field(default_factory=dict)
    stated: dict[str, Kept] = field(default_factory=dict)
    refused: Counter[str] = field(default_factory=Counter)
    _named: dict[ChainId, tuple[ChainId, str]] = field(default_factory=dict)

    @classmethod
    def of(cls, client: Client) -> "Catalogue":
        """All that this device's notebook knows."""
        catalogue = cls()
        for kept in client.notebook.all():
            source = kept.source.partition("#")[0] if kept.source else None
            if kept.state in LIVE:
                catalogue.take(kept)
                if source:
                    catalogue.stated[source] = kept
            elif kept.state == "refused" and source:
                catalogue.refused[source] += 1
        return catalogue

    def take(self, kept: Kept) -> None:
        """What a statement of ours brings into being has its name from now on."""
        statement, body = kept.statement, kept.statement.body
        if statement.kind == "product.add":
            self.products[product_key(body)] = statement.created[0]
        elif statement.kind == "place.add":
            self.places[fold(body["name"])] = statement.created[0]
            if "gln" in body:
                self.places[body["gln"]] = statement.created[0]
        for output, chain in zip(body.get("outputs", ()), statement.created, strict=False):
            if "lot" in output:
                name = ChainId(output["product"]), output["lot"]
                self.lots[name] = Lot(chain, statement.at, kept if body.get("unrecorded") else None)
                self._named[chain] = name
        if statement.kind == "correct" and body.get("new", {}).get("unrecorded") is False:
            for name in (self._named[chain] for chain in statement.on if chain in self._named):
                self.lots[name] = replace(self.lots[name], opened_by=None)

    def fresh(self, source: str) -> str:
        """The name under which ``source`` may be stated; after a refusal it is another one."""
        attempt = self.refused[source]
        return f"{source}#{attempt}" if attempt else source

    def place(self, name: PlaceName) -> ChainId | None:
        return (self.places.get(name.gln) if name.gln else None) or self.places.get(fold(name.name))


def product_key(body: Mapping[str, Any]) -> str:
    return f"gtin:{body['gtin'].zfill(14)}" if "gtin" in body else f"own_code:{body['own_code']}"


class Finder:
    """Asks the service for what the notebook does not know; every question once."""

    def __init__(self, client: Client) -> None:
        self._service = client.service
        self._party = client.notebook.device.party or ""
        self._asked: dict[tuple[str, ...], Any] = {}

    def product(self, name: ProductName) -> tuple[ChainId, str] | None:
        """The id of a product that others have added too, and the party that it may not be used without.

        The second is empty where we may give out lots of it.
        """
        if name.scheme == "gtin":
            found = self._ask("/v1/products", gtin=name.code)
        else:
            found = self._ask("/v1/products", q=name.code, party=self._party)
        for one in _listed(found, "products"):
            if product_key({k: v for k, v in one.items() if k in ("gtin", "own_code") and v is not None}) == name.key:
                issuer = one["party"]["id"]
                mine = self._party == issuer or self._party in one["may"]
                return ChainId(one["id"]), "" if mine else issuer
        return None

    def lot(self, product: ChainId, lot: str) -> Lot | None:
        """The batch that anyone has made of this product under this lot."""
        for one in _listed(self._ask("/v1/batches", product=product, lot=lot), "batches"):
            return Lot(ChainId(one["chain"]), str(one["made"]))
        return None

    def code(self, code: str) -> Lot | None:
        """The batch by its trace code."""
        one = self._ask(f"/v1/batches/{code}")
        return Lot(ChainId(one["chain"]), str(one["made"])) if one else None

    def place(self, name: PlaceName) -> ChainId | None:
        """A place of our own, by its name or GLN, that another device has added."""
        for one in _listed(self._ask("/v1/places", q=name.name, party=self._party), "places"):
            if fold(one["name"]) == fold(name.name) or (name.gln and one["gln"] == name.gln):
                return ChainId(one["id"])
        return None

    def receiver(self, name: PartyName) -> ChainId | None:
        """The party whose place has this name and this GLN: the two together are no coincidence."""
        if not (name.number and is_gln(name.number)):
            return None
        for one in _listed(self._ask("/v1/places", q=name.name), "places"):
            if one["gln"] == name.number:
                return ChainId(one["party"]["id"])
        return None

    def division(self) -> str:
        """The division code of our own registration: where a place is that the sheet says no more of."""
        party = self._ask(f"/v1/parties/{self._party}") or {}
        return str(party.get("division") or "000000")

    def _ask(self, path: str, **params: str) -> Any:
        key = (path, *(f"{name}={value}" for name, value in params.items()))
        if key not in self._asked:
            try:
                self._asked[key] = self._service.get(path, params or None)
            except Refused as error:
                if error.status not in (404, 422):
                    raise
                self._asked[key] = None
        return self._asked[key]


def _listed(found: Any, name: str) -> Iterable[Any]:
    return found.get(name, ()) if isinstance(found, dict) else ()


# --- which party is meant ----------------------------------------------------------------------------------------


class Parties:
    """``parties.toml``: what a sheet calls a party, and its party id. Names that are missing are put there, empty.

    Registering a party is a registrar's act; saying which party a name means is the importer's own.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._ids: defaultdict[str, str] = defaultdict(str)
        try:
            told = tomllib.loads(path.read_text("utf-8-sig"))
        except FileNotFoundError:
            told = {}
        except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
            raise BadMapping("mapping-file", path=str(path), has=str(error)) from None
        self._written = {fold(name) for name in told}
        for name, chain in told.items():
            if not isinstance(chain, str):
                raise BadMapping("party-id", path=str(path), has=name)
            self._ids[fold(name)] = chain.strip()

    def find(self, name: PartyName) -> ChainId | None:
        """Raises BadCell ``party-id`` for an id that can't be one."""
        for key in (name.name, name.number or ""):
            if chain := self._ids[fold(key)]:
                try:
                    b64u.decode(chain, 32)
                except LedgerError:
                    raise BadCell("party-id", path=str(self.path), has=key) from None
                return ChainId(chain)
        return None

    def ask_for(self, names: Iterable[str]) -> None:
        """Add a line to fill in for each name that the file does not have."""
        missing = [name for name in dict.fromkeys(names) if fold(name) not in self._written]
        if not missing:
            return
        head = "" if self.path.exists() else (
            "# 表格里的名称 = 总账里的主体编号（43 个字符；由登记员给出）\n"
            "# what a sheet calls a party = its party id in the log (43 characters; ask the registrar)\n"
        )  # fmt: skip
        lines = [f'{orjson.dumps(name).decode()} = ""\n' for name in missing]
        with self.path.open("a", encoding="utf-8") as file:
            file.write("".join([head, *lines]))
        self._written |= {fold(name) for name in missing}
