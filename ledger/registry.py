"""Who may sign what, decided by position in the log alone (format §7).

All rules, no I/O: statements are put in, in the order of the log, and before each one goes in ``authorise`` says
whether its key, its role and its grant stand at that point. Clocks decide nothing here. The service, the audit
and outside verifiers run this same code.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ledger.checkpoint import ED25519, VKey
from ledger.errors import BadKey, Malformed, NotAllowed
from ledger.identity import ChainId, StatementHash
from ledger.keys import KeyId, PublicKey, check_proof
from ledger.records import registry as shapes
from ledger.statement import Statement, to_ms

KINDS = {kind.name: kind for kind in shapes.KINDS}
"""The kinds that change the registry, ``log.heads`` aside."""

ROOT_KINDS = frozenset(("log.key", "log.policy", "log.close"))
ROOT_ROLES = frozenset(("registrar", "operator"))
ROOT_KEYS = 3
_PARTY_KINDS = frozenset(("place.add", "product.add"))
_TOUCHING = frozenset(("inspect", "sense"))


@dataclass(slots=True)
class Key:
    """A key's life: added at one log index (by a statement of ``added_by``, received at ``added_at`` ms), revoked
    at another; ``compromised_since`` is a time of the format, or empty.
    """

    public: PublicKey
    party: ChainId
    added: int
    added_by: KeyId | None = None
    added_at: int = 0
    custody: str = ""
    revoked: int | None = None
    compromised_since: str = ""


@dataclass(slots=True)
class Party:
    """A party: ``roles`` it has now, ``agents`` who may state which kinds for it, ``keys`` that are not revoked.

    The three are replaced, never changed: so threads may read them while the one writer applies.
    """

    chain: ChainId
    profile: Mapping[str, Any]
    registered: int
    roles: frozenset[str] = frozenset()
    agents: Mapping[ChainId, frozenset[str]] = field(default_factory=dict)
    keys: frozenset[KeyId] = frozenset()


@dataclass(slots=True)
class Place:
    chain: ChainId
    party: ChainId
    body: Mapping[str, Any]


@dataclass(slots=True)
class Product:
    """A product: who issued it, what it is; ``may`` are the others that may give out lots of it."""

    chain: ChainId
    party: ChainId
    body: Mapping[str, Any]

    def allows(self, party: ChainId | None) -> bool:
        return party == self.party or party in self.body.get("may", ())


@dataclass(frozen=True, slots=True)
class _Act:
    kind: str
    on: tuple[ChainId, ...]
    body: Mapping[str, Any]
    kid: KeyId


@dataclass
class Registry:
    """The state after the statements put in so far.

    One thread applies, others may look things up meanwhile; to walk a whole table take ``list(…)`` of it first.
    A ``partial`` one is put together from some chains only: a party that a body names need not be among them.
    """

    origin: str
    partial: bool = field(default=False, kw_only=True)
    root: ChainId | None = None
    public_url: str = ""
    time_zone: str = "Asia/Shanghai"
    log_keys: list[str] = field(default_factory=list)
    policy: dict[str, frozenset[str]] = field(default_factory=dict)
    parties: dict[ChainId, Party] = field(default_factory=dict)
    keys: dict[KeyId, Key] = field(default_factory=dict)
    places: dict[ChainId, Place] = field(default_factory=dict)
    products: dict[ChainId, Product] = field(default_factory=dict)
    gtins: dict[str, ChainId] = field(default_factory=dict)
    closed: str = ""
    _acts: dict[StatementHash, _Act] = field(default_factory=dict)

    # --- may it? -------------------------------------------------------------------------------------------------

    def key_of(self, statement: Statement) -> PublicKey:
        """The key that has to have signed. Raises NotAllowed ``key-unknown``, ``key-revoked`` or ``key-party``."""
        if statement.kind == "log.open":
            self._check_opening(statement)
            shapes.LOG_OPEN.check(statement, {})
            for _, public in _keys_in(statement):
                if public.kid == statement.kid:
                    return public
            raise NotAllowed("key-unknown", path="header.kid", has=statement.kid, wanted="one of body.keys")
        key = self.keys.get(statement.kid)
        if key is None:
            raise NotAllowed("key-unknown", path="header.kid", has=statement.kid)
        if key.revoked is not None:
            raise NotAllowed("key-revoked", path="header.kid", has=statement.kid, wanted=key.revoked)
        if key.party != statement.iss:
            raise NotAllowed("key-party", path="iss", has=statement.iss or "", wanted=key.party)
        return key.public

    def authorise(self, statement: Statement, *, signed: bool = True) -> None:
        """Raises NotAllowed, BadKey or Malformed unless this may be stated here, by this key, now.

        What is not ``signed`` yet, and only asks what would become of it, is not asked for its key.
        """
        if statement.log != self.origin:
            raise NotAllowed("wrong-log", path="log", has=statement.log, wanted=self.origin)
        self._check_opening(statement)
        if self.closed:
            raise NotAllowed("log-closed", path="log", has=statement.log, wanted=self.closed)
        if signed:
            self.key_of(statement)
        if statement.kind in KINDS:
            # Everybody refuses a registry body that is not exact; other kinds are checked at admission only.
            KINDS[statement.kind].check(statement, {})
        if statement.kind in KINDS and statement.kind != "log.heads":
            self._authorise_registry(statement)
        else:
            self._authorise_record(statement)

    def _check_opening(self, statement: Statement) -> None:
        if (statement.kind == "log.open") != (self.root is None):
            raise NotAllowed("log-open", path="kind", has=statement.kind, wanted="log.open")

    def _authorise_record(self, statement: Statement) -> None:
        for place, chain in enumerate(statement.on):
            if chain in self.parties or (
                (chain in self.places or chain in self.products) and statement.kind not in _TOUCHING
            ):
                raise NotAllowed("on-registry", path=f"on[{place}]", has=chain, wanted="batches")
        actor = statement.actor
        if statement.for_ is not None:
            self._check_agent(statement, statement.for_)
        party = self.parties.get(actor) if actor else None
        roles = party.roles if party else frozenset[str]()
        if not any(statement.kind in self.policy.get(role, ()) for role in roles):
            has = ", ".join(sorted(roles)) or "–"
            raise NotAllowed("role", path="kind", has=has, wanted=statement.kind)

    def _check_agent(self, statement: Statement, principal: ChainId) -> None:
        party = self.parties.get(principal)
        agent = statement.iss
        if party is None or agent is None or statement.kind not in party.agents.get(agent, ()):
            raise NotAllowed("agent", path="for", has=principal, wanted=statement.kind)

    def _authorise_registry(self, statement: Statement) -> None:
        kind, iss, body = statement.kind, statement.iss, statement.body
        if statement.for_ is not None and kind not in _PARTY_KINDS:
            raise NotAllowed("for-registry", path="for", has=statement.for_)
        self._check_keys(statement)
        if kind == "log.open":
            return
        if kind in _PARTY_KINDS:
            if statement.for_ is not None:
                self._check_agent(statement, statement.for_)
            self._check_product(statement)
        elif kind == "party.register":
            self._want(statement, registrar=True)
            if ROOT_ROLES & set(body["roles"]):
                raise NotAllowed("root-act", path="body.roles", has=", ".join(body["roles"]))
        else:
            party = self._one_target(statement)
            if self._takes_two(statement):
                self._want(statement)
                self._check_act(statement, party)
                self._check_log_key(statement)
                if kind == "key.revoke" and "confirms" not in body:
                    self._check_revoked(statement, party)
            elif kind in ("role.grant", "role.end"):
                if "role" not in body:
                    raise Malformed("missing", path="body.role")
                self._want(statement, root=False, registrar=True)
            elif kind == "key.revoke":
                self._check_revoked(statement, party)
            elif kind == "key.add":
                if party == self.root or (statement.iss != party and ROOT_ROLES & self.parties[party].roles):
                    # Whoever could add a root key could then act as two; a registrar that could add one to another
                    # registrar, or to the operator, would make itself what only a root act makes.
                    raise NotAllowed("root-keys", path="on[0]", has=party)
                self._want(statement, root=False, registrar=True, party=party)
            else:
                self._want(statement, root=False, registrar=True, party=party)
                if iss != party and self.parties[party].keys:
                    # A registrar speaks only for farmers who cannot sign for themselves.
                    raise NotAllowed("principal-signs", path="on[0]", has=party)
        if "agent" in body and body["agent"] not in self.parties and not self.partial:
            raise Malformed("unknown-party", path="body.agent", has=body["agent"])

    def _takes_two(self, statement: Statement) -> bool:
        """Whether it is one of the two statements of a root act.

        A root key may end itself alone; not with ``compromised_since``, which would call suspect what it once did
        together with another.
        """
        kind, body = statement.kind, statement.body
        if "confirms" in body or kind in ROOT_KINDS or body.get("role") in ROOT_ROLES:
            return True
        itself = body.get("kid") == statement.kid and "compromised_since" not in body
        return kind == "key.revoke" and statement.on[0] == self.root and not itself

    def _check_revoked(self, statement: Statement, party: ChainId) -> None:
        if "kid" not in statement.body:
            raise Malformed("missing", path="body.kid")
        key, since = self.keys.get(statement.body["kid"]), statement.body.get("compromised_since")
        if key is None or key.party != party:
            raise Malformed("unknown-key", path="body.kid", has=statement.body["kid"])
        if key.revoked is not None and (since is None or (key.compromised_since and key.compromised_since <= since)):
            # What is known later, or to have been earlier, is said by a second revocation; it only ever adds.
            raise Malformed("key-gone", path="body.kid", has=statement.body["kid"], wanted=key.compromised_since or "–")
        self._want(statement, registrar=party != self.root, party=party)
        if "compromised_since" in statement.body and statement.iss == party != self.root:
            # Or a party could make its own past records look like somebody else's.
            raise NotAllowed("compromised-by-party", path="body.compromised_since", wanted="registrar | root")

    def _want(
        self, statement: Statement, *, root: bool = True, registrar: bool = False, party: ChainId | None = None
    ) -> None:
        """The signer is one of those given: root, a registrar, the party itself."""
        iss = statement.iss
        if (root and iss == self.root) or (party is not None and iss == party):
            return
        if registrar and iss in self.parties and "registrar" in self.parties[iss].roles:
            return
        allowed = {"root": root, "registrar": registrar, "party": party is not None}
        wanted = " | ".join(who for who, may in allowed.items() if may)
        raise NotAllowed("signer", path="iss", has=iss or "", wanted=wanted)

    def _one_target(self, statement: Statement) -> ChainId:
        if len(statement.on) != 1:
            raise Malformed("on-one", path="on", has=len(statement.on), wanted=1)
        target = statement.on[0]
        if target not in self.parties:
            raise Malformed("unknown-party", path="on[0]", has=target)
        return target

    def _check_act(self, statement: Statement, party: ChainId) -> None:
        """A root act's first statement says what, the second confirms it with another root key."""
        if statement.kind in ROOT_KINDS and party != self.root:
            raise Malformed("unknown-party", path="on[0]", has=party)
        confirms = statement.body.get("confirms")
        if confirms is None:
            if not statement.body:
                raise Malformed("missing", path="body")
            return
        act = self._acts.get(confirms)
        if len(statement.body) != 1 or act is None or (act.kind, act.on) != (statement.kind, statement.on):
            raise Malformed("confirms", path="body.confirms", has=confirms)
        if act.kid == statement.kid:
            raise NotAllowed("second-key", path="header.kid", has=statement.kid, wanted="another root key")
        if self.keys[act.kid].revoked is not None:
            raise NotAllowed("key-revoked", path="body.confirms", has=act.kid)

    def _check_product(self, statement: Statement) -> None:
        if statement.kind != "product.add":
            return
        body = statement.body
        if "gtin" not in body and "own_code" not in body:
            raise Malformed("missing", path="body.own_code", wanted="gtin | own_code")

    def _check_keys(self, statement: Statement) -> None:
        """Each key that a statement adds is proven and new. Raises BadKey or Malformed."""
        party = statement.on[0] if statement.kind == "key.add" else "new"
        proofs = [key["proof"] for _, key in _given(statement)]
        seen = set[KeyId]()
        for (path, public), proof in zip(_keys_in(statement), proofs, strict=True):
            check_proof(public, proof, statement.log, party, f"{path}.proof")
            if public.kid in self.keys or public.kid in seen:
                raise BadKey("key-taken", path=path, has=public.kid)
            seen.add(public.kid)

    def _check_log_key(self, statement: Statement) -> None:
        """A new log key is an Ed25519 key under the log's own name, and nobody's signing key."""
        if "vkey" not in statement.body:
            return
        vkey = VKey.parse(statement.body["vkey"])
        if vkey.name != self.origin or vkey.algorithm != ED25519:
            raise BadKey("log-key", path="body.vkey", has=vkey.name, wanted=self.origin)
        if vkey.key.kid in self.keys:
            raise BadKey("key-taken", path="body.vkey", has=vkey.key.kid)

    # --- may it be believed? -------------------------------------------------------------------------------------

    def suspect(self, kid: KeyId, received: int) -> bool:
        """Whether what this key signed, received at this time (ms), may be a thief's (format §7).

        It may from the key's ``compromised_since`` on, and wherever a statement that is itself suspect added the key.
        """
        since = self.suspect_since(kid)
        return since is not None and since <= received

    def suspect_since(self, kid: KeyId) -> int | None:
        """The time of receipt (ms) from which on what this key signed is suspect: 0 for all of it, None for nothing."""
        since: int | None = None
        for step, (key, used) in enumerate(self._ancestry(kid, 0)):
            from_ = to_ms(key.compromised_since) if key.compromised_since else None
            if step == 0:
                since = from_
            elif from_ is not None and from_ <= used:
                return 0
        return since

    def vouchers(self, kid: KeyId) -> set[ChainId]:
        """The parties on whose keys it rests whether this one is suspect, its own among them."""
        return {key.party for key, _ in self._ancestry(kid, 0)}

    def _ancestry(self, kid: KeyId | None, used: int) -> Iterator[tuple[Key, int]]:
        """A key and when it was used, then the key that added it and when that was used for it, and so on."""
        while kid is not None and (key := self.keys.get(kid)) is not None:
            yield key, used
            kid, used = key.added_by, key.added_at

    # --- then let it be so ---------------------------------------------------------------------------------------

    def apply(self, statement: Statement, index: int, received: int) -> None:
        """Take in a statement whose first entry has this index and was received then, ms (0: not known).

        Anything but a registry kind changes nothing.
        """
        if statement.kind in KINDS:
            getattr(self, "_" + statement.kind.replace(".", "_"))(statement, index)
            self._add_keys(statement, index, received)

    def _log_open(self, statement: Statement, index: int) -> None:
        body = statement.body
        (self.root,) = statement.created
        self.public_url, self.time_zone = body["public_url"], body["time_zone"]
        self._set_policy(body["policy"])
        self.parties[self.root] = Party(self.root, {"name": self.origin, "type": "authority"}, index)

    def _party_register(self, statement: Statement, index: int) -> None:
        (chain,) = statement.created
        self.parties[chain] = Party(chain, statement.body["profile"], index, frozenset(statement.body["roles"]))

    def _key_add(self, statement: Statement, index: int) -> None:
        """Its key is added as those are that come with a party."""

    def _add_keys(self, statement: Statement, index: int, received: int) -> None:
        by = statement.kid if statement.iss is not None else None
        for (_, public), (_, given) in zip(_keys_in(statement), _given(statement), strict=True):
            (party,) = statement.targets
            self.keys[public.kid] = Key(public, party, index, by, received, given.get("custody", ""))
            self.parties[party].keys |= {public.kid}

    def _key_revoke(self, statement: Statement, index: int) -> None:
        if body := self._settled(statement):
            key = self.keys[body["kid"]]
            named = filter(None, (key.compromised_since, body.get("compromised_since")))
            key.compromised_since = min(named, default="")
            key.revoked = index if key.revoked is None else key.revoked
            self.parties[key.party].keys -= {key.public.kid}

    def _role_grant(self, statement: Statement, index: int) -> None:
        if body := self._settled(statement):
            self.parties[statement.on[0]].roles |= {body["role"]}

    def _role_end(self, statement: Statement, index: int) -> None:
        if body := self._settled(statement):
            self.parties[statement.on[0]].roles -= {body["role"]}

    def _agent_grant(self, statement: Statement, index: int) -> None:
        self._set_agent(statement, self._agent_kinds(statement) | set(statement.body["kinds"]))

    def _agent_end(self, statement: Statement, index: int) -> None:
        self._set_agent(statement, self._agent_kinds(statement) - set(statement.body["kinds"]))

    def _agent_kinds(self, statement: Statement) -> frozenset[str]:
        return self.parties[statement.on[0]].agents.get(statement.body["agent"], frozenset())

    def _set_agent(self, statement: Statement, kinds: frozenset[str]) -> None:
        party = self.parties[statement.on[0]]
        party.agents = {**party.agents, statement.body["agent"]: kinds}

    def _place_add(self, statement: Statement, index: int) -> None:
        (chain,) = statement.created
        self.places[chain] = Place(chain, _actor(statement), statement.body)

    def _product_add(self, statement: Statement, index: int) -> None:
        (chain,) = statement.created
        self.products[chain] = Product(chain, _actor(statement), statement.body)
        if "gtin" in statement.body:
            self.gtins.setdefault(statement.body["gtin"].zfill(14), chain)

    def _log_key(self, statement: Statement, index: int) -> None:
        if body := self._settled(statement):
            self.log_keys.append(body["vkey"])

    def _log_policy(self, statement: Statement, index: int) -> None:
        if body := self._settled(statement):
            self._set_policy(body["policy"])

    def _log_close(self, statement: Statement, index: int) -> None:
        if body := self._settled(statement):
            self.closed = body["successor"]

    def _log_heads(self, statement: Statement, index: int) -> None:
        """Says something about the log, changes nothing in the registry."""

    def _settled(self, statement: Statement) -> Mapping[str, Any] | None:
        """The body that takes effect now: at once where one signature is enough, else that of a confirmed act."""
        confirms = statement.body.get("confirms")
        if confirms is not None:
            return self._acts.pop(confirms).body
        if not self._takes_two(statement):
            return statement.body
        self._acts[statement.hash] = _Act(statement.kind, statement.on, statement.body, statement.kid)
        return None

    def _set_policy(self, policy: Mapping[str, Iterable[str]]) -> None:
        self.policy = {role: frozenset(kinds) for role, kinds in policy.items()}


def _actor(statement: Statement) -> ChainId:
    actor = statement.actor
    if actor is None:  # pragma: no cover - only log.open has none, and it never comes here
        raise Malformed("missing", path="iss")
    return actor


def _given(statement: Statement) -> list[tuple[str, Mapping[str, Any]]]:
    """The ``{jwk,proof}`` of each key that a statement adds, with its path."""
    if statement.kind == "key.add":
        return [("body", statement.body)]
    if statement.kind in ("log.open", "party.register"):
        return [(f"body.keys[{place}]", key) for place, key in enumerate(statement.body["keys"])]
    return []


def _keys_in(statement: Statement) -> list[tuple[str, PublicKey]]:
    """The keys that a statement adds, each with its path; their proofs are not looked at. Raises as ``from_jwk``."""
    return [(path, PublicKey.from_jwk(key["jwk"], f"{path}.jwk")) for path, key in _given(statement)]
