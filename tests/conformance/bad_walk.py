"""Checks 6 to 13: statements that a cheat recorded, left out or put elsewhere, under a log that is sound otherwise."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from ledger import b64u
from ledger.bundle import Bundle
from ledger.canonical import Json, dumps
from ledger.identity import ChainId
from ledger.keys import P256_ORDER, prove
from ledger.merkle import Hash, root
from ledger.statement import Statement, draft, parse, seal, sign
from tests.bundles import bundle_of, pin_of
from tests.conformance.town import Case, Town, case, lot, observed, town
from tests.world import Device, secret

NOWHERE = b64u.encode(bytes(32))


def bad_walk() -> Iterator[Case]:
    yield from _chain()
    yield from _identity()
    yield from _binding()
    yield from _log()
    yield from _key()
    yield from _role()
    yield from _notebook()
    yield from _seen()
    yield from _disclosure()


def without(given: Bundle, drop: Callable[[Any], bool]) -> Bundle:
    """The bundle without these entries, and without the statements that only they stood for."""
    kept = tuple(one for one in given.entries if not drop(one))
    named = {one.entry.statement for one in kept}
    return replace(given, entries=kept, statements=tuple(one for one in given.statements if one.hash in named))


def _chain() -> Iterator[Case]:
    def refused(name: str, what: str, made: Town, given: Bundle) -> Case:
        return case(name, what, made, given, check=6, reason="chain")

    made = town()
    chain = lot(made)
    middle = observed(made, chain)
    observed(made, chain, "采后")
    whole = bundle_of(made, chain)
    yield refused(
        "record-left-out",
        "a record in the middle is left out",
        made,
        without(whole, lambda one: one.entry.statement == middle.hash),
    )
    (harvest,) = [one for one in whole.statements if one.kind == "harvest"]
    yield refused(
        "ancestor-left-out",
        "the planting that it came from is left out",
        made,
        without(whole, lambda one: one.entry.chain in harvest.on),
    )
    first = without(whole, lambda one: one.entry.chain == chain and one.entry.seq == 0)
    yield refused("beginning-left-out", "the record that brought it is left out", made, first)
    other = lot(made)
    both = bundle_of(made, chain, other)
    yield refused(
        "stranger", "the chain of a batch that has nothing to do with it", made, replace(both, about=(chain,))
    )

    for name, what, forged in (
        ("link-broken", "a link to another entry", {"prev": NOWHERE}),
        ("place-skipped", "a place of the chain is passed over", {"skip": 1}),
    ):
        made = town()
        chain = lot(made)
        made.force(made.statement("observe", "farm", {"growth_stage": "转色"}, [chain]), **forged)  # type: ignore[arg-type]
        yield refused(name, what, made, bundle_of(made, chain))


def _identity() -> Iterator[Case]:
    made = town()
    chain = lot(made)
    whole = bundle_of(made, chain)
    other = lot(made)
    yield case("asked-for-another", "another batch was asked for", made, whole, check=7, reason="identity", asked=other)
    absent = replace(whole, about=tuple(sorted((chain, ChainId(NOWHERE)))))
    yield case("about-absent", "about a batch that it does not carry", made, absent, check=7, reason="identity")
    made = town()
    planting = made.statement("plant", "farm", {"outputs": [made.output("tomato", "100")]})
    made.force(planting, targets=[ChainId(NOWHERE)])
    given = bundle_of(made, ChainId(NOWHERE))
    yield case("invented-id", "an id that its first record does not give", made, given, check=7, reason="identity")


def _binding() -> Iterator[Case]:
    def refused(name: str, what: str, made: Town, *about: ChainId, reason: str = "binding") -> Case:
        return case(name, what, made, bundle_of(made, *about), check=8, reason=reason)

    made = town()
    chain, other = sorted((lot(made), lot(made)))
    said = made.statement("observe", "farm", {"growth_stage": "转色"}, [other])
    made.force(said, targets=[chain])
    yield refused("not-its-target", "a record put on a batch that it does not name", made, chain)

    made = town()
    chain, other = sorted((lot(made), lot(made)))
    said = made.statement("observe", "farm", {"growth_stage": "转色"}, [chain, other])
    made.force(said, received=[made.clock * 1000, made.clock * 1000 + 1])
    yield refused("received-twice", "one record received at two times", made, chain, other)

    made = town()
    chain, other = sorted((lot(made), lot(made)))
    made.force(made.statement("observe", "farm", {"growth_stage": "转色"}, [chain, other]), targets=[other, chain])
    yield refused("places-swapped", "a record's entries in another order", made, chain, other)

    made = town()
    chain, other = sorted((lot(made), lot(made)))
    made.force(made.statement("observe", "farm", {"growth_stage": "转色"}, [chain, other]), targets=[chain])
    made.force(made.statement("observe", "farm", {"growth_stage": "采后"}, [chain]))
    yield refused("places-shared", "two records that claim one place", made, chain)

    made = town()
    lot(made)
    planted = made.statement("plant", "farm", {"outputs": [made.output("tomato", "1")]})
    made.force(planted, targets=[*planted.created, *planted.created])
    yield refused("brought-twice", "a record that stands twice on the chain it brings", made, planted.created[0])

    def resigned(made: Town, chain: ChainId, change: Callable[[bytes], bytes]) -> Town:
        said = made.statement("observe", "farm", {"growth_stage": "转色"}, [chain])
        message, _, signature = said.jws.rpartition(".")
        forged = parse(f"{message}.{b64u.encode(change(b64u.decode(signature)))}")
        made.force(forged)
        return made

    made = town()
    chain = lot(made)
    flipped = resigned(made, chain, lambda s: bytes([s[0] ^ 1]) + s[1:])
    yield refused("signature-bit", "one bit of a signature", flipped, chain, reason="signature")

    made = town()
    chain = lot(made)
    farm = made.devices["farm"]
    made.devices["farm"] = Device(secret("a thief"), farm.party, farm.n, farm.after)
    said = made.statement("observe", "farm", {"growth_stage": "转色"}, [chain])
    head = b64u.encode(dumps({"alg": "Ed25519", "kid": farm.key.public.kid, "typ": "statement+sd-jwt"}))
    body = said.jws.split(".")[1]
    message = f"{head}.{body}"
    forged = parse(f"{message}.{b64u.encode(secret('a thief').sign(message.encode()))}")
    made.force(forged)
    yield refused("signed-by-another", "another's signature under the farm's key id", made, chain, reason="signature")

    made = town()
    chain = lot(made)
    swapped = made.statement("observe", "farm", {"growth_stage": "转色"}, [chain])
    earlier = made.statements[-1].jws.rpartition(".")[2]
    made.force(parse(f"{swapped.jws.rpartition('.')[0]}.{earlier}"))
    yield refused("signatures-swapped", "the signature of another record", made, chain, reason="signature")

    made = town()
    made.register("mill", "farm", alg="ES256")
    made.add_product("pear", "mill")
    planted = made.statement("plant", "mill", {"outputs": [made.output("pear", "1")]})
    message, _, text = planted.jws.rpartition(".")
    raw = b64u.decode(text)
    high = raw[:32] + (P256_ORDER - int.from_bytes(raw[32:])).to_bytes(32)
    twin = made.force(parse(f"{message}.{b64u.encode(high)}"))
    yield refused("signature-twin", "the other form of a P-256 signature", made, twin.created[0], reason="signature")

    made = town()
    made.register("mill", "farm", alg="ES256")
    chain = lot(made)
    mill = made.devices["mill"]
    head = b64u.encode(dumps({"alg": "Ed25519", "kid": mill.key.public.kid, "typ": "statement+sd-jwt"}))
    body = made.statement("observe", "mill", {"growth_stage": "转色"}, [chain]).jws.split(".")[1]
    message = f"{head}.{body}"
    made.force(parse(f"{message}.{b64u.encode(secret('mill').sign(message.encode()))}"))
    yield refused(
        "algorithm-swapped", "a P-256 key's record under the other algorithm", made, chain, reason="signature"
    )


def _log() -> Iterator[Case]:
    made = town()
    chain = lot(made)
    farm = made.devices["farm"]
    payload = draft(
        log="log.example.org/elsewhere", kind="observe", at="2026-03-01T00:00:00Z", body={"growth_stage": "转色"},
        iss=farm.party, iat=made.clock, n=farm.n, after=farm.after, seen=None, on=[chain],
    )  # fmt: skip
    made.force(sign(payload, farm.key))
    yield case(
        "other-log",
        "a record that was signed for another log",
        made,
        bundle_of(made, chain),
        check=9,
        reason="wrong-log",
    )
    made = town()
    chain = lot(made)
    pin = replace(pin_of(made), root=ChainId(NOWHERE))
    given = bundle_of(made, chain)
    yield case(
        "other-beginning",
        "a log of that name and key, begun anew",
        made,
        given,
        check=9,
        reason="wrong-log",
        pins=(pin,),
    )


def _key() -> Iterator[Case]:
    def refused(name: str, what: str, made: Town, chain: ChainId) -> Case:
        return case(name, what, made, bundle_of(made, chain), check=10, reason="key")

    made = town()
    chain = lot(made)
    party, fresh = made.parties["farm"], secret("farm, new phone")
    made.devices["new"] = Device(fresh, party)
    made.forge("observe", "new", {"growth_stage": "转色"}, [chain])
    made.state("key.add", "farm", {"jwk": fresh.public.jwk, "proof": prove(fresh, made.log, party)}, [party])
    yield refused("key-not-yet-added", "signed before its key was added", made, chain)

    made = town()
    chain = lot(made)
    kid, party = made.devices["farm"].key.public.kid, made.parties["farm"]
    made.state("key.revoke", "registrar", {"kid": kid, "reason": "被盗"}, [party])
    made.forge("observe", "farm", {"growth_stage": "转色"}, [chain])
    yield refused("key-revoked", "signed with a key revoked before", made, chain)

    made = town()
    chain = lot(made)
    made.devices["nobody"] = Device(secret("nobody"), made.parties["farm"])
    made.forge("observe", "nobody", {"growth_stage": "转色"}, [chain])
    yield refused("key-unknown", "signed with a key that nobody added", made, chain)

    made = town()
    chain = lot(made)
    shop = made.devices["shop"]
    made.devices["shop"] = Device(shop.key, made.parties["farm"], shop.n, shop.after)
    made.forge("observe", "shop", {"growth_stage": "转色"}, [chain])
    yield refused("key-of-another", "signed in the farm's name with the shop's key", made, chain)

    made = town()
    chain = lot(made)
    party, fresh = made.parties["farm"], secret("unproven")
    made.forge("key.add", "farm", {"jwk": fresh.public.jwk, "proof": prove(secret("x"), made.log, party)}, [party])
    yield refused("key-unproven", "a key added without proof that it is held", made, chain)

    made = town()
    chain = lot(made)
    party = made.parties["farm"]
    low: dict[str, Json] = {"crv": "Ed25519", "kty": "OKP", "x": b64u.encode(bytes([1]) + bytes(31))}
    made.force(made.statement("key.add", "farm", {"jwk": low, "proof": b64u.encode(bytes(64))}, [party]), apply=False)
    yield refused("key-of-low-order", "a key that anybody can sign for", made, chain)

    made = town()
    chain = lot(made)
    given = without(bundle_of(made, chain), lambda one: one.entry.chain == made.parties["root"])
    yield case("log-open-left-out", "the record that opened the log is left out", made, given, check=10, reason="key")


def _role() -> Iterator[Case]:
    def refused(name: str, what: str, made: Town, chain: ChainId) -> Case:
        return case(name, what, made, bundle_of(made, chain), check=10, reason="role")

    made = town()
    chain = lot(made)
    made.forge("observe", "operator", {"growth_stage": "转色"}, [chain])
    yield refused("no-role", "the operator states what a farm may", made, chain)

    made = town()
    chain = lot(made)
    made.state("role.end", "registrar", {"role": "farm"}, [made.parties["farm"]])
    made.forge("observe", "farm", {"growth_stage": "转色"}, [chain])
    yield refused("role-ended", "a role that had ended", made, chain)

    made = town()
    chain = lot(made)
    made.force(made.statement("observe", "shop", {"growth_stage": "转色"}, [chain], for_="farm"))
    yield refused("no-grant", "in the farm's name without its grant", made, chain)

    made = town()
    lot(made)
    evil = made.register("evil", "farm")
    first = made.statement("role.grant", "root", {"role": "registrar"}, [evil])
    made.force(first)
    made.force(made.statement("role.grant", "root", {"confirms": first.hash}, [evil]), apply=False)
    chain = made.forge("plant", "evil", {"outputs": [made.output("tomato", "1")]}).created[0]
    yield refused("root-act-alone", "a root act confirmed with the same key", made, chain)

    for name, by, body in (
        ("root-key-revoked", ("root", "root-3"), {"kid": secret("root-2").public.kid, "reason": "被盗"}),
        ("root-key-ended-itself", ("root-2",), {"kid": secret("root-2").public.kid}),
    ):
        made = town()
        chain = lot(made)
        root = made.parties["root"]
        first = made.state("key.revoke", by[0], body, [root])
        for second in by[1:]:
            made.state("key.revoke", second, {"confirms": first.hash}, [root])
        made.forge("log.policy", "root-2", {"policy": {"farm": ["plant"]}}, [root])
        what = "a root act begun with a root key revoked before"
        yield case(name, what, made, bundle_of(made, chain), check=10, reason="key")

    made = town()
    chain = lot(made)
    shop = made.parties["shop"]
    made.forge("role.grant", "farm", {"role": "farm"}, [shop])
    made.forge("observe", "shop", {"growth_stage": "转色"}, [chain])
    yield refused("role-from-a-farm", "a role that no registrar granted", made, chain)


def _notebook() -> Iterator[Case]:
    def refused(name: str, what: str, made: Town, chain: ChainId) -> Case:
        return case(name, what, made, bundle_of(made, chain), check=11, reason="notebook")

    made = town()
    chain = lot(made)
    one = made.statement("observe", "farm", {"growth_stage": "一"}, [chain])
    two = made.statement("observe", "farm", {"growth_stage": "二"}, [chain])
    made.force(two)
    made.force(one)
    yield refused("records-swapped", "a signer's records in another order", made, chain)

    made = town()
    chain = lot(made)
    farm = made.devices["farm"]
    twin = Device(farm.key, farm.party, farm.n, farm.after)
    observed(made, chain)
    made.devices["farm"] = twin
    made.forge("observe", "farm", {"growth_stage": "另一部手机"}, [chain])
    yield refused("two-notebooks", "one key on two devices", made, chain)

    made = town()
    chain = lot(made)
    made.devices["farm"].after = made.statements[0].hash
    made.forge("observe", "farm", {"growth_stage": "转色"}, [chain])
    yield refused("after-another", "a record behind one that was not the signer's last", made, chain)


def _seen() -> Iterator[Case]:
    def refused(name: str, what: str, made: Town, given: Bundle) -> Case:
        return case(f"seen-{name}", what, made, given, check=12, reason="seen")

    def claiming(made: Town, chain: ChainId, seen: tuple[int, str]) -> Statement:
        return made.force(made.statement("observe", "farm", {"growth_stage": "转色"}, [chain], seen=seen))

    def own(made: Town) -> tuple[int, str]:
        head = made.checkpoint()
        return head.size, b64u.encode(head.root)

    made = town()
    chain = lot(made)
    size, _ = own(made)
    claiming(made, chain, (size, NOWHERE))
    lied = bundle_of(made, chain)
    yield refused("other-history", "its signer had seen another history", made, lied)
    yield refused(
        "unproven", "no proof that what its signer had seen is in this log", made, replace(lied, consistency=())
    )

    made = town()
    chain = lot(made)
    seen = own(made)
    claiming(made, chain, seen)
    whole = bundle_of(made, chain)
    (one,) = whole.consistency
    turned = (Hash(bytes([one.proof[0][0] ^ 1]) + one.proof[0][1:]), *one.proof[1:])
    yield refused(
        "proof-bit",
        "one bit of the proof of what was seen",
        made,
        replace(whole, consistency=(replace(one, proof=turned),)),
    )

    claiming(made, chain, (seen[0] - 1, b64u.encode(root(seen[0] - 1, made.nodes))))
    yield refused("falls", "its signer had seen more before", made, bundle_of(made, chain))

    made = town()
    chain = lot(made)
    head = len(made.entries) + 1
    said = made.statement("observe", "farm", {"growth_stage": "转色"}, [chain], seen=(head, NOWHERE))
    made.force(said)
    made.force(made.statement("observe", "farm", {"growth_stage": "采后"}, [chain]), apply=False)
    yield refused("ahead", "its signer had seen what came after it", made, bundle_of(made, chain))


def _disclosure() -> Iterator[Case]:
    def refused(name: str, what: str, made: Town, given: Bundle, **more: Any) -> Case:
        return case(name, what, made, given, check=13, reason="disclosure", **more)

    made = town()
    chain = lot(made)
    made.state("observe", "farm", {"growth_stage": "转色"}, [chain], {"person": "王五"})
    lied = seal("person", "李四", bytes(16))
    yield refused(
        "disclosure-changed", "another value than was sealed", made, bundle_of(made, chain, disclosures=[lied])
    )
    yield refused(
        "attachment-unnamed",
        "a file that the record does not name",
        made,
        bundle_of(made, chain),
        attachments={"a": b"x"},
    )

    made = town()
    chain = lot(made)
    twice = [seal("note", value, bytes([place] * 16)) for place, value in enumerate(("好", "坏"))]
    yield refused(
        "disclosure-name-twice", "one name sealed twice", made, _sealing(made, chain, {"growth_stage": "转色"}, twice)
    )

    made = town()
    chain = lot(made)
    hidden = [seal("growth_stage", "病害", bytes(16))]
    yield refused(
        "disclosure-also-clear",
        "a sealed value for what stands in the clear",
        made,
        _sealing(made, chain, {"growth_stage": "转色"}, hidden),
    )


def _sealing(made: Town, chain: ChainId, body: dict[str, Json], disclosures: list[str]) -> Bundle:
    farm = made.devices["farm"]
    payload = draft(
        log=made.log, kind="observe", at="2026-03-01T00:00:00Z", body=body, iss=farm.party, iat=made.clock, n=farm.n,
        after=farm.after, seen=None, on=[chain], disclosures=disclosures,
    )  # fmt: skip
    made.force(sign(payload, farm.key))
    return bundle_of(made, chain, disclosures=disclosures)
