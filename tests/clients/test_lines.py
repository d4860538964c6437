"""Times as people write them become the times that are signed."""

from datetime import datetime, timedelta, timezone
from pathlib import Path

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as some

from clients import lines
from clients.client import Client
from clients.commands import check, sign, submit
from clients.device import Device
from clients.notebook import Notebook
from ledger.errors import Malformed
from tests.clients.honest import Service


@pytest.mark.parametrize(
    ("written", "signed"),
    [
        ("2026-07-20T01:30:00Z", "2026-07-20T01:30:00Z"),
        ("2026-07-20T09:30:00+08:00", "2026-07-20T01:30:00Z"),
        ("2026-07-20T09:30+0800", "2026-07-20T01:30:00Z"),
        ("2026-07-20 09:30", "2026-07-20T01:30:00Z"),
        ("2026-07-20T09:30:15", "2026-07-20T01:30:15Z"),
        ("2026-07-20", "2026-07-20T04:00:00Z"),
        ("2026-07-20 01:00", "2026-07-19T17:00:00Z"),
        # None of these is a time; the kind's own check says so.
        ("yesterday", "yesterday"),
        ("2026-02-30", "2026-02-30"),
        ("2026-07-20T25:00:00Z", "2026-07-20T25:00:00Z"),
        ("0001-01-01T00:00:00+08:00", "0001-01-01T00:00:00+08:00"),
        ("20260720", "20260720"),
        ("", ""),
    ],
)
def test_times_are_signed_as_utc(client: Client, written: str, signed: str) -> None:
    assert lines.Clock(client).utc(written) == signed


@given(
    some.datetimes(datetime(1000, 1, 3), datetime(9998, 1, 1)),  # noqa: DTZ001 - the offset is the other one's
    some.integers(-14 * 60, 14 * 60),
)
def test_whatever_the_offset_it_is_the_same_moment(local: datetime, minutes: int) -> None:
    written = local.replace(microsecond=0, tzinfo=timezone(timedelta(minutes=minutes)))
    signed = lines.utc(written.isoformat(), lambda: pytest.fail("it needs no time zone"))
    assert signed.endswith("Z")
    assert datetime.fromisoformat(signed) == written


def test_the_logs_time_zone_is_asked_once_and_noted(client: Client, service: Service) -> None:
    clock = lines.Clock(client)
    assert service.requests == []
    for _ in range(3):
        clock.utc("2026-07-20")
    assert len(service.requests) == 1
    folder = client.notebook.device.folder
    assert Device.open(folder).zone == "Asia/Shanghai"
    assert Device.open(folder) == client.notebook.device.within("Asia/Shanghai")


def test_without_time_zone_or_service_it_asks_for_one(device: Device) -> None:
    def away(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused", request=request)

    waited: list[float] = []
    with Notebook(device) as notebook, Client(notebook, httpx.MockTransport(away), sleep=waited.append) as client:
        clock = lines.Clock(client)
        for _ in range(2):
            with pytest.raises(Malformed, match="at-zone"):
                clock.utc("2026-07-20")
        assert clock.utc("2026-07-20T09:30:00+08:00") == "2026-07-20T01:30:00Z"
    assert sum(waited) <= 3


@pytest.mark.parametrize("command", [sign, check, submit])
def test_the_line_in_the_help_is_one(command: object, client: Client, tmp_path: Path) -> None:
    shown = [line.strip() for line in (command.__doc__ or "").splitlines() if line.strip().startswith("{")]
    (tmp_path / "x").write_text("\n".join(shown), "utf-8")
    (line,) = lines.read(client, [tmp_path / "x"])
    assert line.error is None
    assert line.draft is not None
    assert (line.draft.kind, line.draft.at) == ("plant", "2026-07-20T04:00:00Z")
