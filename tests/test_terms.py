"""Terms: signs and numbers gathered, equal things merged, nothing expanded, nothing reordered."""

import pytest
from derivations import number
from hypothesis import given, strategies as st

from autodiff.formula.terms import (
    ONE,
    ZERO,
    Name,
    Product,
    Sum,
    Term,
    flipped,
    plus,
    raised,
    rewritten,
    times,
)
from autodiff.formula.text import Text

a, b, c = (Name(label, value) for label, value in [("a", 2.0), ("b", 3.0), ("c", 5.0)])


def terms() -> st.SearchStrategy[Term]:
    numbers = st.sampled_from([-2.0, -1.0, 0.5, 1.0, 3.0]).map(Product)
    return st.recursive(
        st.sampled_from([a, b, c]) | numbers,
        lambda inner: (
            st.lists(inner, min_size=1, max_size=3).map(lambda xs: plus(*xs))
            | st.lists(inner, min_size=1, max_size=3).map(lambda xs: times(*xs))
            | inner.map(lambda x: raised(x, 2.0))
        ),
        max_leaves=12,
    )


@pytest.mark.parametrize(
    ("term", "text"),
    [
        (a + a, "2·a"),
        (a - a, "0"),
        (a * a, "a²"),
        (a * b * 2.0 * a, "2·a²·b"),
        (-(a - b) * c, "−(a − b)·c"),
        (a * (b + c), "a·(b + c)"),
        (plus(a, b, plus(c, a)), "2·a + b + c"),
        (times(a, raised(b, -1.0)), "a/b"),
        (raised(times(2.0, a), -1.0), "1/(2·a)"),
        (raised(raised(a, 2.0), 3.0), "a⁶"),
        (times(0.0, a), "0"),
        (0.5 * (a - b) * (a - b), "½(a − b)²"),
        (2.0 - a, "2 − a"),
        (raised(-2.0 * a, 2.0), "(−2·a)²"),
    ],
)
def test_normal_form(term: Term, text: str) -> None:
    assert Text().write(term) == text


@given(terms(), terms())
def test_sums_and_products_keep_the_number(x: Term, y: Term) -> None:
    assert number(x + y) == pytest.approx(number(x) + number(y), rel=1e-12, abs=1e-9)
    assert number(x - y) == pytest.approx(number(x) - number(y), rel=1e-12, abs=1e-9)
    assert number(x * y) == pytest.approx(number(x) * number(y), rel=1e-12, abs=1e-9)
    assert number(flipped(x)) == pytest.approx(number(x), rel=1e-12, abs=1e-9)


@given(terms())
def test_a_sum_has_no_sum_in_it_and_two_terms_at_least(x: Term) -> None:
    if isinstance(x, Sum):
        assert len(x.terms) > 1
        assert not any(isinstance(part, Sum) for part in x.terms)


def test_the_empty_sum_and_product() -> None:
    assert plus() == ZERO
    assert times() == ONE


def test_a_sign_moves_into_the_first_difference() -> None:
    turned = flipped(-1.0 * (a - b) * c * (b - c))
    assert Text().write(turned) == "(b − a)·c·(b − c)"
    assert flipped(-1.0 * a * (b + c)) == -1.0 * a * (b + c)  # no difference to turn


def test_rewriting_puts_names_for_what_they_are() -> None:
    known = {a + b: Name("s", 5.0)}
    assert Text().write(rewritten(c * (a + b) * (a + b), known)) == "c·s²"
