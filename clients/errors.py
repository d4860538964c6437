"""What can go wrong between a party's device and the service.

ledger.errors.LedgerError
├── … what is wrong with bytes, keys and proofs, the service's included
└── ClientError
    ├── NoDevice      the folder is not a device's, or one that can't be used
    ├── NoWitness     the folder is not a witness's, or one already
    ├── Unreachable   no answer, or none that makes sense, after all the tries
    ├── Usage         a command was given what it can't work with
    └── Refused       the service said no, in its own words
"""

from collections.abc import Mapping
from typing import Any

from ledger.errors import LedgerError


class ClientError(LedgerError):
    """Something on the way between device and service; ``code`` and parameters as in the ledger's tree."""


class NoDevice(ClientError):
    """``no-device``, ``no-party``, ``device-there``, ``key-readable``: the folder can't be worked with."""


class Unreachable(ClientError):
    """``not-running``, ``no-answer``: a question had no answer; ``unreachable``, ``answer``: what is signed waits."""


class NoWitness(ClientError):
    """``no-witness``, ``witness-there``: the folder is not a witness's, or one already."""


class Usage(ClientError):
    """``no-url``, ``party-form``, ``offer-file``, ``label-format``, …: mend the command and run it again."""


class Refused(ClientError):
    """The service's ``application/problem+json``: its code and parameters, and its words in ``detail``."""

    def __init__(self, status: int, problem: Mapping[str, Any]) -> None:
        params = problem.get("params")
        super().__init__(str(problem["code"]), **(params if isinstance(params, dict) else {}))
        self.status = status
        self.problem = dict(problem)

    @property
    def detail(self) -> str:
        return str(self.problem.get("detail") or self.problem.get("title") or "")

    def __str__(self) -> str:
        return self.detail or super().__str__()
