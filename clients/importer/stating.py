"""From events to statements: each event with whatever it stands on first, products, places and unknown lots."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

from clients.draft import Draft, draft
from clients.importer import cells
from clients.importer.catalogue import Catalogue, Finder, Lot, Parties
from clients.importer.events import Event, Item, PartyName, PlaceName, ProductName
from clients.importer.problems import BadCell
from clients.importer.sheet import fold
from clients.importer.sources import Placed, Stated, digest
from clients.notebook import Kept
from ledger.canonical import Json
from ledger.errors import LedgerError
from ledger.identity import ChainId

HALF_A_DAY = timedelta(hours=12)
"""A day without an hour stands for its noon, and may be meant this much earlier or later."""

_CONCERNS = {
    "lot-there": ("lot",),
    "lot-taken": ("lot",),
    "unknown-lot": ("lot", "code"),
    "not-issuer": ("gtin", "own_code"),
}
UNKNOWN_TOWNSHIP = "未记录 not recorded"
"""A place's township is asked for, and a sheet does not say it."""


class Stating:
    """Turns events into statements with ``sign``, which gives each draft its ids; a trial has a ``sign`` of its own.

    ``finder`` answers from what it was asked beforehand, so that nothing waits for the network while the
    notebook is locked.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        finder: Finder,
        parties: Parties,
        sign: Callable[[Draft], Kept],
        stated: Stated,
    ) -> None:
        self._catalogue, self._finder, self._parties = catalogue, finder, parties
        self._sign, self._stated = sign, stated
        self._wanted: defaultdict[tuple[str, str], list[Mapping[str, str]]] = defaultdict(list)

    def look_up(self, events: Sequence[tuple[str, Placed]], step: Callable[[], None]) -> None:
        """Ask the service everything that ``state`` will need."""
        for _, one in events:
            for value in one.event.fields.values():
                if isinstance(value, PartyName):
                    self._finder.receiver(value)
                elif isinstance(value, PlaceName) and not self._catalogue.place(value):
                    self._finder.place(value) or self._finder.division()
            for item in one.event.items:
                if item.code:
                    self._finder.code(item.code)
                product = self._known_product(item.product) if item.product else None
                if product and item.lot and item.table != "outputs" and (product, item.lot) not in self._catalogue.lots:
                    self._finder.lot(product, item.lot)
            step()

    def state(self, events: Sequence[tuple[str, Placed]], step: Callable[[], None]) -> None:
        """State them all; what can't be is a Problem, and the others are stated."""
        for _, one in events:
            for item in one.event.items:
                if item.table != "outputs" and item.product and item.lot and item.quantity:
                    self._wanted[item.product.key, item.lot].append(item.quantity)
        for source, one in events:
            try:
                self._state(source, one)
            except LedgerError as error:
                self._stated.problem(one, column_of(one.event, error), error)
            step()

    def _state(self, source: str, one: Placed) -> None:
        event = one.event
        # Everything that may be missing is asked first: nothing is opened for a row that is not sent.
        parties = {name: self._party(value) for name, value in event.fields.items() if isinstance(value, PartyName)}
        self._check_batches(event)
        opened = self._to_fill_in(event)
        fields: dict[str, Json] = {}
        for name, value in event.fields.items():
            if isinstance(value, PartyName):
                fields[name] = parties[name]
            elif isinstance(value, PlaceName):
                fields[name] = self._place(value, one)
            else:
                fields[name] = value
        on: list[ChainId] = []
        for table in event.mapping.batches:
            lines = [self._line(item, one) for item in event.items if item.table == table]
            if table == "on":
                on += [ChainId(str(line["batch"])) for line in lines]
            elif lines:
                fields[table] = [*lines]
        if opened is None:
            self._sign_for(one, source, draft(event.mapping.kind.name, fields, at=event.at, on=on))
        else:
            self._sign_for(one, source, _filling_in(opened, fields, event))
            self._stated.filled_in += 1

    def _sign_for(self, one: Placed, source: str, made: Draft) -> Kept:
        named = self._catalogue.fresh(source)
        kept = self._sign(Draft(made.kind, made.at, made.body, made.sealed, made.on, made.for_, named))
        self._catalogue.take(kept)
        self._stated.take(named, one)
        return kept

    # --- batches

    def _check_batches(self, event: Event) -> None:
        for item in event.items:
            if item.table == "outputs":
                lot = self._lot_made(item)
                if lot and not self._to_fill_in(event):
                    raise BadCell("lot-there", has=item.lot or "", path=lot.made[:10])
                self._check_issuer(item)
            elif self._lot(item) is None:
                if item.code or not event.mapping.open_unknown or item.quantity is None:
                    raise BadCell("unknown-lot", has=item.lot or item.code or "")
                self._check_issuer(item)

    def _check_issuer(self, item: Item) -> None:
        """Lots of a product are given out by who added it and by those it lets (format §4)."""
        if item.product and item.lot and item.product.key not in self._catalogue.products:
            found = self._finder.product(item.product)
            if found and found[1]:
                raise BadCell("not-issuer", has=item.product.code, wanted=found[1])

    def _to_fill_in(self, event: Event) -> Kept | None:
        """The intake that was opened for want of this very receipt."""
        made = [item for item in event.items if item.table == "outputs"]
        lot = self._lot_made(made[0]) if len(made) == 1 else None
        return lot.opened_by if lot and event.mapping.kind.name == "intake" else None

    def _lot_made(self, item: Item) -> Lot | None:
        product = self._known_product(item.product) if item.product else None
        return self._catalogue.lots.get((product, item.lot)) if product and item.lot else None

    def _lot(self, item: Item) -> Lot | None:
        if item.code:
            return self._finder.code(item.code)
        product = self._known_product(item.product) if item.product else None
        if product is None or item.lot is None:
            return None
        return self._catalogue.lots.get((product, item.lot)) or self._finder.lot(product, item.lot)

    def _line(self, item: Item, one: Placed) -> dict[str, Json]:
        """An item as the body has it."""
        quantity: dict[str, Json] = {"quantity": dict(item.quantity)} if item.quantity else {}
        if item.table == "outputs":
            assert item.product is not None  # noqa: S101 - an output without a product is a bad row
            lot: dict[str, Json] = {"lot": item.lot} if item.lot else {}
            return {"product": self._product(item.product, item, one), **quantity, **lot, **item.more}
        found = self._lot(item) or self._open(item, one)
        if _time(found.made) - _time(one.event.at) > HALF_A_DAY:
            self._warn(one, item.table, BadCell("before-made", has=one.event.day, wanted=found.made[:10]))
        return {"batch": found.chain, **quantity, **item.more}

    def _open(self, item: Item, one: Placed) -> Lot:
        """A lot that was never received here: an intake says so, of as much as this import takes from it."""
        assert item.product is not None  # noqa: S101
        assert item.lot is not None  # noqa: S101
        product = self._product(item.product, item, one)
        wanted = self._wanted[item.product.key, item.lot]
        unit = (item.quantity or {})["unit"]
        amount = cells.total([each for each in wanted if each["unit"] == unit])
        where = ", ".join(map(str, one.event.lines))
        fields: dict[str, Json] = {
            "note": f"{one.sheet}: {where}",
            "outputs": [{"lot": item.lot, "product": product, "quantity": {**amount}}],
            "unrecorded": True,
        }
        source = f"import-open {digest([item.product.key, item.lot])}"
        kept = self._sign_for(one, source, draft("intake", fields, at=one.event.at))
        self._stated.opened += 1
        self._warn(one, item.table, BadCell("opened", has=item.lot))
        return Lot(kept.statement.created[0], kept.statement.at, kept)

    def _warn(self, one: Placed, table: str, error: LedgerError) -> None:
        source = one.event.mapping.batches[table].get("lot")
        column = source.columns[0] if source and source.columns else ""
        self._stated.problem(one, column, error, "warning")

    # --- products, places, parties

    def _known_product(self, name: ProductName) -> ChainId | None:
        if own := self._catalogue.products.get(name.key):
            return own
        found = self._finder.product(name)
        return found[0] if found else None

    def _product(self, name: ProductName, item: Item, one: Placed) -> ChainId:
        if own := self._catalogue.products.get(name.key):
            return own
        if found := self._finder.product(name):
            return found[0]
        fields: dict[str, Json] = {
            "base_unit": (item.quantity or {}).get("unit", ""),
            "names": {one.event.mapping.language: name.name},
            name.scheme: name.code,
        }
        kept = self._sign_for(one, f"import-product {digest(name.key)}", draft("product.add", fields, at=one.event.at))
        return kept.statement.created[0]

    def _place(self, name: PlaceName, one: Placed) -> ChainId:
        if known := self._catalogue.place(name) or self._finder.place(name):
            return known
        told = one.event.mapping.places
        fields: dict[str, Json] = {
            "division": told.get("division") or self._finder.division(),
            "kind": told.get("kind", "store"),
            "name": name.name,
            "township": told.get("township", UNKNOWN_TOWNSHIP),
            **({"gln": name.gln} if name.gln else {}),
            **({"own_code": name.own_code} if name.own_code else {}),
        }
        kept = self._sign_for(
            one, f"import-place {digest(fold(name.name))}", draft("place.add", fields, at=one.event.at)
        )
        return kept.statement.created[0]

    def _party(self, name: PartyName) -> ChainId:
        found = self._parties.find(name) or self._finder.receiver(name)
        if found is None:
            self._stated.missing_parties.append(name)
            raise BadCell("unknown-receiver", has=name.name, path=str(self._parties.path))
        return found


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)


def column_of(event: Event, error: LedgerError) -> str:
    """The head over what an error is about, as far as its path or its code says."""
    batches = event.mapping.batches
    if error.code in ("unknown-receiver", "party-id"):
        return next((event.columns[n] for n, v in event.fields.items() if isinstance(v, PartyName)), "")
    wanted = _CONCERNS.get(error.code)
    steps = [step.partition("[")[0] for step in str(error.params.get("path", "")).split(".")[1:]]
    if wanted is None and steps and steps[0] in event.columns:
        return event.columns[steps[0]]
    for table, group in batches.items():
        if wanted is None and (not steps or steps[0] != table):
            continue
        for name in wanted or reversed(steps[1:]):
            if name in group and group[name].columns:
                return group[name].columns[0]
    return ""


def _filling_in(opened: Kept, fields: Mapping[str, Json], event: Event) -> Draft:
    """A correction of the intake that stood for this receipt until now: the origin is on record from here on."""
    own = {name: fields[name] for name in ("refs", "note", "person") if name in fields}
    new = {name: value for name, value in fields.items() if name not in own}
    new["unrecorded"] = False
    correction: dict[str, Json] = {
        "new": new,
        "reason": "补录来源 · its receipt was found",
        "statement": opened.hash,
        **own,
    }
    return draft("correct", correction, at=event.at, on=opened.statement.created)
