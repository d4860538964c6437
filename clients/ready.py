"""Statements that were signed elsewhere, such as with a root key that is never on line: files of them, sent as is.

One a line, as the service takes them in a stream::

    {"disclosures":[],"statement":"eyJhbGciOi…"}
"""

import json
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from clients.answers import Answer
from clients.notebook import Kept
from clients.service import Service
from ledger.canonical import dumps
from ledger.policy import Pin
from ledger.receipt import parse as parse_receipt
from ledger.statement import Statement, parse


def line(statement: Statement) -> str:
    """The line of a file for a statement that seals nothing."""
    return dumps({"disclosures": [], "statement": statement.jws}).decode() + "\n"


def read(files: Iterable[Path]) -> list[tuple[str, Kept]]:
    """The statements, each with its file and line, if there is nothing else in the files; else none.

    Raises Malformed for one that is none.
    """
    found = []
    for file in files:
        if not file.is_file():
            return []
        for number, text in enumerate(file.read_bytes().splitlines(), 1):
            if text.strip():
                match _json(text):
                    case {"disclosures": [*disclosures], "statement": str(jws), **rest} if not rest:
                        kept = Kept(parse(jws), tuple(map(str, disclosures)), "waiting")
                        found.append((f"{file.name}:{number}", kept))
                    case _:
                        return []
    return found


def send(service: Service, kept: Kept, pin: Pin | None) -> Kept:
    """Bring the service one of them; what it is now, with the service's answer.

    Where the log's ``pin`` is known the receipt is held against it. Raises as ``Client.send``.
    """
    tries = 0
    while True:
        answer = next(iter(service.record([kept])), Answer(0, {}))
        if answer.taken:
            _check(kept.statement, answer, pin)
            return replace(kept, state="receipted", answer=answer.body)
        if not answer.passing:
            return replace(kept, state="refused", answer={**answer.body, "status": answer.status})
        tries += 1
        service.wait(tries, answer)


def _check(statement: Statement, answer: Answer, pin: Pin | None) -> None:
    if pin is not None:
        receipt = parse_receipt(dumps(answer.body["receipt"]))
        receipt.check(statement, pin.policy.signer(receipt.checkpoint), pin.policy.witness_keys)


def _json(text: bytes) -> object:
    try:
        return json.loads(text)
    except ValueError:
        return None
