"""What the service answers when it can't do what was asked, and the one table that gives each its HTTP status.

ServiceError                       500
├── NotFound                       404   nothing here by that name
├── Gone                           410   it was here, and was erased
├── Conflict                       409   notebook, code-taken, lot-taken, gtin-taken, held
├── SignInNeeded                   401   who are you? (and nothing more is told)
├── Forbidden                      403   you are signed in, and this belongs to somebody else
├── TooLarge                       413
├── UnknownType                    415
├── TooMany                        429   with Retry-After
└── Stopped                        503   the service has stopped itself, and says why

ledger.errors: Malformed, BadKey, BadProof, Rejected 422 · BadSignature, NotAllowed 403 · code ``size`` 413
"""

from ledger import verdict
from ledger.errors import BadKey, BadProof, BadSignature, LedgerError, Malformed, NotAllowed


class ServiceError(LedgerError):
    """A code and its parameters, as in ``ledger.errors``; worded where a person reads it."""


class NotFound(ServiceError):
    """Nothing here by that name."""


class Gone(ServiceError):
    """It was here, and was erased."""


class Conflict(ServiceError):
    """What stands already says otherwise."""


class SignInNeeded(ServiceError):
    """Only for somebody who has signed in."""


class Forbidden(ServiceError):
    """Signed in, but this is somebody else's."""


class TooLarge(ServiceError):
    """More than is taken at once."""


class UnknownType(ServiceError):
    """A media type that is not understood here."""


class TooMany(ServiceError):
    """Too often; ``retry_after`` is in seconds."""


class Stopped(ServiceError):
    """The journal has stopped itself rather than risk a second history."""


STATUS: dict[type[LedgerError], int] = {
    Malformed: 422,
    BadKey: 422,
    BadProof: 422,
    BadSignature: 403,
    NotAllowed: 403,
    verdict.Unreadable: 422,
    verdict.Invalid: 422,
    NotFound: 404,
    Gone: 410,
    Conflict: 409,
    SignInNeeded: 401,
    Forbidden: 403,
    TooLarge: 413,
    UnknownType: 415,
    TooMany: 429,
    Stopped: 503,
}


def status_of(error: LedgerError) -> int:
    """The HTTP status of an error."""
    if error.code == "size":
        return 413
    return STATUS.get(type(error), 500)
