"""How the county comes to be: the root lets in a registrar, the registrar everybody else, each adds what it has."""

from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import httpx

from clients.client import Client
from clients.demo.county import AGENT_KINDS, DIVISION, OPERATOR, PARTIES, REGISTRAR, SEA, Party
from clients.demo.hands import Hand
from clients.demo.stage import Stage
from clients.device import NEW, Device
from clients.notebook import Notebook
from ledger.canonical import Json
from ledger.identity import ChainId
from ledger.keys import Algorithm, PrivateKey, prove
from ledger.policy import Pin

ROOTS = ("root-2", "root-3")
"""The first root key signed ``log.open``; two others let in the registrar and the operator."""


class Founding:
    """Everybody's devices: a folder each under ``folder``, made on the first run and opened on the next."""

    def __init__(self, stage: Stage, folder: Path, keys: Path, pin: Pin, url: str, opened: ExitStack) -> None:
        self._stage, self._folder, self._keys, self._pin, self._url = stage, folder, keys, pin, url
        self._opened = opened
        self._transport = httpx.HTTPTransport()
        self.parties: dict[str, ChainId] = {}

    def hands(self) -> dict[str, Hand]:
        """All parties by their keys, registered, with their places and products."""
        registrar = self._registrar()
        clients = self._register(registrar)
        catalogue = {product.name: product for party in PARTIES for product in party.products}
        hands = {
            party.key: Hand(
                self._stage, party, self.parties[party.key], clients[party.agent or party.key], catalogue,
                acting=party.agent is not None,
            )
            for party in PARTIES
        }  # fmt: skip
        for number, (key, place) in enumerate(
            (key, place) for key, hand in hands.items() for place in hand.party.places
        ):
            hands[key].add_place(place, (f"{SEA[0] + number % 7 / 100:.6f}", f"{SEA[1] + number // 7 / 100:.6f}"))
        for hand in hands.values():
            for product in hand.party.products:
                hand.add_product(product, [self.parties[other] for other in product.may])
        self._stage.deliver(*clients.values())
        return hands

    def _registrar(self) -> Client:
        first, second = (
            self._client(name, party=self._pin.root, key=PrivateKey.from_pem((self._keys / f"{name}.pem").read_bytes()))
            for name in ROOTS
        )
        party = self._admitted(first, second, REGISTRAR, self._device(REGISTRAR.key).offer())
        self._admitted(first, second, OPERATOR, self._operators_key())
        return self._client(REGISTRAR.key, party=party)

    def _admitted(self, first: Client, second: Client, party: Party, offer: Mapping[str, Json]) -> ChainId:
        """By root act: registered, and given its role by one root key and by another."""
        chain = self._registered(first, party, [offer], roles=())
        act = self._stage.state(first, "role.grant", {"role": party.key}, [chain])
        self._stage.deliver(first)
        self._stage.state(second, "role.grant", {"confirms": act.hash}, [chain])
        self._stage.deliver(second)
        return chain

    def _operators_key(self) -> dict[str, Json]:
        """Made where the service finds it; what is offered of it."""
        path = self._keys / "operator.pem"
        if not path.exists():
            new = path.with_suffix(".new")
            new.touch(mode=0o600)
            new.write_bytes(PrivateKey.generate().to_pem())
            new.replace(path)
        key = PrivateKey.from_pem(path.read_bytes())
        return {"jwk": {**key.public.jwk}, "proof": prove(key, self._pin.origin, NEW)}

    def _register(self, registrar: Client) -> dict[str, Client]:
        """The clients of those that have a device."""
        clients: dict[str, Client] = {}
        for party in PARTIES:
            offers = [] if party.agent else [self._device(party.key, party.alg).offer()]
            chain = self._registered(registrar, party, offers, roles=party.roles)
            if party.agent:
                grant: dict[str, Json] = {"agent": self.parties[party.agent], "kinds": [*AGENT_KINDS]}
                self._stage.state(registrar, "agent.grant", grant, [chain])
            else:
                clients[party.key] = self._client(party.key, party=chain)
        self._stage.deliver(registrar)
        return clients

    def _registered(
        self, by: Client, party: Party, offers: Iterable[Mapping[str, Json]], roles: Iterable[str]
    ) -> ChainId:
        profile: dict[str, Json] = {
            "name": party.full_name,
            "type": party.type,
            "division": DIVISION,
            "side": party.side,
        }
        fields: dict[str, Json] = {
            "keys": [{**offer} for offer in offers],
            "roles": [*roles],
            "profile": profile,
        }
        (chain,) = self._stage.state(by, "party.register", fields).statement.created
        self.parties[party.key] = chain
        return chain

    def _device(self, name: str, alg: Algorithm = "Ed25519", key: PrivateKey | None = None) -> Device:
        folder = self._folder / name
        if (folder / "identity.json").exists():
            return Device.open(folder)
        # A key without an identity is from a run that was broken off: the device takes it up.
        new = None if (folder / "key.pem").exists() else key or PrivateKey.generate(alg)
        return Device.create(folder, self._url, self._pin, key=new)

    def _client(self, name: str, *, party: ChainId, key: PrivateKey | None = None) -> Client:
        # The port may be another than when the device was made.
        device = replace(self._device(name, key=key).join(party), url=self._url)
        notebook = self._opened.enter_context(Notebook(device, clock=self._stage.clock))
        return self._opened.enter_context(Client(notebook, self._transport))
