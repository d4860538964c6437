"""The one command, ``gengji``: finds the command that is asked for, runs it, and says in words what went wrong.

Commands come from the entry-point group ``gengji.commands``, each under its own name, each a function or a cyclopts
App (of that name): a party's side brings its own, the service and others join theirs. Only the command that is named
is imported; the list of all is read from the sources without running them, so that ``--help`` is there at once.

Exit codes: 0 done; 1 something was refused, or does not hold; 2 it could not be tried (usage, files, network).
"""

import ast
import os
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.metadata import EntryPoint, entry_points, version
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path

from cyclopts import App, CycloptsError
from rich.console import Console

from clients import usage
from clients.errors import NoDevice, NoWitness, Unreachable, Usage
from clients.wordings import reason, say
from ledger.errors import LedgerError
from ledger.wordings import Lang

GROUP = "gengji.commands"
ABOUT = """\
耕迹 · 农产品溯源总账 —— a traceability ledger for farm produce.

Example: gengji submit records.jsonl --home ./gengji-party
"""


def main() -> None:
    """What the installed ``gengji`` runs."""
    sys.exit(run(sys.argv[1:], os.environ))


def run(arguments: Sequence[str], environment: Mapping[str, str]) -> int:
    """The exit code; people's own mistakes never end in a traceback."""
    lang = language(arguments, environment)
    complaints = Console(stderr=True, soft_wrap=True, highlight=False, markup=False)
    try:
        code = mounted(arguments)(list(arguments), exit_on_error=False, print_error=False)
    except CycloptsError as error:
        complaints.print(usage.say(error, lang))
        return 2
    except (NoDevice, NoWitness, Unreachable, Usage) as error:
        complaints.print(say(error, lang))
        return 2
    except LedgerError as error:
        complaints.print(say(error, lang))
        return 1
    except OSError as error:
        complaints.print(say(Usage("file", path=str(error.filename), has=reason(error, lang)), lang))
        return 2
    except KeyboardInterrupt:
        return 130
    return code if isinstance(code, int) else 0


def mounted(arguments: Sequence[str] = ()) -> App:
    """The App with the command that ``arguments`` name, or with all of them where they name none."""
    app = App(name="gengji", help=ABOUT, version=version("gengji"), result_action="return_value")
    found = {point.name: point for point in entry_points(group=GROUP)}
    named = {word: found[word] for word in arguments[:1] if word in found}
    for name, point in sorted((named or found).items()):
        app.command(point.value, name=name, help=None if named else summary(point))
    return app


def summary(point: EntryPoint) -> str:
    """The first line of what a command says of itself, out of its source."""
    try:
        spec = find_spec(point.module)
    except ModuleNotFoundError:
        spec = None
    if spec is None or spec.origin is None:
        return ""
    for node in _parsed(spec.origin).body:
        match node:
            case ast.FunctionDef(name=point.attr):
                return (ast.get_docstring(node) or "").partition("\n")[0]
            case ast.Assign(targets=[ast.Name(id=point.attr)], value=ast.Call(keywords=keywords)):
                told = [word.value for word in keywords if word.arg == "help"]
                return "".join(str(one.value) for one in told if isinstance(one, ast.Constant)).partition("\n")[0]
    return ""


@cache
def _parsed(path: str) -> ast.Module:
    return ast.parse(Path(path).read_text("utf-8"))


def language(arguments: Sequence[str], environment: Mapping[str, str]) -> Lang:
    """``--lang`` first, then what the terminal speaks; Chinese unless that is English."""
    words = [*arguments, ""]
    for word, following in pairwise(words):
        if word == "--lang" or word.startswith("--lang="):
            return "en" if (word.partition("=")[2] or following) == "en" else "zh"
    spoken = next((environment[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if environment.get(name)), "")
    return "en" if spoken.lower().startswith("en") else "zh"
