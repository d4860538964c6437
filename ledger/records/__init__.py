"""The one table of what can be stated: kinds, fields, wordings, audiences, and the roles that may state them.

It serves admission, forms, pages, import and documents alike.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from ledger.canonical import Json
from ledger.errors import Malformed
from ledger.records import (
    arriving,
    certifying,
    growing,
    moving,
    processing,
    registry,
    selling,
    storing,
    supervising,
    testing,
)
from ledger.records.kind import Kind, batches_named
from ledger.records.shapes import ATTACHMENT, Audience, Field, ListOf
from ledger.statement import Statement

__all__ = [
    "ATTACHING",
    "KINDS",
    "POLICY",
    "ROLES",
    "SEALED",
    "Audience",
    "Field",
    "Kind",
    "attached",
    "batches_named",
    "check",
    "check_correction",
    "kind_of",
]

ROLES = registry.ROLES
KINDS: Mapping[str, Kind] = {
    kind.name: kind
    for stage in (
        registry,
        growing,
        arriving,
        processing,
        storing,
        moving,
        testing,
        certifying,
        selling,
        supervising,
    )
    for kind in stage.KINDS
}

_HOLDER = (
    "acknowledge certify correct count dispose drill hold intake label observe pack process recall receive reject "
    "release sell sense ship test unpack"
)
POLICY: Mapping[str, tuple[str, ...]] = {
    role: tuple(sorted(kinds.split()))
    for role, kinds in {
        "farm": f"{_HOLDER} acquire apply feed harvest plant stock store treat unstore",
        "processor": f"{_HOLDER} acquire store unstore",
        "warehouse": f"{_HOLDER} store unstore",
        "carrier": "acknowledge correct load sense unload",
        "shop": f"{_HOLDER} store unstore",
        "lab": "correct test",
        "inspector": "acknowledge correct drill hold inspect notify recall release sample sense test transfer warn",
        "registrar": "",
        "operator": "log.heads",
    }.items()
}
"""The role × kind table that a new log opens with; after that its own ``log.open`` and ``log.policy`` decide."""


SEALED: Mapping[str, Audience] = {
    field.name: field.audience for kind in KINDS.values() for field in kind.fields if field.audience != "public"
}
"""The audience of each field that is sealed; a name has the same audience in every kind."""

ATTACHING = frozenset(
    field.name
    for kind in KINDS.values()
    for field in kind.fields
    if field.shape == ATTACHMENT or (isinstance(field.shape, ListOf) and field.shape.item == ATTACHMENT)
)
"""The fields that name files; a name that does so in one kind does in all."""


def attached(statement: Statement, opened: Mapping[str, Any]) -> Iterator[tuple[str, Audience, Mapping[str, Any]]]:
    """The attachments that a statement, which fits its kind, names: each with its field (``new.…``) and audience."""
    for before, values in (("", statement.body), ("new.", statement.body.get("new", {})), ("", opened)):
        for name in sorted(ATTACHING.intersection(values)):
            named = values[name]
            for one in named if isinstance(named, list) else [named]:
                yield before + name, SEALED.get(name, "public"), one


def kind_of(statement: Statement) -> Kind:
    """Raises Malformed ``kind`` for one that this table does not have."""
    try:
        return KINDS[statement.kind]
    except KeyError:
        raise Malformed("kind", path="kind", has=statement.kind[:80]) from None


def check(statement: Statement, opened: Mapping[str, Json]) -> None:
    """Hold a statement with its opened sealed fields against its kind. Raises Malformed with the field's path."""
    kind = kind_of(statement)
    if statement.kind == "correct":
        # New values for sealed fields are sealed too; whether they fit is for ``check_correction``.
        opened = {name: value for name, value in opened.items() if name in kind.by_name}
    kind.check(statement, opened)


def check_correction(statement: Statement, opened: Mapping[str, Json], corrected: Statement) -> None:
    """Hold a correction's new values against the kind of what it corrects. Raises Malformed."""
    new, void = statement.body.get("new", {}), statement.body.get("void", False)
    theirs = kind_of(corrected)
    if theirs.stage == "registry":
        # Chains of parties, places and products hold registry entries only (§7).
        raise Malformed("correction-registry", path="body.statement", has=corrected.kind)
    own = kind_of(statement).by_name
    sealed = {name: value for name, value in opened.items() if name not in own}
    if void == bool(new or sealed):
        raise Malformed("correction", path="body.new", wanted="new values or void, one of them")
    for name, value in {**new, **sealed}.items():
        path = f"body.new.{name}"
        if name not in theirs.by_name:
            raise Malformed("unknown", path=path)
        if (theirs.by_name[name].audience == "public") != (name in new):
            raise Malformed("must-not-seal" if name in sealed else "must-seal", path=path)
        theirs.by_name[name].shape.check(value, path)
    # What came into being keeps its identity: a correction may say how much it was, not what or how many.
    was = [(output["product"], output.get("lot")) for output in corrected.body.get("outputs", ())]
    if "outputs" in new and [(output["product"], output.get("lot")) for output in new["outputs"]] != was:
        raise Malformed("correction-outputs", path="body.new.outputs", wanted="the same products and lots, in order")
    before = {batch for _, batch in batches_named(corrected.body)}
    named = set[str]()
    for path, batch in batches_named(new):
        if batch not in before or batch in named:
            code = "repeated" if batch in named else "correction-batch"
            raise Malformed(code, path=path.replace("body", "body.new", 1), has=batch)
        named.add(batch)
    # All of them: or a batch's own chain would lack the word that changed its quantity.
    if set(statement.on) != set(corrected.targets):
        raise Malformed("on-corrected", path="on", wanted="all chains of the statement corrected")
