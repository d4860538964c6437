"""What a demonstration tells its visitors: a trace code to try, and the sign-ins of its made-up people.

It stands in a file of the data folder. For a real log that path is None: nothing is ever read of it, or written.
"""

import os
from pathlib import Path

import msgspec

from app.errors import Conflict, ServiceError

FILE = "demonstration.json"


class SignIn(msgspec.Struct, frozen=True):
    """A sign-in that anybody may use; ``who`` says whose it is."""

    login: str
    password: str
    who: str


class Demonstration(msgspec.Struct, frozen=True, omit_defaults=True):
    """All that a demonstration tells."""

    code: str = ""
    sign_ins: tuple[SignIn, ...] = ()


def place(data: Path, *, demonstration: bool) -> Path | None:
    """Where the log in this data folder tells it; None for a log that is no demonstration."""
    return data / FILE if demonstration else None


def read(path: Path | None) -> Demonstration:
    """What is told there, if anything. Raises ServiceError ``settings`` for a file that is not of this form."""
    if path is None or not path.exists():
        return Demonstration()
    try:
        return msgspec.json.decode(path.read_bytes(), type=Demonstration)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ServiceError("settings", path=str(path), has=str(error)) from None


def write(path: Path | None, told: Demonstration) -> None:
    """Tells this from now on. Raises Conflict ``not-demonstration``."""
    if path is None:
        raise Conflict("not-demonstration")
    new = path.with_suffix(".new")
    new.write_bytes(msgspec.json.format(msgspec.json.encode(told)) + b"\n")
    os.replace(new, path)


def tell_sign_in(path: Path | None, sign_in: SignIn) -> None:
    """Adds a sign-in, in place of one with the same login. Raises Conflict ``not-demonstration``."""
    told = read(path)
    others = tuple(known for known in told.sign_ins if known.login != sign_in.login)
    write(path, Demonstration(told.code, (*others, sign_in)))


def forget_sign_in(path: Path | None, login: str) -> None:
    """Takes a sign-in back, if it was told."""
    told = read(path)
    others = tuple(known for known in told.sign_ins if known.login != login)
    if others != told.sign_ins:
        write(path, Demonstration(told.code, others))
