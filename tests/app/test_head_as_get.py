"""HEAD says of every public read what GET would say of it, without the body."""

from pathlib import Path

import pytest

from app.main import create_app
from ledger.identity import trace_code
from tests.app.public.stories import sauce
from tests.app.seeding import seed
from tests.app.visiting import visiting

ANSWERED = ("content-type", "content-length", "etag", "cache-control", "location", "access-control-allow-origin")


def test_head_is_get_without_a_body(tmp_path: Path) -> None:
    story = sauce()
    code = trace_code(story.sauce)
    paths = ["/", "/t", f"/t/{code}", f"/t?code={code}", "/t/1234", "/nowhere", "/log/checkpoint", "/healthz"]
    paths += [f"/v1/batches/{code}", f"/v1/batches/{code}/label.png", "/openapi.json", "/audit", "/v1/statements"]
    with visiting(create_app(seed(tmp_path, story.world))) as visitor:
        for path in paths:
            get, head = visitor.get(path), visitor.ask("HEAD", path)
            assert head.status_code == get.status_code, path
            assert [head.headers.get(name) for name in ANSWERED] == [get.headers.get(name) for name in ANSWERED], path
            assert head.content == b"", path


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_other_methods_stay_what_they_are(tmp_path: Path, method: str) -> None:
    with visiting(create_app(seed(tmp_path, sauce().world))) as visitor:
        answer = visitor.ask(method, "/healthz")
        assert answer.status_code == 405
        assert answer.content
