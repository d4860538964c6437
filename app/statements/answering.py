"""What is answered about a statement that was recorded: its findings in words, what it created, its receipt."""

from collections.abc import Iterable
from typing import Any

import orjson

from app.recording import Appended, Finding
from ledger import wordings
from ledger.identity import mark, trace_code


def appended_json(outcome: Appended, found: Iterable[Finding]) -> dict[str, Any]:
    """The answer to one statement, whose findings were ``found``."""
    return {
        "created": [
            {"chain": chain, "mark": mark(chain), "trace_code": trace_code(chain)}
            for chain in outcome.statement.created
        ],
        "findings": [finding_json(finding) for finding in found],
        # Beside the receipt, whose own form says nothing of it: the same statement sent again brings a better one.
        "provisional": outcome.provisional,
        "receipt": orjson.Fragment(outcome.receipt.text()),
        "statement": outcome.statement.hash,
    }


def finding_json(finding: Finding) -> dict[str, Any]:
    """A finding as the API shows it, worded in both languages."""
    return {
        "code": finding.code,
        "severity": finding.severity,
        **({"batch": finding.batch} if finding.batch else {}),
        "params": dict(finding.params),
        "text": {lang: wordings.say_finding(finding.code, finding.params, lang) for lang in ("zh", "en")},
    }
