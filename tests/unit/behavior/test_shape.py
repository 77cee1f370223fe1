"""The shape of JSON values."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from pytest_claude.behavior.shape import Shape, merge_shapes, shape_changes, shape_of

values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(0, 3), st.floats(0, 1), st.text(max_size=2)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.sampled_from("abc"), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(values)
def test_a_shape_survives_its_json(value: object) -> None:
    shape = shape_of(value)
    assert Shape.from_json(json.loads(json.dumps(shape.to_json()))) == shape


@given(values)
def test_a_value_has_its_own_shape(value: object) -> None:
    assert shape_changes(shape_of(value), shape_of(value)) == []
    assert merge_shapes([shape_of(value), shape_of(value)]) == shape_of(value)


@given(st.lists(values, min_size=1, max_size=4), st.randoms(use_true_random=False))
def test_the_order_of_values_is_no_shape(several: list, shuffle: object) -> None:
    mixed = list(several)
    shuffle.shuffle(mixed)  # type: ignore[attr-defined]
    one, other = (merge_shapes(map(shape_of, each)) for each in (several, mixed))
    assert one is not None
    assert other is not None
    assert one.to_json() == other.to_json()


@given(st.lists(values, min_size=1, max_size=4))
def test_each_of_several_values_fits_the_shape_of_all_or_lacks_what_others_have(
    several: list,
) -> None:
    whole = merge_shapes(map(shape_of, several))
    assert whole is not None
    for value in several:
        again = merge_shapes([whole, shape_of(value)])
        assert again is not None
        assert again.to_json() == whole.to_json()


def test_the_shape_of_several_values() -> None:
    whole = merge_shapes([
        shape_of({"total": 1, "lines": []}),
        shape_of({"total": 1.5, "lines": ["a", "b"], "note": None}),
    ])  # fmt: skip
    assert whole is not None
    assert whole.to_json() == {
        "types": ["object"],
        "keys": {
            "lines": {"types": ["array"], "items": {"types": ["string"]}, "length": [0, 2]},
            "note": {"types": ["null"]},
            "total": {"types": ["number"]},
        },
        "optional": ["note"],
    }


def test_changes_are_told_by_path() -> None:
    old = shape_of({"total": 1, "name": {"first": "A"}, "lines": [{"n": 1}], "gone": 1})
    new = shape_of({"total": "1", "name": {}, "lines": [{"n": None}, {"n": None}], "more": []})
    assert shape_changes(old, new) == [
        "`$.total` is a string instead of an integer",
        "no `$.name.first`",
        "`$.lines[*].n` is null instead of an integer",
        "`$.lines` has 2 items, had 1",
        "no `$.gone`",
        "a new `$.more`",
    ]


def test_a_length_within_the_range_and_a_key_that_was_optional_are_no_change() -> None:
    old = merge_shapes([shape_of([1]), shape_of([1, 2, 3])])
    assert old is not None
    assert shape_changes(old, shape_of([5, 6])) == []
    optional = merge_shapes([shape_of({"a": 1}), shape_of({})])
    assert optional is not None
    assert shape_changes(optional, shape_of({})) == []
    assert shape_changes(shape_of({"a": 1}), optional) == ["`$.a` is sometimes missing"]


def test_many_keys_are_data() -> None:
    by_id = shape_of({f"id{n}": {"n": n} for n in range(100)})
    assert by_id.open
    assert by_id.keys == {}
    assert shape_changes(by_id, shape_of({f"other{n}": {"n": n} for n in range(90)})) == []


def test_a_value_of_any_depth_has_a_shape() -> None:
    value: object = 1
    for _ in range(900):
        value = [value]
    assert shape_of(value).types == ("array",)
