"""Bundles that hold, some with reservations."""

from collections.abc import Iterator
from dataclasses import replace
from hashlib import sha256

from ledger import b64u, checkpoint, merkle
from ledger.bundle import Bundle
from ledger.canonical import Json
from ledger.checkpoint import ED25519, Checkpoint, Note, Signature, VKey
from ledger.identity import ChainId, StatementHash, mark, trace_code
from ledger.keys import prove
from ledger.origin import Origin
from ledger.policy import Pin, Policy
from tests.bundles import bundle_of, daily_heads, pin_of
from tests.conformance.town import Case, Town, case, lot, observed, town, witnessed, witnessed_pin
from tests.world import Device, kg, proven, secret, time_text


def good() -> Iterator[Case]:
    yield from _plain()
    yield from _keys()
    yield from _memory()
    yield from _witnesses()
    yield from _heads()
    yield from _origins()


def _plain() -> Iterator[Case]:
    made = town()
    chain = lot(made)
    yield case("valid-lot", "a lot, its planting, everybody who signed", made, bundle_of(made, chain))
    for name, asked in {"mark": mark(chain), "code": trace_code(chain), "chain": chain}.items():
        yield case(f"valid-asked-by-{name}", f"asked for by its {name}", made, bundle_of(made, chain), asked=asked)
    planting = made.statements[-1].on[0]
    yield case("valid-about-two", "about two batches at once", made, bundle_of(made, chain, planting))

    sealed: dict[str, Json] = {"person": "王五", "note": "第二棚"}
    said = made.statement("observe", "farm", {"growth_stage": "转色"}, [chain], sealed)
    made.put(said)
    yield case("valid-sealed", "what is sealed stays closed, or was erased", made, bundle_of(made, chain))
    shown = made.disclosures[said.hash]
    yield case("valid-disclosed", "sealed fields, disclosed", made, bundle_of(made, chain, disclosures=shown))
    one = bundle_of(made, chain, disclosures=shown[:1])
    yield case("valid-one-disclosed", "one of two sealed fields disclosed", made, one)

    photo = b"\x89PNG photograph"
    named: Json = {
        "media_type": "image/png",
        "name": "a.png",
        "sha256": b64u.encode(sha256(photo).digest()),
        "size": len(photo),
    }
    made.state("observe", "farm", {"attachments": [named], "growth_stage": "采前"}, [chain])
    yield case(
        "valid-attachment", "a photograph that the record names", made, bundle_of(made, chain), attachments={"a": photo}
    )
    wrong = made.statements[-1]
    made.state("correct", "farm", {"reason": "填错", "statement": wrong.hash, "void": True}, [chain])
    yield case("valid-corrected", "a record and its correction", made, bundle_of(made, chain))

    strange = town()
    batch = lot(strange)
    policy: dict[str, Json] = {"farm": ["blossom", "harvest", "plant", "product.add"]}
    strange.act("log.policy", {"policy": policy})
    strange.forge("blossom", "farm", {"bees": 3}, [batch])
    yield case(
        "valid-unknown-kind", "a kind of record that this verifier does not know", strange, bundle_of(strange, batch)
    )

    late = town()
    batch = lot(late)
    late.clock -= 3600
    observed(late, batch)
    late.clock += 3600
    late.entries[-1] = replace(late.entries[-1], received=late.clock * 1000)
    late.heads[batch] = late.entries[-1]
    yield case(
        "valid-clock-behind",
        "a signer's clock that ran back",
        late,
        bundle_of(late, batch),
        remarks=("first-sight", "no-heads", "time-order"),
    )


def _keys() -> Iterator[Case]:
    made = town()
    made.register("carrier", "farm", alg="ES256")
    made.add_product("pear", "carrier")
    chain = made.state("plant", "carrier", {"outputs": [made.output("pear", "100")]}).created[0]
    yield case("valid-es256", "signed with a P-256 key", made, bundle_of(made, chain))

    made = town()
    old = made.devices["farm"]
    chain = lot(made)
    party = made.parties["farm"]
    fresh = secret("farm, new phone")
    made.state("key.add", "farm", {"jwk": fresh.public.jwk, "proof": prove(fresh, made.log, party)}, [party])
    made.state("key.revoke", "farm", {"kid": old.key.public.kid, "reason": "换手机"}, [party])
    made.devices["farm"] = Device(fresh, party)
    observed(made, chain)
    yield case("valid-rotated", "signed with two keys of one party, one after the other", made, bundle_of(made, chain))

    made = town()
    chain = lot(made)
    stolen = time_text(made.clock - 30)
    kid, party = made.devices["farm"].key.public.kid, made.parties["farm"]
    made.state("key.revoke", "registrar", {"compromised_since": stolen, "kid": kid, "reason": "被盗"}, [party])
    remarks = ("first-sight", "no-heads", "suspect")
    yield case(
        "valid-suspect",
        "the harvest was signed after the key was stolen",
        made,
        bundle_of(made, chain),
        remarks=remarks,
    )

    made = town()
    root = made.parties["root"]
    made.state("key.revoke", "root", {"kid": secret("root-2").public.kid}, [root])
    office = made.register("office")
    first = made.state("role.grant", "root-2", {"role": "registrar"}, [office])
    made.state("role.grant", "root-3", {"confirms": first.hash}, [office])
    made.register("carrier", "farm", by="office")
    made.add_product("pear", "carrier")
    chain = made.state("plant", "carrier", {"outputs": [made.output("pear", "100")]}).created[0]
    what = "one root key alone would revoke another, which acts on with the third"
    yield case("valid-root-key-stands", what, made, bundle_of(made, chain))

    made = town()
    key = secret("held")
    profile: Json = {"division": "510182", "name": "无机户", "side": "agriculture", "type": "household"}
    held: dict[str, Json] = {**proven(key, log=made.log), "custody": "service"}
    (party,) = made.state(
        "party.register", "registrar", {"keys": [held], "profile": profile, "roles": ["farm"]}
    ).created
    made.parties["held"], made.devices["held"] = party, Device(key, party)
    made.add_product("leek", "held")
    chain = made.state("plant", "held", {"outputs": [made.output("leek", "10")]}).created[0]
    remarks = ("custody", "custody", "first-sight", "no-heads")
    yield case(
        "valid-custody", "signed with a key that the service holds", made, bundle_of(made, chain), remarks=remarks
    )

    made = town()
    farmer = made.register("farmer", "farm", keyless=True)
    made.state("agent.grant", "registrar", {"agent": made.parties["farm"], "kinds": ["plant", "product.add"]}, [farmer])
    (pear,) = made.state(
        "product.add", "farm", {"base_unit": "kg", "names": {"zh": "梨"}, "own_code": "L"}, for_="farmer"
    ).created
    output: Json = {"product": pear, "quantity": kg("5")}
    chain = made.state("plant", "farm", {"outputs": [output]}, for_="farmer").created[0]
    yield case("valid-agent", "a neighbour signs for a farmer without a key", made, bundle_of(made, chain))


def _memory() -> Iterator[Case]:
    made = town()
    chain = lot(made)
    before = made.checkpoint()
    seen = (before.size, b64u.encode(before.root))
    made.put(made.statement("observe", "farm", {"growth_stage": "转色"}, [chain], seen=seen))
    made.put(made.statement("observe", "farm", {"growth_stage": "采前"}, [chain], seen=seen))
    yield case("valid-seen", "its signer had seen an earlier checkpoint", made, bundle_of(made, chain))
    grown = bundle_of(made, chain, since=[before.size - 1])
    known = Checkpoint(made.log, before.size - 1, merkle.root(before.size - 1, made.nodes))
    yield case(
        "valid-remembered", "continues what was seen before", made, grown, remembered=(known,), remarks=("no-heads",)
    )
    yield case(
        "valid-seen-before",
        "the very checkpoint seen before",
        made,
        bundle_of(made, chain),
        remembered=(made.checkpoint(),),
        remarks=("no-heads",),
    )
    old = bundle_of(made, chain)
    observed(made, chain, "采后")
    yield case(
        "valid-older",
        "older than what was seen before",
        made,
        old,
        remembered=(made.checkpoint(),),
        remarks=("no-heads", "older"),
    )


def _witnesses() -> Iterator[Case]:
    made = town()
    chain = lot(made)
    pins = (witnessed_pin(made),)
    for names in (("archive", "school"), ("archive", "school", "market")):
        yield case(
            f"valid-{len(names)}-of-3-witnesses",
            f"{len(names)} of three witnesses, two wanted",
            made,
            bundle_of(made, chain, note=witnessed(made, *names)),
            pins=pins,
        )
    note = Note.parse(made.note())
    stranger = Signature("stranger.example.net", bytes(4), bytes(64))
    yield case(
        "valid-unknown-signature",
        "a line below the checkpoint that nobody knows",
        made,
        bundle_of(made, chain, note=str(Note(note.text, (*note.signatures, stranger)))),
    )
    head, fresh = made.checkpoint(), secret("second log key")
    both = Note(str(head), (checkpoint.sign(head, made.log, made.log_key), checkpoint.sign(head, made.log, fresh)))
    changing = Policy(((made.vkey, ""), (VKey(made.log, ED25519, fresh.public), "")))
    yield case(
        "valid-two-log-keys",
        "signed with the log's old key and its new one",
        made,
        bundle_of(made, chain, note=str(both)),
        pins=(Pin(changing, made.parties["root"]),),
    )
    yield case(
        "valid-old-pin", "the same for a pin that knows only the old key", made, bundle_of(made, chain, note=str(both))
    )


def _heads() -> Iterator[Case]:
    made = town()
    chain = lot(made)
    daily = daily_heads(made)
    sight = ("first-sight",)
    yield case(
        "valid-complete", "the day's heads cover all of it", made, bundle_of(made, chain, daily=daily), remarks=sight
    )
    observed(made, chain)
    yield case(
        "valid-younger",
        "one record since the day's heads",
        made,
        bundle_of(made, chain, daily=daily),
        remarks=("first-sight", "unconfirmed-since"),
    )
    young = lot(made)
    yield case(
        "valid-absent",
        "a batch begun since the day's heads, which show that it was not there",
        made,
        bundle_of(made, young, daily=daily),
        remarks=("first-sight", "unconfirmed-since"),
    )
    partly = bundle_of(made, chain, daily=daily)
    assert partly.heads is not None
    few = replace(partly, heads=replace(partly.heads, lines=partly.heads.lines[:2]))
    uncovered = len({one.entry.chain for one in partly.entries if one.index < daily.body["size"]}) - 2
    yield case(
        "valid-partly-covered",
        "the day's heads shown cover two chains only",
        made,
        few,
        remarks=("first-sight", "unconfirmed-since", *(["uncovered"] * uncovered)),
    )


def shipped_abroad() -> tuple[Town, Town, ChainId, Json]:
    """A batch shipped from one town's log, received in another's: both, the batch there, and what ``from`` says."""
    here = town("log.example.org/upstream")
    chain = lot(here)
    origin = drawn(here, chain, _shipped(here, chain, value="40"))
    there = town("log.example.org/downstream")
    return here, there, chain, origin


def taken_in(there: Town, origin: Json) -> ChainId:
    return there.forge("intake", "farm", {"from": origin, "outputs": [there.output("tomato", "40")]}).created[0]


def _origins() -> Iterator[Case]:
    here, there, chain, origin = shipped_abroad()
    assert isinstance(origin, dict)
    size = int(str(origin["size"]))
    batch = taken_in(there, origin)
    inner = bundle_of(here, chain, since=[size])
    both = (pin_of(here), pin_of(there))
    whole = bundle_of(there, batch, others=[inner])
    yield case("valid-from-another-log", "shipped in one county's log, received in another's", there, whole, pins=both)
    yield case(
        "valid-origin-without-pin",
        "the other county's pin is missing",
        there,
        whole,
        remarks=("first-sight", "no-heads", "origin-not-verified"),
    )
    observed(here, chain)
    later = bundle_of(there, batch, others=[bundle_of(here, chain, since=[size])])
    yield case("valid-origin-grown", "the other county's log has grown since", there, later, pins=both)
    second = taken_in(there, origin)
    twice = bundle_of(there, batch, second, others=[inner])
    yield case("valid-taken-in-twice", "one shipment taken in by two records", there, twice, pins=both)

    for name, what, (here, there, inner, batches) in (
        ("valid-two-lots-of-one-shipment", "two batches of one shipment, each with a bundle of its own", _two_lots()),
        ("valid-two-shipments-of-one-batch", "one batch in two shipments, each taken in at its time", _two_shipments()),
    ):
        both = (pin_of(here), pin_of(there))
        yield case(name, what, there, bundle_of(there, *batches, others=inner), pins=both)


Abroad = tuple[Town, Town, list[Bundle], list[ChainId]]
"""The sender's town and the receiver's, the bundles from there, the batches here."""


def _two_lots() -> Abroad:
    here, there = town("log.example.org/upstream"), town("log.example.org/downstream")
    lots = sorted((lot(here), lot(here)))
    shipment = _shipped(here, *lots)
    size = len(here.entries)
    batches = [taken_in(there, drawn(here, one, shipment)) for one in lots]
    return here, there, [bundle_of(here, one, since=[size]) for one in lots], batches


def _two_shipments() -> Abroad:
    here, there = town("log.example.org/upstream"), town("log.example.org/downstream")
    chain, inner, batches = lot(here), [], []
    for _ in range(2):
        shipment = _shipped(here, chain)
        inner.append(bundle_of(here, chain, since=[len(here.entries)]))
        batches.append(taken_in(there, drawn(here, chain, shipment)))
    return here, there, inner, batches


def _shipped(here: Town, *chains: ChainId, value: str = "20") -> StatementHash:
    goods: list[Json] = [{"batch": chain, "quantity": kg(value)} for chain in chains]
    return here.state("ship", "farm", {"goods": goods, "receiver": here.parties["shop"]}, chains).hash


def drawn(here: Town, chain: ChainId, shipment: StatementHash) -> Json:
    """``from``, as one who has just seen the log says it."""
    head = here.checkpoint()
    return Origin(here.log, shipment, chain, head.size, b64u.encode(head.root)).body()
