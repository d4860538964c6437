"""Statements of the registry: who takes part, with which keys and roles, where, and what they make (format §7)."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence

from clients.notebook import Kept
from ledger.canonical import Json
from ledger.identity import ChainId
from ledger.keys import KeyId
from ledger.statement import Statement


class Registering(ABC):
    """Each method states one thing, as ``state`` does; fields that are None are left out."""

    @abstractmethod
    def state(
        self,
        kind: str,
        fields: Mapping[str, Json],
        on: Iterable[ChainId] = (),
        at: str | None = None,
        *,
        for_: ChainId | None = None,
        source: str | None = None,
    ) -> Kept: ...

    def register_party(
        self,
        name: str,
        type: str,  # noqa: A002 - the field's name
        roles: Sequence[str],
        *,
        division: str,
        side: str = "agriculture",
        uscc: str | None = None,
        keys: Sequence[Mapping[str, Json]] = (),
        at: str | None = None,
        source: str | None = None,
    ) -> Kept:
        """A new party; ``keys`` are the offers of its devices, none for a farmer without one. By a registrar."""
        profile = _given(name=name, type=type, uscc=uscc, division=division, side=side)
        fields: dict[str, Json] = {
            "keys": [dict(key) for key in keys],
            "profile": profile,
            "roles": [*roles],
        }
        return self.state("party.register", fields, at=at, source=source)

    def add_key(
        self, party: ChainId, offer: Mapping[str, Json], custody: str | None = None, at: str | None = None
    ) -> Kept:
        """Another device of ``party``, by what the device offers."""
        return self.state("key.add", {**offer, **_given(custody=custody)}, [party], at)

    def revoke_key(
        self,
        party: ChainId,
        kid: KeyId,
        reason: str,
        compromised_since: str | None = None,
        at: str | None = None,
    ) -> Kept:
        """The key signs nothing more; drain its notebook first, if it is still at hand."""
        fields = _given(kid=kid, reason=reason, compromised_since=compromised_since)
        return self.state("key.revoke", fields, [party], at)

    def grant_role(self, party: ChainId, role: str, at: str | None = None) -> Kept:
        """A role more; that of ``registrar`` or ``operator`` takes effect when a second root key has confirmed it."""
        return self.state("role.grant", {"role": role}, [party], at)

    def end_role(self, party: ChainId, role: str, at: str | None = None) -> Kept:
        return self.state("role.end", {"role": role}, [party], at)

    def confirm(self, act: Statement, at: str | None = None) -> Kept:
        """The second signature of a root act; ``act`` is the first, by another root key."""
        return self.state(act.kind, {"confirms": act.hash}, act.on, at)

    def grant_agent(self, principal: ChainId, agent: ChainId, kinds: Sequence[str], at: str | None = None) -> Kept:
        """``agent`` may state these kinds for ``principal``."""
        return self.state("agent.grant", {"agent": agent, "kinds": [*kinds]}, [principal], at)

    def end_agent(self, principal: ChainId, agent: ChainId, kinds: Sequence[str], at: str | None = None) -> Kept:
        return self.state("agent.end", {"agent": agent, "kinds": [*kinds]}, [principal], at)

    def add_place(
        self,
        name: str,
        kind: str,
        *,
        division: str,
        township: str,
        gln: str | None = None,
        own_code: str | None = None,
        position: Mapping[str, Json] | None = None,
        for_: ChainId | None = None,
        at: str | None = None,
    ) -> Kept:
        """A place of the party; its position, ``{"lat","lon"}``, is sealed."""
        fields = _given(
            name=name,
            kind=kind,
            division=division,
            township=township,
            gln=gln,
            own_code=own_code,
            position=dict(position) if position else None,
        )
        return self.state("place.add", fields, at=at, for_=for_)

    def add_product(
        self,
        names: Mapping[str, str],
        base_unit: str,
        *,
        for_: ChainId | None = None,
        at: str | None = None,
        **more: Json,
    ) -> Kept:
        """A product by its names in each language; ``more`` are the kind's other fields, among them its code."""
        return self.state("product.add", _given(names={**names}, base_unit=base_unit, **more), at=at, for_=for_)


def _given(**fields: Json) -> dict[str, Json]:
    return {name: value for name, value in fields.items() if value is not None}
