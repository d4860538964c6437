"""The service with SQLite's ``synchronous`` as the environment says: to show that the test of it can fail."""

import os
from pathlib import Path

from fastapi import FastAPI

from app import config
from app.main import create_app


def service() -> FastAPI:
    settings = config.load(Path(os.environ["GENGJI_DATA"]), {})
    return create_app(settings, synchronous=os.environ["GENGJI_TEST_SYNCHRONOUS"])
