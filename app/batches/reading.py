"""The reading service: a batch by any of its names, what happened to it, where it came from and where it is."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Engine, select

from app import stored
from app.batches import codes, concerns, events, holdings, lineage, views
from app.batches.concerns import Concern
from app.batches.events import Change, Event
from app.batches.holdings import Holding
from app.batches.lineage import DEPTH, MAX_DEPTH, Direction, Graph
from app.batches.search import Wanted, search
from app.batches.stops import Stop, stops
from app.batches.views import BatchView
from app.errors import Conflict, NotFound
from app.log import Log
from app.parties.names import Lang, Names
from app.tables import entries
from app.viewing import Viewer
from labels import digital_link
from labels.digital_link import Link
from labels.label import Label
from ledger import wordings
from ledger.errors import Malformed
from ledger.identity import ChainId, StatementHash
from ledger.statement import read_time

__all__ = [
    "BatchPage",
    "BatchReader",
    "BatchView",
    "Change",
    "ChangePage",
    "Concern",
    "Event",
    "Graph",
    "Holding",
    "Stop",
    "Told",
    "Wanted",
]

PAGE = 50
MOST = 200
STORY_DEPTH, STORY_BATCHES = 20, 200


@dataclass(frozen=True, slots=True)
class Told:
    """An event of a story, with the batch it is about; ``steps`` back from the one that was asked for."""

    batch: BatchView
    steps: int
    event: Event


@dataclass(frozen=True, slots=True)
class BatchPage:
    batches: list[BatchView]
    next: str | None
    """The cursor of the page that follows."""


@dataclass(frozen=True, slots=True)
class ChangePage:
    changes: list[Change]
    next: int
    """What to ask for next as ``after``."""
    more: bool


class BatchReader:
    """Reads of one log's batches. Safe on many threads; each call is one moment of the database."""

    def __init__(self, engine: Engine, log: Log) -> None:
        self._engine = engine
        self._log = log
        self._log_id = log.log_id
        self.names = Names(log.journal.registry)

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        """One snapshot for all that a call reads."""
        with self._engine.connect() as connection:
            if self._engine.dialect.name != "sqlite":  # which gives nothing else
                connection.execution_options(isolation_level="REPEATABLE READ")
            yield connection

    # --- by what name --------------------------------------------------------------------------------------------

    def find(self, text: str) -> ChainId:
        """The batch of a trace code (grouped, full-width), mark, chain id or label address.

        Raises NotFound ``no-code``, Malformed ``code-check`` (a digit is wrong) or ``code-digits`` (no code at all).
        """
        with self._engine.connect() as connection:
            return codes.find(connection, self._log_id, self.names.registry, text)

    def find_lot(self, product: str, lot: str) -> ChainId:
        """By its owner's name: product id and lot. Raises NotFound ``no-code``."""
        with self._engine.connect() as connection:
            return codes.find_lot(connection, self._log_id, product, lot)

    def find_gtin_lot(self, gtin: str, lot: str) -> ChainId:
        """By GTIN and lot. Raises NotFound ``no-code``, Malformed ``gtin``."""
        with self._engine.connect() as connection:
            return codes.find_gtin_lot(connection, self._log_id, self.names.registry, gtin, lot)

    # --- what it is ----------------------------------------------------------------------------------------------

    def batch(self, chain: ChainId, as_of: str | None = None) -> BatchView:
        """Raises NotFound ``no-code``, Malformed ``as-of``."""
        with self._reading() as connection:
            found = views.read(connection, self._log_id, self.names, [chain], self._moment(connection, as_of))
        if chain not in found:
            raise NotFound("no-code", path="code", has=chain)
        return found[chain]

    def batches(self, chains: Iterable[ChainId]) -> dict[ChainId, BatchView]:
        """Those of ``chains`` that are batches."""
        with self._reading() as connection:
            return views.read(connection, self._log_id, self.names, chains)

    # --- what happened -------------------------------------------------------------------------------------------

    def events(self, chain: ChainId, viewer: Viewer | None, as_of: str | None = None) -> list[Event]:
        """A chain's events in order of ``seq``, each field by its audience, now or as they stood at ``as_of``.

        Raises NotFound ``no-code``, Malformed ``as-of``.
        """
        with self._reading() as connection:
            moment = self._moment(connection, as_of)
            found = events.on_chains(connection, self._log_id, self.names, [chain], viewer, moment)[chain]
        if not found:
            raise NotFound("no-code", path="code", has=chain)
        return found

    def story(self, chain: ChainId, viewer: Viewer | None, as_of: str | None = None) -> list[Told]:
        """The batch's events and, upstream, those of its ancestors that led here, by the time they happened.

        A statement about several of the batches is told once, of the one nearest to ``chain``.
        """
        with self._reading() as connection:
            moment = self._moment(connection, as_of)
            graph = lineage.graph(connection, self._log_id, self.names, chain, "back", STORY_DEPTH, moment)
            steps = {node.chain: -node.depth for node in graph.nodes[:STORY_BATCHES]}
            batches = views.read(connection, self._log_id, self.names, steps, moment)
            found = events.on_chains(connection, self._log_id, self.names, steps, viewer, moment)
        if chain not in batches:
            raise NotFound("no-code", path="code", has=chain)
        led = dict(found)
        uses = {edge.parent: edge for edge in reversed(graph.edges) if edge.parent in steps}
        for parent, edge in uses.items():
            used = next((event for event in found[parent] if event.index == edge.index), None)
            led[parent] = list(events.upstream(found[parent], used)) if used else []
        told: dict[StatementHash, Told] = {}
        for batch in sorted(steps, key=lambda each: steps[each]):
            for event in led[batch]:
                told.setdefault(event.hash, Told(batches[batch], steps[batch], event))
        return sorted(told.values(), key=lambda each: (each.event.at, each.event.index))

    def findings(self, chain: ChainId, as_of: str | None = None) -> list[Concern]:
        """All that was found about a batch, or about what it came from and holds it too, open or closed, the oldest
        first; now or as it stood at ``as_of``. Raises Malformed ``as-of``."""
        with self._reading() as connection:
            moment = self._moment(connection, as_of)
            return concerns.of_batch(connection, self._log_id, self.names, chain, moment)

    def stops(self, chain: ChainId, as_of: int | None = None) -> list[Stop]:
        """What stops the batch now, or stopped it once the statement at ``as_of`` was recorded; the gravest first."""
        with self._reading() as connection:
            return stops(connection, self._log_id, self.names, chain, as_of)

    def changes(self, after: int, viewer: Viewer | None, limit: int = MOST) -> ChangePage:
        """The statements whose first index is above ``after`` (-1 from the beginning), in the order of the log."""
        note = self._log.journal.latest()
        size = stored.read_note(note).size if note else 0
        with self._reading() as connection:
            found = events.since(connection, self._log_id, self.names, after, size, limit + 1, viewer)
        page = found[:limit]
        return ChangePage(page, page[-1].index if page else after, len(found) > limit)

    # --- from where, to where ------------------------------------------------------------------------------------

    def lineage(
        self, chain: ChainId, direction: Direction = "both", depth: int = DEPTH, as_of: str | None = None
    ) -> Graph:
        """The batches it came from (``back``), those it became (``forward``), or both, within ``depth`` steps.

        ``as_of`` is a log index or a time. Raises NotFound ``no-code``, Malformed ``choice``, ``number`` or ``as-of``.
        """
        if direction not in ("back", "forward", "both"):
            raise Malformed("choice", path="direction", has=str(direction)[:80], wanted="back | forward | both")
        if not 0 <= depth <= MAX_DEPTH:
            raise Malformed("number", path="depth", has=depth, wanted=f"0 … {MAX_DEPTH}")
        with self._reading() as connection:
            moment = self._moment(connection, as_of)
            graph = lineage.graph(connection, self._log_id, self.names, chain, direction, depth, moment)
        if not graph.nodes or graph.nodes[0].chain != chain:  # which was not there yet
            raise NotFound("no-code", path="code", has=chain)
        return graph

    def holdings(self, chain: ChainId, as_of: str | None = None) -> list[Holding]:
        """Where all of the batch is, or was; accounts at zero are left out. Raises Malformed ``as-of``."""
        with self._reading() as connection:
            moment = self._moment(connection, as_of)
            return holdings.holdings(connection, self._log_id, self.names, chain, moment)

    def _moment(self, connection: Connection, as_of: str | None) -> int | None:
        """The log index that ``as_of`` means: an index, or the last one received by that time; None for now."""
        if as_of is None or as_of == "":
            return None
        if as_of.isascii() and as_of.isdigit() and len(as_of) < 16:
            return int(as_of)
        try:
            until = int(datetime.fromisoformat(read_time(as_of, "as_of")).timestamp()) * 1000 + 999
        except Malformed:
            wanted = "a log index | YYYY-MM-DDTHH:MM:SSZ"
            raise Malformed("as-of", path="as_of", has=as_of[:80], wanted=wanted) from None
        size, _ = stored.tail(connection, self._log_id)

        def received(index: int) -> int:
            query = select(entries.c.received).where(entries.c.log_id == self._log_id, entries.c.log_index == index)
            return int(connection.execute(query).scalar_one())

        # Times never fall along the log, so twenty look-ups find the place among a million.
        return bisect_right(range(size), until, key=received) - 1

    # --- many ----------------------------------------------------------------------------------------------------

    def search(self, wanted: Wanted, cursor: str = "", limit: int = PAGE) -> BatchPage:
        """Batches, newest first. Raises Malformed for a ``cursor`` or an id that is none."""
        with self._reading() as connection:
            rows, more = search(connection, self._log_id, self.names.registry, wanted, cursor, limit)
            found = views.of_rows(connection, self._log_id, self.names, rows)
        return BatchPage(list(found.values()), more)

    # --- the label -----------------------------------------------------------------------------------------------

    def label(self, chain: ChainId, lang: Lang = "zh", base_url: str = "") -> Label:
        """What the batch's label says. A demonstration without an address of its own takes ``base_url``.

        Raises Conflict ``held`` while something stops the batch, ``no-public-url`` for a real log without an address:
        its labels would lead nowhere.
        """
        view = self.batch(chain)
        if standing := self.stops(chain):
            codes = ", ".join(dict.fromkeys(stop.found.code for stop in standing))
            raise Conflict("held", path="label", has=codes, wanted=chain)
        public_url = self._log.public_url.rstrip("/")
        if not public_url:
            if not self._log.demonstration:
                raise Conflict("no-public-url", path="public_url", has="", wanted="https://…")
            public_url = base_url.rstrip("/")
        return Label(
            url=digital_link.build(Link(public_url, mark=view.mark)),
            product=view.name.say(lang),
            quantity=wordings.quantity(view.stated, lang),
            origin=view.origin or ("未记录" if lang == "zh" else "not recorded"),
            maker=view.maker[0],
            date=view.day,
            producer=view.producer.say(lang),
            trace_code=view.code,
            lot=view.lot,
            demonstration=self._log.demonstration,
        )
