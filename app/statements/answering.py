"""What is answered about a statement that was recorded: its findings in words, what it created, its receipt."""

from collections.abc import Iterable, Mapping
from typing import Any

import orjson

from app.parties.names import Lang, Name, Names
from app.recording import Appended, Finding
from ledger import wordings
from ledger.identity import mark, trace_code

LANGS: tuple[Lang, ...] = ("zh", "en")


def appended_json(outcome: Appended, found: Iterable[Finding], names: Names) -> dict[str, Any]:
    """The answer to one statement, whose findings were ``found``."""
    return {
        "created": [
            {"chain": chain, "mark": mark(chain), "trace_code": trace_code(chain)}
            for chain in outcome.statement.created
        ],
        "findings": [finding_json(finding, names) for finding in found],
        # Beside the receipt, whose own form says nothing of it: the same statement sent again brings a better one.
        "provisional": outcome.provisional,
        "receipt": orjson.Fragment(outcome.receipt.text()),
        "statement": outcome.statement.hash,
    }


def finding_json(finding: Finding, names: Names) -> dict[str, Any]:
    """A finding as the API shows it, worded in both languages with parties and places by their names."""
    known = {value: name for value in finding.params.values() if (name := names.of(value))}
    return {
        "code": finding.code,
        "severity": finding.severity,
        **({"batch": finding.batch} if finding.batch else {}),
        "params": dict(finding.params),
        "text": {lang: wordings.say_finding(finding.code, _said(finding.params, known, lang), lang) for lang in LANGS},
    }


def _said(params: Mapping[str, str], known: Mapping[str, Name], lang: Lang) -> dict[str, str]:
    return {key: known[value].say(lang) if value in known else value for key, value in params.items()}
