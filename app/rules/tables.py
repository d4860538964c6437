"""The dated tables that rules look things up in: what is banned, how long to wait, how much may be left.

Laws change, so every figure is a row with its source and the days on which it holds, and every look-up says the day.
The tables shipped lie under ``data``; a log may have put newer ones in force (``gengji rules import``).

A row is for goods by their name, their group, their category, or for all goods; the nearest counts. A name fits where
it stands in what the product is called and both are of one category: 辣椒 fits 线椒 and 精品辣椒, but not 辣椒酱.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, NamedTuple, Self, TypeVar

from sqlalchemy import Connection, select

from app.rules.names import plain, spellings
from app.rules.rows import SHAPES, Ban, Duty, Interval, Limit, Term, Use, Word, names
from app.rules.sheets import Sheet, in_force, read
from app.tables import rule_tables

DATA = Path(__file__).with_name("data")

_CALLED: Mapping[str, tuple[str, Callable[[Any], Iterable[str]]]] = {
    "bans": ("bans", lambda row: names(row.ingredient, row.synonyms)),
    "numbers": ("registrations", lambda row: [plain(row.registration_no)]),
    "labels": ("registrations", lambda row: names(row.ingredient, row.synonyms)),
    "intervals": ("intervals", lambda row: names(row.ingredient, row.synonyms)),
    "limits": ("limits", lambda row: names(row.analyte, row.synonyms)),
    "duties": ("duties", lambda row: [plain(row.category)]),
    "terms": ("terms", lambda row: [row.name]),
}
"""What rows are looked up by: an index's name, its table, the names of a row."""

_Scoped = TypeVar("_Scoped", Ban, Interval, Limit)


@dataclass(frozen=True, slots=True)
class Tables:
    """All tables together; pure, and never changed."""

    sheets: Mapping[str, Sheet]
    _words: Mapping[str, Word] = field(init=False, repr=False, compare=False)
    _longest: int = field(init=False, repr=False, compare=False)
    _by_name: Mapping[tuple[str, str], list[Any]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        known = {name: row for row in self.sheets["categories"].rows for name in names(row.word, row.synonyms)}
        by_name = defaultdict[tuple[str, str], list[Any]](list)
        for index, (table, called) in _CALLED.items():
            for row in self.sheets[table].rows:
                for name in called(row):
                    by_name[index, name].append(row)
        object.__setattr__(self, "_words", known)
        object.__setattr__(self, "_longest", max(map(len, known)))
        object.__setattr__(self, "_by_name", dict(by_name))

    @classmethod
    def shipped(cls) -> "Tables":
        """Those that come with the program."""
        return _shipped()

    @classmethod
    def load(cls, connection: Connection, log_id: int) -> "Tables":
        """Those in force in a log: the newest that a run has put there, for the rest the ones shipped."""
        query = (
            select(rule_tables.c.name, rule_tables.c.text)
            .where(rule_tables.c.log_id == log_id, rule_tables.c.run.is_not(None))
            .order_by(rule_tables.c.name, rule_tables.c.version)
        )
        texts = {name: text for name, text in connection.execute(query)}
        # A table that a newer program no longer has is left where it lies.
        return _with(tuple((name, text) for name, text in texts.items() if name in SHAPES))

    def replace(self, *sheets: Sheet) -> Self:
        """These in place of those of the same name."""
        return type(self)({**self.sheets, **{sheet.name: sheet for sheet in sheets}}) if sheets else self

    @property
    def demonstration(self) -> bool:
        """Whether any row was not copied word for word from the notice that it names."""
        return any(row.demonstration for sheet in self.sheets.values() for row in sheet.rows)

    def category(self, name: str) -> str | None:
        """蔬菜, 水果, 茶鲜叶 …: of the longest word that stands in a product's name; of two as long the later one."""
        row = self._word(plain(name))
        return row.category if row else None

    def banned(self, ingredient: str, category: str | None, on: date, name: str = "") -> Ban | None:
        """The ban of a substance: of those in all uses, or of those for goods of this category (or name)."""
        rows = self._called("bans", ingredient, on)
        everywhere = next((row for row in rows if row.kind == "banned"), None)
        return everywhere or self._nearest(rows, name, category)

    def registered(self, of: str, crop: str, on: date) -> Use | None:
        """What a label says of a crop. ``of`` is a registration number or, less surely, an ingredient.

        By number: None where the table has no such label; by ingredient: the most that any label allows on that crop,
        None where none names it, for the table need not have all labels of a substance.
        """
        what = self._what(crop, None)
        by_number = [row for row in self._by_name.get(("numbers", plain(of)), ()) if in_force(row, on)]
        rows = by_number or self._called("labels", of, on)
        ranked = [(self._rank((row.crop,), what), row) for row in rows]
        best = max((rank for rank, _ in ranked), default=-1)
        fitting = [row for rank, row in ranked if rank == best >= 0]
        if not rows or not (fitting or by_number):
            return None
        row = max(fitting, key=lambda each: each.rate or 0, default=rows[0])
        crops = tuple(each.crop for each in rows if each.registration_no == row.registration_no)
        return Use(row.registration_no, row.name, crops, row if fitting else None, row.source)

    def interval(self, ingredient: str, name: str, category: str | None, on: date) -> Interval | None:
        """The least time from last use to harvest, where the table says one."""
        return self._nearest(self._called("intervals", ingredient, on), name, category)

    def limit(self, analyte: str, name: str, category: str | None, on: date) -> Limit | None:
        """The limit in force on the day the sample was taken."""
        return self._nearest(self._called("limits", analyte, on), name, category)

    def certificate(self, category: str | None, on: date) -> Duty | None:
        """Why goods of this category need a certificate, if they do."""
        rows = self._by_name.get(("duties", plain(category or "")), ())
        return next((row for row in rows if row.duty == "certificate" and in_force(row, on)), None)

    def term(self, name: str, on: date) -> Term | None:
        """A named figure, such as ``late-days``."""
        for row in self._by_name.get(("terms", name), ()):
            if in_force(row, on):
                found: Term = row
                return found
        return None

    def _called(self, index: str, substance: str, on: date) -> list[Any]:
        """The rows of a substance in force on a day, by the nearest spelling that has any."""
        known = (self._by_name.get((index, spelling)) for spelling in spellings(substance))
        return [row for row in next((rows for rows in known if rows), ()) if in_force(row, on)]

    def _nearest(self, rows: Iterable[_Scoped], name: str, category: str | None) -> _Scoped | None:
        what = self._what(name, category)
        ranked = ((self._rank(row.goods, what), row) for row in rows)
        rank, row = max(ranked, key=lambda each: each[0], default=(-1, None))
        return row if rank >= 0 else None

    def _what(self, name: str, category: str | None) -> "_What":
        text = plain(name)
        known = self._word(text)
        return _What(text, known, plain(category or (known.category if known else "")))

    def _rank(self, goods: Iterable[str], what: "_What") -> int:
        """How near a row's goods are: −1 others, 0 all goods, 1 the category, 2 the group, more by length the name."""
        return max((self._near(plain(one), what) for one in goods), default=0)

    def _near(self, one: str, what: "_What") -> int:
        same = self._words.get(one)
        of_one_kind = same is None or plain(same.category) == what.category
        if of_one_kind and (one in what.name or (same is not None and same is what.word)):
            return 2 + len(one)
        if what.word is not None and one == plain(what.word.group) and plain(what.word.category) == what.category:
            return 2
        return 1 if one == what.category else -1

    def _word(self, text: str) -> Word | None:
        for length in range(min(self._longest, len(text)), 0, -1):
            for start in range(len(text) - length, -1, -1):
                if row := self._words.get(text[start : start + length]):
                    return row
        return None


class _What(NamedTuple):
    """Goods that a row is sought for: ``name`` and ``category`` plain, the word that names them."""

    name: str
    word: Word | None
    category: str


@lru_cache(maxsize=4)
def _with(texts: tuple[tuple[str, str], ...]) -> Tables:
    # Whoever reads asks for them each time, and a county's own table of limits may have ten thousand rows.
    return Tables.shipped().replace(*(read(name, SHAPES[name], text.encode()) for name, text in texts))


@cache
def _shipped() -> Tables:
    return Tables({name: read(name, shape, (DATA / f"{name}.csv").read_bytes()) for name, shape in SHAPES.items()})
