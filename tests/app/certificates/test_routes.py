"""Certificates over HTTP: open to programs, worded for people, signed on the party's own page in two taps."""

import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pypdfium2
import pytest

from app.main import create_app
from ledger.identity import trace_code
from tests.app.certificates.market import JSON, Market, asked, desk, employ_registrar, with_held_key
from tests.app.town import PASSWORD, Town, settle
from tests.app.visiting import PAGE, Visitor, visiting


@pytest.fixture(scope="module")
def market() -> Market:
    return Market()


@pytest.fixture(scope="module")
def visitor(market: Market, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Visitor]:
    """Somebody at the market's service; for those who only read."""
    town = settle(tmp_path_factory.mktemp("market"), "", world=market.world)
    with visiting(create_app(town.settings)) as visitor:
        yield visitor
    town.engine.dispose()


def words(answer: httpx.Response) -> str:
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/pdf"
    return str(pypdfium2.PdfDocument(answer.content)[0].get_textpage().get_text_bounded())


def test_what_one_would_say_is_for_whoever_made_the_batch_or_a_party_that_is_named(
    visitor: Visitor, market: Market
) -> None:
    told = asked(visitor, f"/v1/batches/{trace_code(market.packed)}/certificate")
    assert told["kind"] == "certify"
    assert told["party"]["zh"] == "coop"
    assert told["fields"]["parents"] == [{"number": "F-1", "statement": market.promise.hash}]
    assert told["fields"]["basis"] == ["commissioned"]
    assert told["missing"] == ["contact"]
    coop = market.world.parties["coop"]
    told = asked(visitor, f"/v1/batches/{market.lot}/certificate?party={coop}")
    assert told["fields"]["goods"][0]["quantity"] == {"unit": "kg", "value": "60"}
    assert told["standing"] == []


def test_batch_on_hold_is_a_conflict_that_names_its_reasons(visitor: Visitor, market: Market) -> None:
    problem = asked(visitor, f"/v1/batches/{market.stopped}/certificate", 409)
    assert (problem["code"], problem["params"]["has"]) == ("held", "on-hold")
    problem = asked(visitor, f"/v1/certificates/{market.before.hash}.pdf", 409)
    assert (problem["code"], problem["params"]["has"]) == ("held", "on-hold")


def test_void_certificate_of_a_held_batch_is_drawn_as_void(visitor: Visitor, market: Market) -> None:
    void = market.taken_back.body["statement"]
    assert asked(visitor, f"/v1/certificates/{void}")["void"]["reason"] == "检测结果更正为不合格"
    assert "作废" in words(visitor.get(f"/v1/certificates/{void}.pdf"))


def test_certificates_of_a_batch_with_whether_they_hold(visitor: Visitor, market: Market) -> None:
    told = asked(visitor, f"/v1/batches/{market.stopped}/certificates")["certificates"]
    assert [one["state"] for one in told] == ["void", "valid"]
    assert asked(visitor, f"/v1/certificates/{market.before.hash}")["held"] == ["on-hold"]
    assert "contact" not in told[1]


def test_paper_in_both_sizes_and_languages(visitor: Visitor, market: Market) -> None:
    path = f"/v1/certificates/{market.promise.hash}.pdf"
    assert "承诺主体" in words(visitor.get(path))
    assert "Promised by" in words(visitor.get(f"{path}?size=label&text=en"))
    assert asked(visitor, f"{path}?size=a5", 422)["code"] == "choice"
    asked(visitor, f"{path}?text=fr", 422)
    answer = visitor.get(path)
    assert answer.headers["content-disposition"].startswith('inline; filename="certificate-')
    assert answer.headers["cache-control"] == "no-cache"


@pytest.mark.parametrize("path", ["/v1/certificates/x", "/v1/certificates/x.pdf", f"/v1/certificates/{'A' * 43}"])
def test_there_is_no_such_certificate(visitor: Visitor, path: str) -> None:
    assert asked(visitor, path, 404)["code"] == "no-certificate"


def test_who_holds_the_disclosure_gets_the_contact_on_the_paper(visitor: Visitor, market: Market) -> None:
    path, world = f"/v1/certificates/{market.promise.hash}.pdf", market.world
    mine = world.disclosures[market.promise.hash]
    assert "0718-1234567" not in words(visitor.get(path))
    assert "0718-1234567" in words(visitor.ask("POST", path, JSON, json={"disclosures": mine}))
    others = world.disclosures[market.before.hash]
    assert visitor.ask("POST", path, JSON, json={"disclosures": others}).status_code == 422
    assert visitor.ask("POST", path, JSON, json={"disclosures": ["?"]}).status_code == 422
    assert visitor.ask("POST", path, JSON, content=b"{").status_code == 422


def test_shopper_sees_who_promised_and_the_paper(visitor: Visitor, market: Market) -> None:
    page = visitor.get(f"/t/{trace_code(market.lot)}").text
    section = page[page.index('id="certificates"') :]
    assert f"/v1/certificates/{market.promise.hash}.pdf" in section
    assert "F-1" in section
    assert "质量安全控制符合要求" in section
    behind = visitor.get(f"/t/{trace_code(market.packed)}").text
    assert "F-1" in behind[behind.index('id="certificates"') :]


def test_shopper_of_held_goods_is_shown_no_paper_but_that_of_the_void_one(visitor: Visitor, market: Market) -> None:
    page = visitor.get(f"/t/{trace_code(market.stopped)}").text
    assert f"/v1/certificates/{market.before.hash}.pdf" not in page
    assert f"/v1/certificates/{market.taken_back.body['statement']}.pdf" in page


# --- the party's own page ------------------------------------------------------------------------------------------


@pytest.fixture
def town(tmp_path: Path, market: Market) -> Iterator[Town]:
    """A market of one's own, where somebody works for the registrar too."""
    town = settle(tmp_path / "data", "", world=Market().world)
    employ_registrar(town)
    yield town
    town.engine.dispose()


def signed_in(visitor: Visitor, login: str = "zhou.min") -> str:
    assert visitor.sign_in(login, PASSWORD).status_code == 303
    return str(asked(visitor, "/v1/me")["csrf"])


def test_two_taps_lead_from_the_desk_to_a_signed_certificate(town: Town, market: Market) -> None:
    with visiting(create_app(town.settings)) as visitor:
        with_held_key(visitor, town.world, "coop")
        csrf = signed_in(visitor)
        assert f'href="{desk(market.packed)}"' in visitor.get("/desk").text
        page = visitor.get(desk(market.packed)).text
        number = re.search(r'name="number" value="([^"]+)"', page)
        assert number, page
        form = {"csrf": csrf, "contact": "0718-7654321", "number": number[1]}
        done = visitor.post(desk(market.packed), form)
        assert (done.status_code, done.headers["location"]) == (303, f"{desk(market.packed)}#issued")
        (issued,) = asked(visitor, f"/v1/batches/{market.packed}/certificates")["certificates"]
        assert (issued["state"], issued["number"], issued["form"]) == ("valid", number[1], "buyer")
        assert issued["contact"] == "0718-7654321"
        page = visitor.get(desk(market.packed)).text
        assert f"/v1/certificates/{issued['statement']}.pdf?size=label" in page
        assert 'value="0718-7654321"' in page, "filled in from the last one"
        assert "0718-7654321" in words(visitor.get(f"/v1/certificates/{issued['statement']}.pdf"))


def test_party_that_keeps_its_key_is_told_the_command(town: Town, market: Market) -> None:
    with visiting(create_app(town.settings)) as visitor:
        signed_in(visitor)
        page = visitor.get(desk(market.packed)).text
        assert f"gengji certificate {trace_code(market.packed)} --sign" in page
        assert "<button" not in page[page.index('id="new"') :]


def test_held_goods_have_their_reasons_and_no_form(town: Town, market: Market) -> None:
    with visiting(create_app(town.settings)) as visitor:
        csrf = signed_in(visitor, "ma.ke")
        page = visitor.get(desk(market.stopped)).text
        assert "抽检不合格" in page
        assert 'name="contact"' not in page
        answer = visitor.post(desk(market.stopped), {"csrf": csrf, "contact": "1"})
        assert answer.status_code == 409
        assert asked(visitor, desk(market.stopped), 409)["code"] == "held"


def test_goods_of_others_cannot_be_promised(town: Town, market: Market) -> None:
    with visiting(create_app(town.settings)) as visitor:
        csrf = signed_in(visitor, "ma.ke")
        assert "您手里没有这批货" in visitor.get(desk(market.packed)).text
        assert visitor.post(desk(market.packed), {"csrf": csrf, "contact": "1"}).status_code == 409
        assert visitor.post(desk(market.packed), {"contact": "1"}).status_code == 403


def test_page_speaks_english_too(town: Town, market: Market) -> None:
    with visiting(create_app(town.settings)) as visitor:
        signed_in(visitor)
        page = visitor.get(f"{desk(market.packed)}?lang=en", PAGE).text
        assert "passed a commissioned test" in page
