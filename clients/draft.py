"""A draft: what a party wants to state, before it has a number, with what is not public set apart.

What is sealed is decided by ``ledger.parting``, for the SDK, the command line and the importer alike.
"""

from collections.abc import Callable, Container, Iterable, Mapping
from dataclasses import dataclass, field, replace

from ledger.canonical import Json
from ledger.identity import ChainId
from ledger.parting import part
from ledger.statement import Disclosure, Statement, open_sealed


@dataclass(frozen=True)
class Draft:
    """``body`` is in the clear, ``sealed`` is not; ``source`` names what it comes from, such as a line of a file."""

    kind: str
    at: str
    body: Mapping[str, Json]
    sealed: Mapping[str, Json] = field(default_factory=dict)
    on: tuple[ChainId, ...] = ()
    for_: ChainId | None = None
    source: str | None = None

    def renamed(self, follow: Callable[[str], str]) -> "Draft":
        """The same with every text put through ``follow``, which gives ids their successors and leaves the rest."""
        return replace(
            self,
            body={name: _renamed(value, follow) for name, value in self.body.items()},
            sealed={name: _renamed(value, follow) for name, value in self.sealed.items()},
            on=tuple(sorted(ChainId(follow(chain)) for chain in self.on)),
        )

    def mentions(self, ids: Container[str]) -> bool:
        """Whether any of these ids, of chains or statements, stands anywhere in it."""
        return self.renamed(lambda text: "" if text in ids else text) != self


def draft(
    kind: str,
    fields: Mapping[str, Json],
    *,
    at: str,
    on: Iterable[ChainId] = (),
    for_: ChainId | None = None,
    source: str | None = None,
) -> Draft:
    """Part ``fields`` by audience; the batches that they name are touched without being listed in ``on``.

    Raises as ``ledger.parting.part``.
    """
    body, sealed, touched = part(kind, fields)
    return Draft(kind, at, body, sealed, tuple(sorted(touched.union(on))), for_, source)


def draft_of(statement: Statement, disclosures: Iterable[Disclosure], source: str | None = None) -> Draft:
    """The draft that a statement was signed from."""
    body = {name: value for name, value in statement.body.items() if name != "_sd"}
    sealed = {name: value for name, (value, _) in open_sealed(statement, disclosures).items()}
    return Draft(statement.kind, statement.at, body, sealed, statement.on, statement.for_, source)


def _renamed(value: Json, follow: Callable[[str], str]) -> Json:
    if isinstance(value, str):
        return follow(value)
    if isinstance(value, dict):
        return {name: _renamed(inner, follow) for name, inner in value.items()}
    if isinstance(value, list):
        return [_renamed(inner, follow) for inner in value]
    return value
