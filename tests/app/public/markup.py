"""Whether a page is well formed, and free of what its Content Security Policy would not let run."""

from html.parser import HTMLParser

VOID = frozenset("br hr img input link meta wbr path rect circle use".split())


class _Nesting(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.ids: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        assert tag != "style", "<style> in a page whose policy lets none in"
        assert len(names) == len(set(names)), f"<{tag}> says {names} twice"
        assert not [name for name in names if name == "style" or name.startswith("on")], f"<{tag} {names}>"
        given = dict(attrs)
        if tag == "script":
            # All is read without it: it comes last, from here, and is only what checks the page.
            assert str(given.get("src")).startswith("/static/self-check."), f"<script> {attrs}"
            assert "defer" in given
        if given.get("id"):
            self.ids.append(str(given["id"]))
        for name in ("href", "src", "action"):
            address = str(given.get(name) or "")
            assert address.startswith(("/", "#", "?", "tel:")) or not address, f"{name}={address} leads elsewhere"
        if tag == "img":
            assert "alt" in given
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in VOID, f"<{tag}/> is not void"
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        assert self.open[-1] == tag, f"</{tag}> closes <{self.open[-1]}>"
        self.open.pop()


def nested(page: str) -> None:
    """Elements are closed in their turn, ids are unique; nothing from elsewhere, no style, no script but one."""
    assert page.startswith("<!doctype html>")
    parser = _Nesting()
    parser.feed(page)
    parser.close()
    assert parser.open == []
    assert len(parser.ids) == len(set(parser.ids)), sorted(parser.ids)
