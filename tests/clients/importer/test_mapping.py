"""Mapping files: strict, and the same for built-in sheets and for users' own."""

import re
from pathlib import Path

import pytest

from clients.importer import mapping
from clients.importer.problems import BadMapping, say
from clients.importer.sheet import fold, read

GOOD = """
kind = "intake"
at = "date"
[outputs]
gtin = "gtin"
lot = "lot"
quantity = "quantity"
"""


@pytest.mark.parametrize("name", ["receiving", "transformation", "shipping"])
def test_the_published_sheets_are_known_by_their_heads(samples: Path, name: str) -> None:
    table = read(samples / "pti" / f"{name}.csv").table()
    found = mapping.recognise(frozenset(table.heads))
    assert found is not None
    assert name in found.title
    found.check(table)


def test_every_column_of_the_published_sheets_is_taken(samples: Path) -> None:
    left = {
        head
        for name in ("receiving", "transformation", "shipping")
        for table in [read(samples / "pti" / f"{name}.csv").table()]
        for found in [mapping.recognise(frozenset(table.heads))]
        if found
        for head in table.heads.values()
        if fold(head) not in {fold(column) for column in found.columns}
    }
    assert left == set()


def test_other_heads_are_not_known() -> None:
    assert mapping.recognise(frozenset(("lot", "date"))) is None


def test_the_example_in_the_documentation_is_one() -> None:
    text = (Path(__file__).parents[3] / "docs" / "import.md").read_text("utf-8")
    (example,) = re.findall(r"```toml\n(.*?)```", text, re.DOTALL)
    found = mapping.parse(example)
    assert found.kind.name == "intake"
    assert found.columns == ("到货日期", "货号", "品名", "批号", "数量", "供货商", "电话", "收货仓库")


@pytest.mark.parametrize(
    ("old", "new", "code", "path"),
    [
        ('kind = "intake"', 'kind = "intakes"', "mapping-value", "kind"),
        ('kind = "intake"', 'kind = "party.register"', "mapping-value", "kind"),
        ('kind = "intake"\n', "", "mapping-missing", "kind"),
        ('at = "date"', "", "mapping-missing", "at"),
        ('at = "date"', 'at = "date"\ndate = ["m/d/y"]', "mapping-key", "date"),
        ('at = "date"', 'at = "date"\ndates = ["us"]', "mapping-value", "dates"),
        ('at = "date"', 'at = "date"\ndates = ["m/d/y", "d/m/y"]', "mapping-value", "dates"),
        ('at = "date"', 'at = "date"\nzone = "Mars"', "mapping-value", "zone"),
        ('at = "date"', 'at = "date"\nhead_line = 0', "mapping-value", "head_line"),
        ('at = "date"', 'at = "date"\nunknown_lots = "guess"', "mapping-value", "unknown_lots"),
        ('at = "date"', "at = 7", "mapping-value", "at"),
        ('lot = "lot"', 'lots = "lot"', "mapping-key", "outputs.lots"),
        ('lot = "lot"', 'code = "lot"', "mapping-key", "outputs.code"),
        ('lot = "lot"', 'lot = { colum = "lot" }', "mapping-key", "outputs.lot.colum"),
        ('lot = "lot"', 'lot = { column = "lot", value = "1" }', "mapping-value", "outputs.lot"),
        ('lot = "lot"', 'lot = { column = "lot", check = "ean" }', "mapping-value", "outputs.lot.check"),
        ('lot = "lot"', 'lot = { column = "lot", like = "(" }', "mapping-value", "outputs.lot.like"),
        ('lot = "lot"', 'lot = { column = "lot", when = "x" }', "mapping-value", "outputs.lot.when"),
        ('gtin = "gtin"', "", "mapping-missing", "outputs.gtin | outputs.own_code"),
        ('quantity = "quantity"', "", "mapping-missing", "outputs.quantity"),
        ("[outputs]", "[goods]", "mapping-key", "goods"),
        ("[outputs]", "[fields]\nreceiver = 'x'\n[outputs]", "mapping-key", "fields.receiver"),
        ("[outputs]", "[[fields.refs]]\nnumber = 'x'\n[outputs]", "mapping-missing", "fields.refs.type"),
        ("[outputs]", "[[fields.refs]]\nkind = 'x'\n[outputs]", "mapping-key", "fields.refs.kind"),
        ("[outputs]", "[places]\nkind = 'castle'\n[outputs]", "mapping-value", "places.kind"),
        ("[outputs]\n", "[fields]\n[outputs_]\n", "mapping-key", "outputs_"),
    ],
)
def test_what_is_wrong_in_a_mapping_is_named(old: str, new: str, code: str, path: str) -> None:
    assert old in GOOD
    with pytest.raises(BadMapping) as refused:
        mapping.parse(GOOD.replace(old, new, 1))
    assert (refused.value.code, refused.value.params["path"]) == (code, path)
    for lang in ("zh", "en"):
        assert path in say(refused.value, lang)


def test_a_file_that_is_no_mapping(tmp_path: Path) -> None:
    (tmp_path / "m.toml").write_text("kind = ", "utf-8")
    for path in (tmp_path / "m.toml", tmp_path / "none.toml"):
        with pytest.raises(BadMapping, match="mapping-file"):
            mapping.read(path)
