"""What a person types or scans to name a batch."""

from collections.abc import Sequence

from clients.errors import Usage
from ledger.identity import read_trace_code


def read_code(words: Sequence[str]) -> str:
    """A trace code, a mark, a chain id, or the address in the QR. Raises Usage, or Malformed for a wrong digit."""
    for word in words[1:]:
        if any(letter.isalpha() for letter in word):
            raise Usage("no-option" if word.startswith("-") else "code-words", has=word)
    last = " ".join(words).strip().rstrip("/").rpartition("/")[2].rpartition("?t=")[2]
    return read_trace_code(last) if not any(letter.isalpha() for letter in last) else last
