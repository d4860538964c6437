"""``/v1/parties``, ``/v1/products``, ``/v1/places``, ``/v1/kinds`` and ``/v1/log``: HTTP only."""

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response

from app.errors import NotFound
from app.heads.reading import Heads, Standing
from app.log import Log
from app.parties import reading
from app.parties.names import Names
from app.parties.reading import MOST, PAGE, PartyView, PlacePage, ProductPage
from app.stored import read_note
from app.wire import as_json
from ledger import records
from ledger.identity import ChainId
from ledger.registry import Registry

Limit = Annotated[int, Query(ge=1, le=MOST)]


@dataclass(frozen=True, slots=True)
class LogView:
    """What the service says of its log. To be believed only as far as the reader's own pin says the same."""

    origin: str
    root: ChainId | None
    public_url: str
    time_zone: str
    policy: dict[str, list[str]]
    """Which role may state which kinds."""
    demonstration: bool
    vkeys: list[str]
    """The keys that sign its checkpoints now, two while one follows the other."""
    closed: str
    """The log that goes on from here, where this one is closed."""
    heads: Standing | None
    """The newest heads of all chains below the published checkpoint."""


@dataclass(frozen=True, slots=True)
class KindView:
    """A kind of statement in a list; its own page has its schema."""

    name: str
    zh: str
    en: str
    help_zh: str
    """When to state it, one sentence in each language."""
    help_en: str
    stage: str
    on: str
    brings: str
    cbv: str
    fsma: str
    roles: list[str]
    """Who may state it now."""


def router(log: Log, heads: Heads) -> APIRouter:
    """The routes over one log."""
    routes = APIRouter()
    registry = log.journal.registry
    names = Names(registry)

    @routes.get("/v1/log", response_model=LogView, tags=["log"], summary="总账 · the log")
    def about() -> Response:
        policy = {role: sorted(kinds) for role, kinds in registry.policy.items()}
        note = log.journal.published()
        view = LogView(
            origin=log.origin,
            root=registry.root,
            public_url=registry.public_url,
            time_zone=registry.time_zone,
            policy=policy,
            demonstration=log.demonstration,
            vkeys=[str(vkey) for vkey in log.journal.vkeys],
            closed=registry.closed,
            heads=heads.standing(read_note(note).size) if note else None,
        )
        return as_json(view)

    @routes.get("/v1/kinds", response_model=list[KindView], tags=["kinds"], summary="记录种类 · kinds of statement")
    def kinds() -> Response:
        return as_json([_kind(registry, kind) for kind in records.KINDS.values()])

    @routes.get("/v1/kinds/{name}", tags=["kinds"], summary="一种记录的格式 · JSON Schema, wordings and audiences")
    def kind(name: str) -> dict[str, Any]:
        found = records.KINDS.get(name)
        if found is None:
            raise NotFound("kind", path="kind", has=name[:80])
        return {**found.schema(), "x-kind": found.name, "x-stage": found.stage, "x-roles": _roles(registry, name)}

    @routes.get("/v1/parties/{chain}", response_model=PartyView, tags=["parties"], summary="一个主体 · a party")
    def party(chain: str) -> Response:
        return as_json(reading.party(names, chain))

    @routes.get("/v1/products", response_model=ProductPage, tags=["parties"], summary="产品 · products")
    def products(q: str = "", party: str = "", gtin: str = "", cursor: str = "", limit: Limit = PAGE) -> Response:
        return as_json(reading.products(names, q, party=party, gtin=gtin, cursor=cursor, limit=limit))

    @routes.get("/v1/places", response_model=PlacePage, tags=["parties"], summary="场所 · places")
    def places(q: str = "", party: str = "", cursor: str = "", limit: Limit = PAGE) -> Response:
        return as_json(reading.places(names, q, party=party, cursor=cursor, limit=limit))

    return routes


def _kind(registry: Registry, kind: records.Kind) -> KindView:
    return KindView(
        name=kind.name,
        zh=kind.zh,
        en=kind.en,
        help_zh=kind.help_zh,
        help_en=kind.help_en,
        stage=kind.stage,
        on=kind.on,
        brings=kind.brings,
        cbv=kind.cbv,
        fsma=kind.fsma,
        roles=_roles(registry, kind.name),
    )


def _roles(registry: Registry, kind: str) -> list[str]:
    return sorted(role for role, kinds in registry.policy.items() if kind in kinds)
