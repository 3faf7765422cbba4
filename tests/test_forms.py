"""Every form of a derivation says the same: the gradient, however the graph was built."""

import math
from itertools import pairwise
from time import process_time
from typing import Any

import pytest
from derivations import graphs, number, seed_003, size_of_sum
from hypothesis import given, reject, settings, strategies as st

import autodiff as ad
from nn import MLP, half_squared_error

FORMS = ["auto", "chain", "paths", "delta"]


def derive_if_short(y: ad.Value, x: Any, **options: Any) -> Any:
    try:
        return ad.derive(y, x, **options)
    except ValueError as error:
        if "too many to write down" not in str(error):
            raise
        reject()


@settings(max_examples=300)
@given(graphs(), st.sampled_from(FORMS), st.sampled_from(["difference", "minus"]))
def test_the_value_of_every_form_is_the_gradient(
    graph: tuple[ad.Value, list[ad.Value]], form: str, signs: str
) -> None:
    y, leaves = graph
    for x in leaves:
        derivation = derive_if_short(y, x, form=form, signs=signs)
        [derived] = derivation.derived
        right = ad.grad(y, x).data
        close = pytest.approx(right, rel=1e-12, abs=1e-12 * size_of_sum(y, x) + 1e-300)
        assert derivation.value == close
        assert derived.engine == close
        assert max(map(len, str(derivation.full()).splitlines())) <= 88
        if form != "delta":  # a delta that is named stands for its number
            assert number(derived.formula) == pytest.approx(
                right, rel=1e-11, abs=1e-11 * size_of_sum(y, x) + 1e-300
            )


@settings(max_examples=60)
@given(graphs(most=8))
def test_the_second_derivative_is_the_engines(graph: tuple[ad.Value, list[ad.Value]]) -> None:
    y, leaves = graph
    for x in leaves:
        derivation = ad.derive(y, x, order=2)
        right = ad.derivative(y, x, order=2).data
        assert derivation.value == pytest.approx(right, rel=1e-12, abs=1e-12)
        [derived] = derivation.derived
        assert number(derived.formula) == pytest.approx(right, rel=1e-9, abs=1e-9)


@settings(max_examples=60)
@given(graphs(), st.data())
def test_a_list_gives_the_same_gradients_as_one_at_a_time(
    graph: tuple[ad.Value, list[ad.Value]], data: st.DataObject
) -> None:
    y, leaves = graph
    if not leaves:
        return
    page = derive_if_short(y, data.draw(st.permutations(leaves)), form="delta", rate=0.1)
    for derived in page.derived:
        x = next(leaf for leaf in leaves if leaf.name == derived.label)
        close = pytest.approx(ad.grad(y, x).data, rel=1e-12, abs=1e-12 * size_of_sum(y, x))
        assert derived.value == close
        assert derived.new == x.data - 0.1 * derived.value


@settings(max_examples=60)
@given(graphs(), st.data())
def test_any_choice_of_waypoints_gives_the_gradient(
    graph: tuple[ad.Value, list[ad.Value]], data: st.DataObject
) -> None:
    y, leaves = graph
    for x in leaves:
        named = [n for n in ad.grad(y, x).args if isinstance(n, ad.Value) and n.name]
        through = data.draw(st.lists(st.sampled_from(named), unique=True)) if named else []
        derivation = derive_if_short(y, x, through=through)
        close = pytest.approx(ad.grad(y, x).data, rel=1e-12, abs=1e-12 * size_of_sum(y, x))
        assert derivation.value == close


def test_through_steps_over_the_other_names() -> None:
    E, w = seed_003()
    derivation = ad.derive(E, w[4], through=["out_o1"])
    assert [(c.upper, c.lower) for c in derivation.derived[0].steps] == [
        ("E_total", "out_o1"),
        ("out_o1", "w5"),
    ]


def test_a_matrix_needs_a_network() -> None:
    E, w = seed_003()
    with pytest.raises(ValueError, match=r"w1 .* nn.MLP does; choose form='delta'"):
        ad.derive(E, w[0], form="matrix")


def test_a_page_shows_each_layer_once() -> None:
    """A later weight of a page refers to the layers that an earlier one has shown."""
    model = MLP(2, [2, 1], seed=3)
    E = half_squared_error(model([0.1, 0.5]), 1.0)
    page = str(ad.derive(E, ["w1", "w2", "w5", "b_h1"], form="matrix"))
    for left in ("δ(output) =", "δ(hidden) =", "W(hidden) =", "W(output) ="):
        assert page.count(f"\n  {left}") == 1
    assert (
        page.count("\n  δ(output) and δ(hidden) as for w1 · gradients of hidden as for w1\n") == 2
    )
    assert page.count("\n  δ(output) as for w1\n") == 1


def test_every_weight_of_a_small_network_is_derived() -> None:
    model = MLP(2, [2, 2], seed=3)
    E = half_squared_error(model([0.1, 0.5]), [1.0, 0.0])
    page = str(ad.derive(E, model.parameters()))
    assert len(model.parameters()) == 12
    assert "…" not in page
    assert all(f"\n  ∂E_total/∂{label} = " in page for label in model.named_parameters())


# ---------------------------------------------------------------- the shape of paths


def test_the_direct_branch_is_not_called_like_the_sum() -> None:
    w, x = ad.values("w x", [0.5, 2.0])
    h = (w * x).sin().named("h")
    page = str(ad.derive((h * h + w * h).named("y"), w))
    assert "\n  1b  directly   h  " in page
    assert "\n  1   ∂y/∂w = via h + directly\n" in page


def test_branches_that_start_alike_are_told_apart() -> None:
    x = ad.Value(0.5, "x")
    a, b = (x * 2).named("a"), x.sin().named("b")
    y = (a * b + x).named("y")
    text = str(ad.derive(y, x))
    assert "∂y/∂x = via a + via b + directly" in text
    assert ad.derive(y, x).value == pytest.approx(2 * math.sin(0.5) + math.cos(0.5) + 1)


def test_a_named_sum_of_itself_and_itself_counts_twice() -> None:
    y = x = ad.Value(0.3, "x")
    for i in range(60):
        y = (y + y).named(f"y{i}")
    for form in FORMS:
        assert ad.derive(y, x, form=form).value == 2.0**60


def test_an_unnamed_sum_of_itself_and_itself_has_one_coefficient() -> None:
    y = x = ad.Value(0.3, "x")
    for _ in range(20):
        y = y + y
    assert "y = 1048576·x" in str(ad.derive(y, x))
    for _ in range(40):
        y = y + y
    assert ad.derive(y, x).value == 2.0**60


def diamonds(depth: int) -> tuple[ad.Value, ad.Value]:
    y = x = ad.Value(0.3, "x")
    for i in range(depth):
        left, right = (y * 0.5).named(f"a{i}"), (y * 0.75).named(f"b{i}")
        y = (left * right + 0.1).named(f"y{i}")
    return y, x


def test_paths_are_counted_and_not_walked() -> None:
    y, x = diamonds(30)
    derivation = ad.derive(y, x)
    assert "1.1e+09 paths · delta form" in str(derivation)
    for form in ("auto", "chain"):
        close = pytest.approx(ad.grad(y, x).data, rel=1e-12)
        assert ad.derive(y, x, form=form).value == close
    with pytest.raises(ValueError, match="1,073,741,824 paths lead from y29 to x"):
        ad.derive(y, x, form="paths")


def test_deltas_with_the_same_end_keep_their_whole_names() -> None:
    x = ad.Value(0.3, "x")
    p = (x * 2).named("p_1")
    o = p.sigmoid().named("o_1")
    derivation = ad.derive(o.exp().named("y"), x, form="delta")
    assert "δ_1 = ∂y/∂o_1" in str(derivation)
    assert "δ_p_1 = ∂y/∂p_1" in str(derivation)


# ---------------------------------------------------------------- length


def test_a_page_is_as_long_as_the_network_not_as_its_paths() -> None:
    lengths = []
    for hidden in (1, 2, 3, 4):
        model = MLP(2, [4] * hidden + [1], seed=1)
        E = half_squared_error(model([0.3, -0.7]), 0.5)
        page = ad.derive(E, "w1", form="delta").full()
        lengths.append(len(str(page).splitlines()))
    growth = [b - a for a, b in pairwise(lengths)]  # a layer more each time, four times the paths
    assert max(growth[1:]) <= growth[1] + 4 <= 20


def test_a_network_of_337_parameters_takes_a_page() -> None:
    model = MLP(2, [16, 16, 1], seed=1)
    E = half_squared_error(model([0.3, -0.7]), 0.5)
    start = process_time()
    derivation = ad.derive(E, "w1")
    page = str(derivation)
    assert process_time() - start < 1.0
    assert "… 13 more deltas: full() or --full shows them" in page
    assert len(page.splitlines()) <= 40
    assert str(derivation.full()).count("  δ_h2_") == 16
    chain = str(ad.derive(E, "w1", form="chain"))
    assert len(chain.splitlines()) <= 60
    assert chain.count("sum_o1 = out_h2_1·w289") == 1  # three branches start from it
    everything = ad.derive(E, model.parameters(), rate=0.1)
    assert len(str(everything).splitlines()) <= 60
    assert "… 334 more weights" in str(everything)
    rows = str(everything.full()).rpartition("new value")[2]
    assert all(f"\n  {label} " in rows for label in model.named_parameters())


@pytest.mark.parametrize("named", [True, False])
def test_a_long_chain_is_not_recursed(named: bool) -> None:
    y = x = ad.Value(0.3, "x")
    for i in range(5_000):
        y = y.sin().named(f"y{i}") if named else y.sin()
    derivation = ad.derive(y, x)
    assert derivation.value == pytest.approx(ad.grad(y, x).data, rel=1e-9)
    assert len(str(derivation).splitlines()) <= 40


@pytest.mark.slow
@pytest.mark.parametrize("named", [True, False])
@pytest.mark.parametrize("form", ["chain", "delta"])
def test_a_chain_of_a_hundred_thousand_is_not_recursed(named: bool, form: str) -> None:
    y = x = ad.Value(0.3, "x")
    for i in range(100_000):
        y = y.sin().named(f"y{i}") if named else y.sin()
    derivation = ad.derive(y, x, form=form)
    assert derivation.value == pytest.approx(ad.grad(y, x).data, rel=1e-9)
    assert len(str(derivation).splitlines()) <= 40


def test_a_wide_sum_shows_its_ends() -> None:
    model = MLP(100, [1], output="linear", seed=1)
    E = half_squared_error(model([0.3] * 100), 0.5)
    derivation = ad.derive(E, "w7")
    assert "out_o1 = i1·w1 + i2·w2 + … + b_o1" in str(derivation)
    assert "i57·w57" in str(derivation.full())


def test_a_few_long_paths_are_told_by_deltas() -> None:
    model = MLP(3, [4, 3, 2], seed=1)
    E = half_squared_error(model([0.1, -0.2, 0.3]), [1.0, 0.0])
    assert "6 paths · delta form" in str(ad.derive(E, "w1"))
    x = ad.Value(0.5, "x")
    y = x
    for i in range(60):
        y = y.sin().named(f"y{i}")
    assert "1 path · 60 components" in str(ad.derive(y, x))
