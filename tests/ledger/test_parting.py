"""What of a statement stands in the clear, what is sealed, and which batches it touches."""

import pytest

from ledger.canonical import Json
from ledger.errors import Malformed
from ledger.parting import part

BATCH = "A" * 43


def test_each_field_goes_where_its_audience_says() -> None:
    fields: dict[str, Json] = {"inputs": [{"batch": BATCH}], "outputs": [], "person": "王芳", "note": "雨后"}
    body, sealed, touched = part("harvest", fields)
    assert body == {"inputs": [{"batch": BATCH}], "outputs": []}
    assert sealed == {"person": "王芳", "note": "雨后"}
    assert touched == {BATCH}


def test_new_values_of_a_correction_are_sealed_as_they_were() -> None:
    fields: dict[str, Json] = {"statement": BATCH, "reason": "填错", "new": {"plot": "八号地", "plate": "川A"}}
    body, sealed, _ = part("correct", fields)
    assert body == {"statement": BATCH, "reason": "填错", "new": {"plot": "八号地"}}
    assert sealed == {"plate": "川A"}
    body, sealed, _ = part("correct", {"statement": BATCH, "new": {"plate": "川A"}})
    assert (body, sealed) == ({"statement": BATCH}, {"plate": "川A"})


@pytest.mark.parametrize(
    ("kind", "fields", "code"),
    [
        ("dance", {}, "kind"),
        ("plant", {"shoe": 1}, "unknown"),
        ("correct", {"statement": BATCH, "new": {"person": "王芳"}}, "correction"),
    ],
)
def test_what_can_not_be_parted(kind: str, fields: dict[str, Json], code: str) -> None:
    with pytest.raises(Malformed) as caught:
        part(kind, fields)
    assert caught.value.code == code


@pytest.mark.parametrize("inputs", [1, [1], [{"batch": 1}], [{}], [[]]])
def test_what_names_no_batch_touches_none(inputs: Json) -> None:
    assert part("harvest", {"inputs": inputs}).touched == frozenset()
