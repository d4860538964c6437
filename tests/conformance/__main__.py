"""``python -m tests.conformance``: writes the cases to ``tests/vectors/bundles``, one file each."""

from pathlib import Path

from ledger.canonical import dumps
from tests.conformance.cases import cases

FOLDER = Path(__file__).parent.parent / "vectors" / "bundles"


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    for old in FOLDER.glob("*.json"):
        old.unlink()
    for made in cases():
        (FOLDER / f"{made.check:02}-{made.name}.json").write_bytes(dumps(made.value()) + b"\n")


if __name__ == "__main__":
    main()
