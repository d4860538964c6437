"""What the service answers, read into what a party's programs work with."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from clients.errors import ClientError, Refused
from clients.notebook import Kept
from ledger.identity import ChainId, Mark, TraceCode, mark, trace_code
from ledger.receipt import Receipt
from ledger.wordings import Lang


@dataclass(frozen=True)
class Finding:
    """A rule that a record breaks, ``hold`` or ``flag``; ``text`` in both languages, ``batch`` the chain concerned."""

    code: str
    severity: str
    text: Mapping[str, str] = field(default_factory=dict)
    params: Mapping[str, Any] = field(default_factory=dict)
    batch: ChainId | None = None

    def say(self, lang: Lang) -> str:
        return self.text.get(lang) or self.code


@dataclass(frozen=True)
class Created:
    """A chain that a statement brings into being, by all its names."""

    chain: ChainId
    mark: Mark
    trace_code: TraceCode


@dataclass(frozen=True)
class Outcome:
    """What became of one statement: a receipt, already checked, or the refusal."""

    kept: Kept
    receipt: Receipt | None = None
    refused: ClientError | None = None

    @property
    def created(self) -> list[Created]:
        return created(self.kept)

    @property
    def findings(self) -> list[Finding]:
        return findings(self.kept.answer or {})


def created(kept: Kept) -> list[Created]:
    """Computed from the statement itself: known before it is sent, and never taken from anyone's word."""
    return [Created(chain, mark(chain), trace_code(chain)) for chain in kept.statement.created]


def findings(answer: Mapping[str, Any]) -> list[Finding]:
    """The findings in an answer; what has not the shape of one is left out, since they bind nobody."""
    found = answer.get("findings")
    return [
        Finding(
            str(one["code"]),
            str(one.get("severity", "flag")),
            text if isinstance(text := one.get("text"), dict) else {},
            params if isinstance(params := one.get("params"), dict) else {},
            ChainId(batch) if isinstance(batch := one.get("batch"), str) else None,
        )
        for one in (found if isinstance(found, list) else [])
        if isinstance(one, dict) and "code" in one
    ]


@dataclass(frozen=True)
class Answer:
    """One statement's answer; ``status`` 0 is none at all."""

    status: int
    body: Mapping[str, Any]
    retry_after: float | None = None

    @property
    def taken(self) -> bool:
        return self.status in (200, 201) and "receipt" in self.body

    @property
    def code(self) -> str:
        return code if isinstance(code := self.body.get("code"), str) else ""

    @property
    def refusal(self) -> bool:
        """The service itself said no to this statement for good; a gateway's bare 403 is not that."""
        return self.code != "" and (self.status in (403, 422) or (self.status == 409 and self.code != "notebook"))

    @property
    def passing(self) -> bool:
        """The same may go well in a while."""
        return self.status == 0 or self.status == 429 or self.status >= 500

    def error(self, path: str = "") -> ClientError:
        """The service's own words; where it has none, as for a redirection, what it answered to ``path``."""
        return Refused(self.status, {"code": "answer", "params": {"path": path, "has": self.status}, **self.body})
