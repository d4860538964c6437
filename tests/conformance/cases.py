"""All cases: those that hold and those that must not."""

from collections.abc import Iterator

from tests.conformance.bad_bytes import bad_bytes
from tests.conformance.bad_log import bad_log
from tests.conformance.bad_walk import bad_walk
from tests.conformance.good import good
from tests.conformance.town import Case


def cases() -> Iterator[Case]:
    yield from good()
    yield from bad_bytes()
    yield from bad_log()
    yield from bad_walk()
