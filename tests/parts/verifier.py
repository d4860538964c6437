"""The page's verifier, outside a page: app/web/verify built by its own tools and asked under Node."""

import fcntl
import json
import os
import subprocess
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from tests.parts.need import need

SOURCES = Path(__file__).parents[2] / "app/web/verify"
DRIVER = Path(__file__).parents[1] / "app/web/verify/driver.ts"

Ask: TypeAlias = Callable[[Iterable[Mapping[str, Any]]], list[dict[str, Any]]]
"""Questions to the driver, and its answers in the same order."""


@pytest.fixture(scope="session")
def tools() -> Path:
    """The folder of the verifier's build tools, which npm takes from its cache or its registry as the lock says."""
    node, npm = need("node"), need("npm")
    modules = SOURCES / "node_modules"
    with open(SOURCES / "package-lock.json") as lock:
        # One at a time: tests run in several processes.
        fcntl.flock(lock, fcntl.LOCK_EX)
        made = modules / ".package-lock.json"
        if not made.exists() or made.stat().st_mtime < (SOURCES / "package-lock.json").stat().st_mtime:
            installed = run(npm, "ci", "--no-audit", "--no-fund", path=Path(node).parent)
            if installed.returncode and not os.environ.get("CI"):
                pytest.skip(f"the page's build tools are not to be had: {installed.stderr.strip()[-300:]}")
            assert installed.returncode == 0, installed.stderr
    return modules / ".bin"


@pytest.fixture(scope="session")
def ask(tools: Path, tmp_path_factory: pytest.TempPathFactory) -> Ask:
    """Asks the verifier, in one process for all questions given together."""
    built = tmp_path_factory.mktemp("verifier") / "driver.mjs"
    made = run(str(tools / "esbuild"), str(DRIVER), "--bundle", "--format=esm", "--platform=node", f"--outfile={built}")
    assert made.returncode == 0, made.stderr

    def ask(questions: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
        lines = "".join(json.dumps(question) + "\n" for question in questions)
        answered = subprocess.run(
            [need("node"), built], input=lines, capture_output=True, text=True, timeout=300, check=False
        )
        assert answered.returncode == 0, answered.stderr
        return [json.loads(line) for line in answered.stdout.splitlines()]

    return ask


def run(*command: str, path: Path | None = None) -> subprocess.CompletedProcess[str]:
    """A tool in the folder of the sources."""
    search = os.pathsep.join(filter(None, (str(path) if path else "", os.environ.get("PATH", os.defpath))))
    return subprocess.run(
        command,
        cwd=SOURCES,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        env={**os.environ, "PATH": search},
    )
