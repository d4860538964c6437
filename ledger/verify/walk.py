"""Checks 6 to 13, of each statement in the order of the log; the registry knows only what came before it."""

from ledger import b64u
from ledger.errors import BadProof, BadSignature, LedgerError, Malformed, NotAllowed
from ledger.keys import PublicKey
from ledger.statement import Statement, open_sealed
from ledger.verdict import Remark
from ledger.verify.run import Item, Run


def check_chain(run: Run, item: Item) -> None:
    """6: entries follow one another in each chain, and what a batch was made from is there before it."""
    for proven in item.entries:
        entry, last = proven.entry, run.chains.get(proven.entry.chain)
        seq, prev = (last.entry.seq + 1, b64u.encode(last.entry.hash())) if last else (0, None)
        if entry.seq != seq:
            raise BadProof("chain-seq", path=f"{entry.chain}.seq", has=entry.seq, wanted=seq)
        if entry.prev != prev:
            raise BadProof("chain-prev", path=f"{entry.chain}.prev", has=entry.prev or "–", wanted=prev or "–")
        if seq == 0:
            for parent in item.statement.on:
                if parent not in run.chains:
                    raise BadProof("chain-absent", path="on", has=parent)
        run.chains[entry.chain] = proven


def check_identity(run: Run, item: Item) -> None:
    """7: a chain's name is the hash of the statement that brought it."""
    for proven in item.entries:
        if proven.entry.seq == 0 and proven.entry.chain not in item.statement.created:
            wanted = ", ".join(item.statement.created)
            raise BadProof("identity", path="chain", has=proven.entry.chain, wanted=wanted or "–")


def check_binding(run: Run, item: Item) -> None:
    """8: the entries are this statement's, side by side in the log, and its key signed it."""
    statement, received = item.statement, item.entries[0].entry.received
    for proven in item.entries:
        chain = proven.entry.chain
        if chain not in statement.targets:
            raise BadProof("binding-target", path="chain", has=chain, wanted="one of its targets")
        if proven.entry.seq > 0 and chain not in statement.on:
            raise BadProof("binding-target", path="seq", has=proven.entry.seq, wanted="0")
        if proven.index - statement.targets.index(chain) != item.first:
            raise BadProof("binding-index", path="index", has=proven.index, wanted=item.first)
        if proven.entry.received != received:
            raise BadProof("binding-received", path="received", has=proven.entry.received, wanted=received)
    if item.first < run.end:
        raise BadProof("binding-overlap", path="index", has=item.first, wanted=run.end)
    run.end = item.first + len(statement.targets)
    key = _key_record(run, statement)
    # A key that is not known is named by 10: here there is nothing to hold the signature against.
    if key is not None:
        try:
            statement.verify(key)
        except Malformed as error:
            raise BadSignature(error.code, **error.params) from None


def _key_record(run: Run, statement: Statement) -> PublicKey | None:
    if run.registry.root is None:
        try:
            return run.registry.key_of(statement)
        except LedgerError:
            return None
    key = run.registry.keys.get(statement.kid)
    return key.public if key is not None else None


def check_log(run: Run, item: Item) -> None:
    """9: it was signed for this log, which is the one that the pin's ``log.open`` began."""
    if item.statement.log != run.pin.origin:
        raise NotAllowed("wrong-log", path="log", has=item.statement.log, wanted=run.pin.origin)
    if item.statement.kind == "log.open" and run.pin.root not in item.statement.targets:
        raise NotAllowed("wrong-log", path="log", has=item.statement.targets[0], wanted=run.pin.root)


def check_key(run: Run, item: Item) -> None:
    """10: its key, role and grant stood at this place in the log."""
    run.registry.authorise(item.statement)


def check_notebook(run: Run, item: Item) -> None:
    """11: a key's statements come in its own order, each naming the one before."""
    statement, last = item.statement, run.notebooks.get(item.statement.kid)
    if last is not None:
        if statement.n <= last.n:
            raise BadProof("notebook-order", path="n", has=statement.n, wanted=last.n + 1)
        if statement.n == last.n + 1 and statement.after != last.hash:
            raise BadProof("notebook-after", path="after", has=statement.after or "–", wanted=last.hash)
        if last.iat > statement.iat:
            run.remarks.append(Remark("time-order", item.record, {"has": statement.iat, "wanted": last.iat}))
    run.notebooks[statement.kid] = statement


def check_seen(run: Run, item: Item) -> None:
    """12: what its signer had seen of the log is the beginning of this log."""
    size, root = item.statement.seen or (0, "")
    before = run.seen.get(item.statement.kid, 0)
    if size < before:
        raise BadProof("seen-falls", path="seen.size", has=size, wanted=before)
    if size > item.first:
        raise BadProof("seen-ahead", path="seen.size", has=size, wanted=item.first)
    run.seen[item.statement.kid] = size
    if size:
        run.want_consistent(size, root, "seen")


def check_disclosures(run: Run, item: Item) -> None:
    """13: what is disclosed is what was sealed."""
    found = [run.disclosed[one] for one in item.statement.sealed if one in run.disclosed]
    if found:
        opened = open_sealed(item.statement, found)
        run.opened[item.statement.hash] = {name: value for name, (value, _) in opened.items()}
