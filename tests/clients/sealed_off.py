"""Runs a verifier where nothing can be reached: ``python -m tests.clients.sealed_off ledger|gengji BUNDLE PIN``.

No socket, no database, no other program, no file written; and no package but the verifier's own and a few others. With
``ledger`` it is that package alone, whose ``verify`` is handed the bytes; with ``gengji`` it is the command.
"""

import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from pathlib import Path
from typing import Any

LIGHT = {"cryptography", "cffi", "_cffi_backend", "msgspec", "nacl", "orjson"}
"""What ``ledger`` stands on."""
SPOKEN = {"attrs", "attr", "cyclopts", "docstring_parser", "markdown_it", "mdurl", "pygments", "rich", "rich_rst"}
"""What the command line stands on besides."""
FORBIDDEN = ("socket.", "sqlite3.", "subprocess.", "os.system", "os.posix_spawn", "os.exec", "os.fork")


class Only:
    """Finds nothing that is neither the standard library's nor named."""

    def __init__(self, allowed: set[str]) -> None:
        self._allowed = allowed | sys.stdlib_module_names | {"__main__"}

    def find_spec(self, name: str, path: Sequence[str] | None = None, target: object = None) -> ModuleSpec | None:
        top = name.partition(".")[0]
        if top not in self._allowed and not top.startswith("_"):
            raise ModuleNotFoundError(f"{name} is not to be had here", name=name)
        return None


def seal(allowed: set[str]) -> None:
    sys.meta_path.insert(0, Only(allowed))

    def refuse(event: str, arguments: tuple[Any, ...]) -> None:
        if event.startswith(FORBIDDEN):
            raise PermissionError(event)
        if event == "open" and isinstance(arguments[1], str) and set(arguments[1]) & set("wax+"):
            raise PermissionError(f"open {arguments}")

    sys.addaudithook(refuse)


def main(what: str, bundle: str, pin: str) -> int:
    sys.dont_write_bytecode = True
    if what == "gengji":
        seal(LIGHT | SPOKEN | {"ledger", "clients"})
        from clients import cli

        return cli.run(["verify", bundle, "--policy", pin, "--lang", "en"], {})
    seal(LIGHT | {"ledger"})
    from ledger.policy import Pin
    from ledger.verify import verify

    verdict = verify(Path(bundle).read_bytes(), [Pin.parse(Path(pin).read_text())])
    print(f"Valid {verdict.checkpoint.size}")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
