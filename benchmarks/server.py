"""The service as it is, with two empty routes beside it to be measured against."""

import sys
from pathlib import Path

import uvicorn
from fastapi import Request, Response

from app.config import Settings
from app.main import create_app


def main() -> None:
    data, port, url = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3] if len(sys.argv) > 3 else ""
    app = create_app(Settings(data=data, database_url=url))

    @app.post("/empty")
    async def post(request: Request) -> Response:
        await request.body()
        return Response(b"{}", 201, media_type="application/json")

    @app.get("/empty")
    async def get() -> Response:
        return Response(b"{}", media_type="application/json")

    uvicorn.run(app, host="127.0.0.1", port=port, log_level="warning")


sys.setswitchinterval(0.0001)
main()
