"""Asking the service without a network: a browser's part, its cookies and its redirects not followed."""

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import AbstractAsyncContextManager, contextmanager
from typing import Any

import httpx
from fastapi import FastAPI

PAGE = {"accept": "text/html"}


class Visitor:
    """Somebody with a browser; ``cookies`` are kept from one request to the next."""

    def __init__(self, app: FastAPI, runner: asyncio.Runner, base_url: str, address: str) -> None:
        transport = httpx.ASGITransport(app, raise_app_exceptions=False, client=(address, 50_000))
        self._client = httpx.AsyncClient(transport=transport, base_url=base_url)
        self._runner = runner

    @property
    def cookies(self) -> httpx.Cookies:
        return self._client.cookies

    def ask(self, method: str, path: str, headers: Mapping[str, str] = PAGE, **options: Any) -> httpx.Response:
        return self._runner.run(self._client.request(method, path, headers=headers, **options))

    def get(self, path: str, headers: Mapping[str, str] = PAGE) -> httpx.Response:
        return self.ask("GET", path, headers)

    def post(self, path: str, data: Mapping[str, str], headers: Mapping[str, str] = PAGE) -> httpx.Response:
        return self.ask("POST", path, headers, data=data)

    def sign_in(self, login: str, password: str, leads: str = "") -> httpx.Response:
        return self.post("/sign-in", {"login": login, "password": password, "next": leads})

    def close(self) -> None:
        self._runner.run(self._client.aclose())


@contextmanager
def visiting(app: FastAPI, base_url: str = "https://county.example", address: str = "203.0.113.7") -> Iterator[Visitor]:
    """A visitor of ``app`` from ``address``, while it lives."""
    with asyncio.Runner() as runner:
        life = app.router.lifespan_context(app)
        runner.run(_enter(life))
        try:
            visitor = Visitor(app, runner, base_url, address)
            yield visitor
            visitor.close()
        finally:
            runner.run(_leave(life))


async def _enter(life: AbstractAsyncContextManager[Any]) -> None:
    await life.__aenter__()


async def _leave(life: AbstractAsyncContextManager[Any]) -> None:
    await life.__aexit__(None, None, None)
