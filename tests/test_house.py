"""The house's own rules, held on every file that is or could be committed."""

import re
import subprocess
import tomllib
from collections.abc import Iterable
from importlib.metadata import Distribution, distributions
from pathlib import Path, PurePosixPath

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.parts.need import need

ROOT = Path(__file__).parents[1]
CODE = {".py", ".ts", ".tsx", ".js", ".html", ".css"}
LONGEST = 500  # lines in a module
NAMELESS = {"util", "utils", "helper", "helpers", "common", "misc", "base", "manager"}
# Written so that no pattern finds itself here.
UNWANTED = {
    "a path of one machine": re.compile(r"(?<![\w.])/(?:wor[k]|roo[t]|hom[e]|User[s])/"),
    "a download address": re.compile(
        r'"resolved": *"http|index-ur[l]|find-link[s]|registry *= *"?http|files\.[a-z.]+/package[s]'
    ),
}
# A licence that would reach the project itself; the lesser one does not, and "LGPL" has no word break inside.
COPYLEFT = re.compile(r"\bA?GPL|GNU (Affero )?General Public", re.IGNORECASE)
# Package → licence → where it is written: of what a package carries and its own licence does not speak of.
UNSAID = {"axe-playwright-python": {"MPL-2.0": "the head of axe.min.js, which is axe-core"}}


def kept() -> list[PurePosixPath]:
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout: which files belong to the project is not known")
    listed = [need("git"), "-C", str(ROOT), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listed, check=True, capture_output=True, text=True).stdout.split("\0")
    return [PurePosixPath(name) for name in names if name and (ROOT / name).is_file()]


def modules() -> list[PurePosixPath]:
    return [path for path in kept() if path.suffix in CODE and not {"vendor", "dist"} & set(path.parts)]


def test_no_file_names_a_machine_or_a_download() -> None:
    found = [
        f"{path}:{number}: {what}"
        for path in kept()
        for number, line in enumerate((ROOT / path).read_text("utf-8", errors="ignore").splitlines(), 1)
        for what, pattern in UNWANTED.items()
        if pattern.search(line)
    ]
    assert found == []


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("see /{}/main/x.py".format("work"), "a path of one machine"),
        ("home = '/{}/.pyenv'".format("root"), "a path of one machine"),
        ("--index-{}=https://mirror.example/simple".format("url"), "a download address"),
        ("https://files.example.org/{}/ab/cd/x.whl".format("packages"), "a download address"),
        ('"resolved": "{}://registry.example/x.tgz"'.format("https"), "a download address"),
    ],
)
def test_the_patterns_find_what_they_are_for(line: str, what: str) -> None:
    assert [name for name, pattern in UNWANTED.items() if pattern.search(line)] == [what]


def test_no_module_is_longer_than_a_reader_can_hold() -> None:
    lengths = {str(path): len((ROOT / path).read_text("utf-8").splitlines()) for path in modules()}
    assert {path: lines for path, lines in lengths.items() if lines > LONGEST} == {}


def test_every_room_has_a_name_that_says_something() -> None:
    rooms = ({*path.parent.parts, *([path.stem] if path.suffix in {".py", ".ts", ".tsx"} else [])} for path in kept())
    assert set().union(*rooms) & NAMELESS == set()


def licences(package: Distribution) -> list[str]:
    """What a package says of its licence: the best of its SPDX alternatives, or else all that it declares."""
    told = package.metadata.json
    if expression := str(told.get("license_expression", "")):
        return [min(expression.split(" OR "), key=lambda one: bool(COPYLEFT.search(one)))]
    first_line = str(told.get("license", "")).strip().split("\n")[0]
    classifiers = [line for line in told.get("classifier", []) if line.startswith("License ::")]
    files = [file for file in package.files or () if file.match("*.dist-info/licenses/*")]
    return [line for line in (first_line, *classifiers) if line] or [file.read_text()[:200] for file in files]


def test_no_installed_package_binds_the_project_to_its_own_licence() -> None:
    declared = {package.name: licences(package) for package in distributions()}
    assert UNSAID.keys() <= declared.keys(), "a package that is gone carries nothing"
    known = {name: (said, " ".join([*said, *UNSAID.get(name, ())])) for name, said in declared.items()}
    assert {name: text for name, (said, text) in known.items() if not said or COPYLEFT.search(text)} == {}


def locked(name: str) -> dict[str, str]:
    """Package → version; a line of the lock that is not pinned or has no hash is an error."""
    pins: dict[str, str] = {}
    for entry in re.split(r"\n(?=\S)", (ROOT / name).read_text("utf-8").strip()):
        match = re.match(r"([\w.-]+)==(\S+) .*\\\n +--hash=sha256:[0-9a-f]{64}", entry)
        assert match, f"{name}: not pinned by version and hash: {entry[:80]}"
        pins[canonicalize_name(match[1])] = match[2]
    return pins


def missing(wanted: Iterable[str], pins: dict[str, str]) -> list[str]:
    requirements = [Requirement(text) for text in wanted]
    return [
        str(one) for one in requirements if not one.specifier.contains(pins.get(canonicalize_name(one.name), "0.dev0"))
    ]


def test_the_locks_hold_what_the_project_asks_for() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    groups = project["dependency-groups"]
    run, dev = locked("requirements.lock"), locked("requirements-dev.lock")
    asked = [
        *project["project"]["dependencies"],
        *project["project"]["optional-dependencies"]["server"],
        *groups["build"],
    ]
    assert missing(asked, run) == [], "run `make lock`"
    assert missing(groups["dev"], dev) == [], "run `make lock`"
    assert run.items() <= dev.items(), "the tests would run on other versions than the service"
