"""Finds the programs that tests drive: a test whose program is absent is skipped, under CI it fails."""

import glob
import os
import shutil

import pytest

BESIDE_PATH = ("/usr/local/go/bin", *sorted(glob.glob("/usr/lib/postgresql/*/bin"), reverse=True))


def need(*names: str) -> str:
    """The path of the first of these programs that is installed (names of one program differ by system)."""
    path = os.pathsep.join((os.environ.get("PATH", os.defpath), *BESIDE_PATH))
    for name in names:
        if found := shutil.which(name, path=path):
            return found
    refuse = pytest.fail if os.environ.get("CI") else pytest.skip
    refuse(f"{' or '.join(names)} is not installed; `make test` says or does what is missing")
