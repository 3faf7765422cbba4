"""Numbers become named leaves; the user's own Values stay what they are."""

import pytest

import autodiff as ad
from nn.leaves import as_list, is_row, labelled, name_from_variables, named_leaves


def test_labels_are_the_shortest_ends() -> None:
    names = ["a.h1.w", "a.h2.w", "b.h1.w", "a.h1.v", "u", "u", "u#2", "w"]
    labels = labelled([ad.Value(0.0, name) for name in names])
    assert list(labels) == ["a.h1.w", "h2.w", "b.h1.w", "v", "u", "u#2", "u#2#2", "w"]


def test_what_is_a_row() -> None:
    np = pytest.importorskip("numpy")
    assert all(map(is_row, ([], (), np.zeros(2), range(3), (x for x in ()))))
    assert not any(map(is_row, (1, 0.5, ad.Value(1), np.float64(1), np.array(1.0), "text", None)))
    assert as_list((1, 2)) == [1, 2]
    assert as_list(3) == [3]


def test_named_leaves_take_any_real_number() -> None:
    np = pytest.importorskip("numpy")
    leaves = named_leaves(np.array([1, 2]), ["a", "b"])
    assert [(v.name, v.data) for v in leaves] == [("a", 1.0), ("b", 2.0)]


def test_variables_name_values_and_nothing_else() -> None:
    def called(*given: object) -> None:
        name_from_variables([list(given)])

    mine, other, already, _hidden = ad.Value(1.0), ad.Value(2.0), ad.Value(3.0, "x"), ad.Value(4.0)
    called(mine, already, _hidden, 0.5)
    assert [v.name for v in (mine, other, already, _hidden)] == ["mine", "", "x", ""]
