"""Serving: a port that is not to be had is said in words, before the log is opened."""

import socket
from pathlib import Path

import pytest

from app.serving import serve
from tests.app.seeding import seed
from tests.world import opened


def test_a_port_that_is_taken_is_said_and_nothing_begun(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LANG", "zh_CN.UTF-8")
    settings = seed(tmp_path, opened())
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        assert serve(host="127.0.0.1", port=port, data=settings.data) == 2
        assert capsys.readouterr().err == f"端口 {port} 已被占用：用 --port 或 make run PORT=… 换一个。\n"
        monkeypatch.setenv("LANG", "en_GB.UTF-8")
        assert serve(host="127.0.0.1", port=port, data=settings.data, workers=2) == 2
        assert capsys.readouterr().err.startswith(f"Port {port} is taken")


def test_an_address_that_is_not_ours_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LANG", "zh_CN.UTF-8")
    settings = seed(tmp_path, opened())
    assert serve(host="192.0.2.1", port=8000, data=settings.data) == 2
    assert "192.0.2.1" in capsys.readouterr().err
