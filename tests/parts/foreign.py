"""A checker of checkpoints and proofs that is not this project's: golang.org/x/mod/sumdb, driven from tests/foreign."""

import json
import os
import subprocess
from base64 import b64encode
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.parts.need import need

SOURCE = Path(__file__).parents[1] / "foreign"


@pytest.fixture(scope="session")
def foreign(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The checker, built from tests/foreign; Go takes golang.org/x/mod from its cache or its proxy."""
    program = tmp_path_factory.mktemp("foreign") / "foreign"
    built = subprocess.run(
        [need("go"), "build", "-o", program, "."], cwd=SOURCE, capture_output=True, text=True, timeout=300
    )
    if built.returncode and not os.environ.get("CI") and "golang.org/x/mod" in built.stderr:
        pytest.skip(f"golang.org/x/mod is not to be had: {built.stderr.strip()}")
    assert built.returncode == 0, built.stderr
    return program


def base64(data: bytes) -> str:
    return b64encode(data).decode()


def check(program: Path, question: Mapping[str, Any]) -> subprocess.CompletedProcess[str]:
    """Exit code 0 and the checkpoint's size if all holds that the question gives (tests/foreign/main.go)."""
    return subprocess.run([program], input=json.dumps(question), capture_output=True, text=True, timeout=60)
