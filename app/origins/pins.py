"""The pins of other counties' logs: one file each in ``pins/`` of the data folder, brought there by the operator.

A pin says whose word is believed, so it never comes over the network.
"""

import os
from pathlib import Path
from urllib.parse import quote

from app.errors import Conflict, NotFound, ServiceError
from ledger.errors import LedgerError
from ledger.policy import Pin

FOLDER = "pins"


def read_pins(data: Path) -> dict[str, Pin]:
    """The pins by origin. Raises ServiceError ``pin-unreadable`` or Conflict ``pin-there`` for two of one log."""
    found: dict[str, Pin] = {}
    for path in sorted((data / FOLDER).glob("*.json")):
        pin = read_pin(path)
        if pin.origin in found:
            raise Conflict("pin-there", path=str(path), has=pin.origin)
        found[pin.origin] = pin
    return found


def read_pin(path: Path) -> Pin:
    """Raises NotFound or ServiceError ``pin-unreadable``."""
    try:
        return Pin.parse(path.read_text("utf-8"))
    except FileNotFoundError:
        raise NotFound("pin-unreadable", path=str(path)) from None
    except (LedgerError, UnicodeDecodeError):
        raise ServiceError("pin-unreadable", path=str(path)) from None


def add_pin(data: Path, pin: Pin, *, replace: bool = False) -> Path:
    """Keep the pin of another log. Raises Conflict ``pin-there`` where another stands, unless it is to be replaced."""
    path = data / FOLDER / f"{quote(pin.origin, safe='')}.json"
    before = read_pins(data).get(pin.origin)
    if before is not None and before != pin and not replace:
        raise Conflict("pin-there", path=str(path), has=pin.origin)
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    beside.write_text(pin.text(), "utf-8")
    os.replace(beside, path)
    return path
