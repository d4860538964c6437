"""The service as it is, with two empty routes beside it to be measured against."""

import os
from pathlib import Path

from fastapi import FastAPI, Request, Response

from app import config, security
from app.main import create_app


def service() -> FastAPI:
    rows: dict[str, security.Row] = security.ROUTES  # type: ignore[assignment]
    rows |= {"POST /empty": security.OPEN, "GET /empty": security.OPEN}
    app = create_app(config.load(Path(os.environ["GENGJI_DATA"]), os.environ))

    @app.post("/empty")
    async def post(request: Request) -> Response:
        await request.body()
        return Response(b"{}", 201, media_type="application/json")

    @app.get("/empty")
    async def get() -> Response:
        return Response(b"{}", media_type="application/json")

    return app
