"""A small county for tests: a log with three root keys, a registrar, a farm, a co-op, a shop and the rest.

Keys, salts and the clock come from names and counters, so that the same story gives the same bytes each time.
`World.statement` signs and keeps the signer's notebook; `World.put` admits and records it here; `World.state`
does both. Tests of the service take the signed statements (`World.presentation`) and let it record them.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256

from ledger import b64u, checkpoint, merkle, records
from ledger.canonical import Json
from ledger.checkpoint import Checkpoint, Note, VKey
from ledger.entry import Entry
from ledger.identity import ChainId, StatementHash
from ledger.keys import Algorithm, PrivateKey, prove
from ledger.merkle import Hash, NodeId
from ledger.receipt import Proven, Receipt
from ledger.registry import Registry
from ledger.statement import Disclosure, Statement, draft, open_sealed, present, seal, sign

LOG = "log.example.org/county"
ROOTS = ("root", "root-2", "root-3")
POLICY: dict[str, Json] = {role: [*kinds] for role, kinds in records.POLICY.items()}


def secret(name: str, alg: Algorithm = "Ed25519") -> PrivateKey:
    """The private key of that name, always the same."""
    return PrivateKey(alg, sha256(name.encode()).digest())


def time_text(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def kg(value: str, unit: str = "kg") -> dict[str, Json]:
    return {"unit": unit, "value": value}


def proven(key: PrivateKey, party: str = "new", log: str = LOG) -> dict[str, Json]:
    """A key with its proof of possession, as a registry body carries it."""
    return {"jwk": key.public.jwk, "proof": prove(key, log, party)}


def profile(name: str, type_: str = "coop") -> dict[str, Json]:
    return {"division": "510182", "name": name, "side": "agriculture", "type": type_}


@dataclass
class Device:
    """One key with its notebook, and the party (by its chain) that it signs for."""

    key: PrivateKey
    party: ChainId | None = None
    n: int = 0
    after: StatementHash | None = None


@dataclass
class World:
    """A log and its signers. `devices`, `parties`, `products`, `places` go by name; `entries` by index."""

    log: str = LOG
    clock: int = 1_772_323_200
    """Seconds; 2026-03-01T00:00:00Z to begin with, one minute later for each statement."""
    log_key: PrivateKey = field(default_factory=lambda: secret("log"))
    devices: dict[str, Device] = field(default_factory=dict)
    parties: dict[str, ChainId] = field(default_factory=dict)
    products: dict[str, ChainId] = field(default_factory=dict)
    places: dict[str, ChainId] = field(default_factory=dict)
    registry: Registry = field(init=False)
    statements: list[Statement] = field(default_factory=list)
    disclosures: dict[StatementHash, list[Disclosure]] = field(default_factory=dict)
    entries: list[Entry] = field(default_factory=list)
    heads: dict[ChainId, Entry] = field(default_factory=dict)
    first: dict[StatementHash, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.registry = Registry(self.log)

    # --- signing ----------------------------------------------------------------------------------------

    def statement(
        self,
        kind: str,
        by: str,
        body: Mapping[str, Json],
        on: Iterable[ChainId] = (),
        sealed: Mapping[str, Json] | None = None,
        *,
        at: str | None = None,
        for_: str | None = None,
        seen: tuple[int, str] | None = None,
    ) -> Statement:
        """Signed by device `by` (for party `for_`), next in its notebook; its disclosures are kept."""
        device = self.devices[by]
        self.clock += 60
        disclosures = [
            seal(name, value, sha256(f"{by} {device.n} {name}".encode()).digest()[:16])
            for name, value in (sealed or {}).items()
        ]
        payload = draft(
            log=self.log,
            kind=kind,
            at=at or time_text(self.clock),
            body=body,
            iss=device.party,
            iat=self.clock,
            n=device.n,
            after=device.after,
            seen=seen,
            on=on,
            for_=self.parties[for_] if for_ else None,
            disclosures=disclosures,
        )
        statement = sign(payload, device.key)
        device.n, device.after = device.n + 1, statement.hash
        self.disclosures[statement.hash] = disclosures
        return statement

    def presentation(self, statement: Statement) -> str:
        """The SD-JWT form that travels, with every disclosure."""
        return present(statement.jws, self.disclosures[statement.hash])

    # --- recording --------------------------------------------------------------------------------------

    def check(self, statement: Statement) -> None:
        """Everything the law asks at admission of one statement, notebooks aside; raises LedgerError."""
        statement.verify(self.registry.key_of(statement))
        opened = open_sealed(statement, self.disclosures[statement.hash], complete=True)
        records.check(statement, {name: value for name, (value, _) in opened.items()})
        self.registry.authorise(statement)

    def put(self, statement: Statement) -> int:
        """Admit and record it; the index of its first entry. Raises LedgerError and then changes nothing."""
        self.check(statement)
        index = len(self.entries)
        self.registry.apply(statement, index, self.clock * 1000)
        self.statements.append(statement)
        self.first[statement.hash] = index
        for chain in statement.targets:
            last = self.heads.get(chain)
            prev, seq = (b64u.encode(last.hash()), last.seq + 1) if last else (None, 0)
            entry = Entry(chain, prev, self.clock * 1000, seq, statement.hash)
            self.entries.append(entry)
            self.heads[chain] = entry
        return index

    def state(
        self,
        kind: str,
        by: str,
        body: Mapping[str, Json],
        on: Iterable[ChainId] = (),
        sealed: Mapping[str, Json] | None = None,
        *,
        at: str | None = None,
        for_: str | None = None,
    ) -> Statement:
        """Sign and record."""
        statement = self.statement(kind, by, body, on, sealed, at=at, for_=for_)
        self.put(statement)
        return statement

    # --- the log ----------------------------------------------------------------------------------------

    @property
    def vkey(self) -> VKey:
        return VKey(self.log, checkpoint.ED25519, self.log_key.public)

    def checkpoint(self) -> Checkpoint:
        return Checkpoint(self.log, len(self.entries), merkle.root(len(self.entries), self.nodes))

    def note(self) -> str:
        """The log's newest signed checkpoint, as text."""
        head = self.checkpoint()
        return str(Note(str(head), (checkpoint.sign(head, self.log, self.log_key),)))

    def receipt(self, statement: Statement) -> Receipt:
        first, size = self.first[statement.hash], len(self.entries)
        return Receipt(
            self.note(),
            tuple(
                Proven(self.entries[index], index, tuple(merkle.inclusion_proof(index, size, self.nodes)))
                for index in range(first, first + len(statement.targets))
            ),
        )

    def nodes(self, wanted: Sequence[NodeId]) -> list[Hash]:
        """The slow, obvious reading of the tree."""
        return [self._node(level, index) for level, index in wanted]

    def _node(self, level: int, index: int) -> Hash:
        if level == 0:
            return self.entries[index].hash()
        left, right = self._node(level - 1, 2 * index), self._node(level - 1, 2 * index + 1)
        return merkle.node_hash(left, right)

    # --- the registry -----------------------------------------------------------------------------------

    def open(self) -> Statement:
        """`log.open` by the first of the devices `root`, `root-2`, `root-3`."""
        roots = [Device(secret(name)) for name in ROOTS]
        self.devices.update(zip(ROOTS, roots, strict=True))
        opened = self.state("log.open", "root", self.open_body())
        for device in roots:
            device.party = opened.created[0]
        self.parties["root"] = opened.created[0]
        return opened

    def open_body(self) -> dict[str, Json]:
        return {
            "keys": [proven(secret(name), log=self.log) for name in ROOTS],
            "policy": POLICY,
            "public_url": "https://trace.example.org",
            "time_zone": "Asia/Shanghai",
        }

    def act(self, kind: str, body: Mapping[str, Json], on: ChainId | None = None) -> Statement:
        """A root act: stated with one root key, confirmed with another; returns the confirmation."""
        chains = [on or self.parties["root"]]
        first = self.state(kind, "root", body, chains)
        return self.state(kind, "root-2", {"confirms": first.hash}, chains)

    def register(
        self,
        name: str,
        *roles: str,
        by: str = "registrar",
        type_: str = "coop",
        alg: Algorithm = "Ed25519",
        keyless: bool = False,
    ) -> ChainId:
        """A party with one device, both of that name."""
        key = secret(name, alg)
        keys: list[Json] = [] if keyless else [proven(key, log=self.log)]
        body: dict[str, Json] = {"keys": keys, "profile": profile(name, type_), "roles": [*roles]}
        (party,) = self.state("party.register", by, body).created
        self.parties[name] = party
        if not keyless:
            self.devices[name] = Device(key, party)
        return party

    def add_product(self, name: str, by: str, **more: Json) -> ChainId:
        body: dict[str, Json] = {"base_unit": "kg", "may": [], "names": {"en": name, "zh": name}, **more}
        if "gtin" not in body:
            body.setdefault("own_code", name)
        (self.products[name],) = self.state("product.add", by, body).created
        return self.products[name]

    def add_place(self, name: str, by: str, kind: str = "plot") -> ChainId:
        body: dict[str, Json] = {"division": "510182", "kind": kind, "name": name, "township": "丹景山镇"}
        position: dict[str, Json] = {"lat": "31.090112", "lon": "103.900425"}
        (self.places[name],) = self.state("place.add", by, body, sealed={"position": position}).created
        return self.places[name]

    def output(self, product: str, value: str, **more: Json) -> dict[str, Json]:
        return {"product": self.products[product], "quantity": kg(value), **more}


def opened() -> World:
    """A log just opened, with a registrar and an operator."""
    world = World()
    world.open()
    for name in ("registrar", "operator"):
        party = world.register(name, by="root", type_="authority")
        world.act("role.grant", {"role": name}, party)
    return world


def county() -> World:
    """The whole small county: `farm`, `coop`, `carrier`, `shop`, `lab`, `inspector`; tomatoes and a plot."""
    world = opened()
    world.register("farm", "farm", type_="household")
    world.register("coop", "farm", "processor")
    world.register("carrier", "carrier", type_="company", alg="ES256")
    world.register("shop", "shop", type_="company")
    world.register("lab", "lab", type_="lab")
    world.register("inspector", "inspector", type_="authority")
    world.add_product("tomato", "coop", may=[world.parties["farm"]])
    world.add_product("sauce", "coop")
    world.add_place("plot 7", "farm")
    return world


def planted(world: World, by: str = "farm", product: str = "tomato", value: str = "2000") -> ChainId:
    """A planting: the batch that it brings."""
    plant = world.state("plant", by, {"outputs": [world.output(product, value)], "plot": "七号地"})
    return plant.created[0]


def harvested(
    world: World, planting: ChainId, by: str = "farm", product: str = "tomato", value: str = "1250.5"
) -> ChainId:
    """A lot harvested from a planting."""
    body: dict[str, Json] = {
        "inputs": [{"batch": planting}],
        "outputs": [world.output(product, value, grade="一级")],
    }
    return world.state("harvest", by, body, [planting]).created[0]
