"""Leaving out the middle: what is alike is shown at its ends, and whole on request."""

from autodiff.formula.alike import Alike, Either, abridged, in_runs, laid_out, middle_out, shape
from autodiff.formula.page import Item, Remark, Words
from autodiff.formula.terms import Name, Product, times
from autodiff.formula.text import Text

x, y = Name("x", 1.0), Name("y", 2.0)


def remarks(count: int) -> list[list[Item | Alike | Either]]:
    return [[Remark(str(i))] for i in range(count)]


def said(items: list[Item]) -> list[str]:
    return [item.text for item in items if isinstance(item, Remark)]


def test_up_to_four_are_all_shown() -> None:
    assert said(laid_out([Alike(remarks(4), "paths")], whole=False)) == ["0", "1", "2", "3"]


def test_of_more_the_first_two_and_the_last() -> None:
    page = [Alike(remarks(7), "paths")]
    short = said(laid_out(page, whole=False))
    assert short == ["0", "1", "… 4 more paths: full() or --full shows them", "6"]
    assert said(laid_out(page, whole=True)) == list("0123456")


def test_either() -> None:
    page = [Either(Remark("short"), Remark("whole"))]
    assert said(laid_out(page, whole=False)) == ["short"]
    assert said(laid_out(page, whole=True)) == ["whole"]


def test_runs_are_told_apart_by_shape() -> None:
    shaped = [("a", group) for group in remarks(5)] + [("b", group) for group in remarks(2)]
    short = said(laid_out(in_runs(shaped, "deltas"), whole=False))
    assert short == ["0", "1", "… 2 more deltas: full() or --full shows them", "4", "0", "1"]


def test_the_shape_of_a_term_forgets_names_and_numbers() -> None:
    assert shape(2.0 * x * (1.0 - y)) == shape(3.0 * y * (1.0 - x))
    assert shape(x * y) != shape(x + y)


def test_long_products_are_abridged() -> None:
    many = times(*(Name(f"n{i}", 1.0) for i in range(20)))
    short = abridged(many)
    assert isinstance(short, Product)
    assert [base.label for base, _ in short.factors if isinstance(base, Name)] == [
        "n0", "n1", "…", "n19"
    ]  # fmt: skip
    assert Text().write(short) == "n0·n1·…·n19"
    assert abridged(x * y) == x * y
    assert middle_out([Words(c) for c in "abcde"], 4) == tuple(map(Words, "ab…e"))
    assert middle_out([Words(c) for c in "abcd"], 4) == tuple(map(Words, "abcd"))
