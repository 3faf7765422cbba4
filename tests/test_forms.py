"""Every form of a derivation says the same: the gradient, however the graph was built."""

import math
from functools import reduce
from itertools import pairwise
from operator import mul
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
    assert page.index("\n  δ(output) as for w1\n") < page.index("\n  W(output) =")


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


def test_a_summand_is_called_hidden_where_it_is() -> None:
    """E1 and E2 that stand in the formula are not hidden; the one that does not stand there is."""
    w, x = ad.values("w x", [0.5, 2.0])
    out = (w * x).sigmoid().named("out")
    E1, E2 = (0.5 * (1 - out) ** 2).named("E1"), (0.25 * (2 - out) ** 2).named("E2")
    both = ad.derive((E1 + E2).named("E"), w).text()
    assert "∂E1/∂out + ∂E2/∂out" in both
    assert "hidden" not in both
    one = ad.derive((E1 + ad.Value(2.0, "c")).named("E"), w).text()
    assert "(E1 hidden: ∂E/∂E1 = 1)" in one


def test_a_path_of_one_component_has_no_line_for_its_product() -> None:
    w = ad.Value(0.5, "w")
    z = (2 * w).named("z")
    page = str(ad.derive((z**2 + 3 * w).named("E"), w, form="paths"))
    assert "path A = 2 · 2 " in page
    assert "path B   E → w" in page
    assert "path B =" not in page


def test_components_that_stand_above_are_counted() -> None:
    w, x, b = ad.values("w x b", [0.5, 2.0, 0.25])
    h = (w * x + b).named("z").sin().named("h")
    two = (h * h).named("y")
    assert "\n  ∂y/∂h and ∂h/∂z as for w\n" in str(ad.derive(two, [w, b]))
    three = two.tanh().named("t")
    assert "\n  3 components as for w\n" in str(ad.derive(three, [w, b]))


def test_a_branch_of_one_step_is_named_in_the_large_equation_too() -> None:
    w, x = ad.values("w x", [0.5, 2.0])
    h = (w * x).sin().named("h")
    E = ((h * h + w * h).named("y") ** 2).named("E")
    above, bars, below = str(ad.derive(E, w)).splitlines()[2:5]
    assert above.split() == "∂E ∂E ⎛ ∂y ∂h ⎞".split()
    assert bars.split() == "── = ── · ⎜ ── · ── + directly ⎟".split()
    assert below.split() == "∂w ∂y ⎝ ∂h ∂w ⎠".split()


def test_a_sum_over_branches_is_shown_though_one_of_them_stood_above() -> None:
    """u depends on l directly and through h; for a, which h uses too, l is no waypoint of all."""
    a, b = ad.values("a b", [0.5, 2.0])
    l = (a * b).named("l")  # noqa: E741
    h = (l * a).named("h")
    page = str(ad.derive((h * l).named("u"), [a, b]))
    assert "\n  3 components as for a\n" in page
    assert "\n  ∂u/∂l = l·a + h\n" in page


# ---------------------------------------------------------------- deltas


def test_what_two_values_depend_on_has_a_delta() -> None:
    x, c = ad.values("x c", [0.5, 2.0])
    h = ((x * 2).named("a") * (x * 3).named("b")).named("h")
    text = str(ad.derive((h * c).named("y"), x, form="delta"))
    assert "\n  δ_h = ∂y/∂h\n" in text
    assert "\n  ∂y/∂x = 2·b·δ_h + 3·a·δ_h\n" in text


def test_a_product_of_more_than_four_lines_gets_a_delta_on_the_way() -> None:
    y = x = ad.Value(0.5, "a_first_value")
    for i in range(12):
        factors = ad.values(f"a_rather_long_name_{i} another_long_name_{i}", [1.0, 1.1])
        y = ad.dot([y], [factors[0] * factors[1]]).named(f"product_{i}")
    text = str(ad.derive(y, x, form="delta"))
    assert text.count(" = ∂product_11/∂") == 2
    assert "δ_a_first_value" not in text
    assert all(f"another_long_name_{i}" in text for i in range(12))


# ---------------------------------------------------------------- matrices


def test_weights_are_told_from_inputs_by_their_use_and_then_by_their_letter() -> None:
    E = half_squared_error(MLP(2, [1], seed=3)([0.1, 0.5]), 1.0)
    page = str(ad.derive(E, "w1", form="matrix"))
    assert "\n  W(output) = [w1 w2],  1×2\n" in page
    assert " [0.1 0.5]\n" in page


@pytest.mark.parametrize("inputs", ["x1 x2", "wide1 wide2"])
@pytest.mark.parametrize("first", ["input", "weight"])
def test_a_layer_by_hand(inputs: str, first: str) -> None:
    """Whatever stands first: what both neurons use is the input, though it begins with a w."""
    xs = ad.values(inputs, [0.1, 0.5])
    weights = ad.values("v1:5", [0.2, 0.3, 0.4, 0.6])
    outs = []
    for i in (0, 1):
        pairs = zip(xs, weights[2 * i : 2 * i + 2], strict=True)
        z = ad.sum([x * v if first == "input" else v * x for x, v in pairs])
        outs.append(z.named(f"layer.n{i}.z{i}").tanh().named(f"layer.n{i}.a{i}"))
    E = (outs[0] * outs[1]).named("E")
    page = str(ad.derive(E, "v1", form="matrix"))
    assert "\n  W(layer) = [v1 v2; v3 v4],  2×2\n" in page
    assert " [0.1 0.5]\n" in page


def test_a_layer_of_dot_products_with_numbers_and_gaps() -> None:
    """A weight without a name is its number, a missing connection 0."""
    x1, x2 = ad.values("x1 x2", [0.1, 0.5])
    v1, v2 = ad.values("v1 v2", [0.2, 0.3])
    z1 = ad.dot([x1, x2], [v1, ad.Value(0.75)]).named("layer.n1.z1")
    z2 = (x2 * v2 + 1).named("layer.n2.z2")
    page = str(ad.derive((z1 * z2).named("E"), v1, form="matrix"))
    assert "\n  W(layer) = [v1 0.75; 0 v2],  2×2\n" in page
    assert "\n  ∂E/∂v1 = δ_z1·x1\n" in page


def test_a_matrix_form_that_would_not_add_up_is_refused() -> None:
    """A layer that is no weighted sum, one that two others use, one whose operands are its own."""
    x, w, u, v = ad.values("x w u v", [0.5, 0.25, 0.7, 0.3])
    a = (x * w).named("hidden.h1.z1").tanh().named("hidden.h1.a1")
    no_sum = (a.sin().named("norm.n1.n") * v).named("out.o1.z2").sigmoid().named("out.o1.a2")
    out = (a * v).named("out.o1.z2").sigmoid().named("out.o1.a2")
    logits = [(x * w).named("top.t1.z1"), (x * u).named("top.t2.z2")]
    shares = [p.named(f"top.t{i}.p{i}") for i, p in enumerate(ad.softmax(logits), 1)]
    for y, layer in ((no_sum, "norm"), (out * out + a * u, "hidden"), (shares[0].log(), "top")):
        with pytest.raises(ValueError, match=f"and {layer} is none; choose form='delta' here"):
            ad.derive((y * 2).named("E"), w, form="matrix")


def test_a_neuron_with_its_weight_first_and_a_bias_that_counts_twice() -> None:
    x, w, b = ad.values("x w1 b", [0.5, 0.25, 0.1])
    z = (b + (b + w * x)).named("layer.n1.z")
    page = str(ad.derive(z.tanh().named("layer.n1.a").exp().named("E"), w, form="matrix"))
    assert "\n  W(layer) = [w1],  1×1\n" in page
    assert "\n  ∂E/∂w1 = δ_z·x\n" in page


def test_a_dead_neuron_and_a_missing_connection_are_zeros() -> None:
    x1, x2, w1, w2, v = ad.values("x1 x2 w1 w2 v", [0.5, -0.5, 1.0, 2.0, 3.0])
    a1 = (x1 * w1).named("low.n1.z1").relu().named("low.n1.a1")
    a2 = (x2 * w2).named("low.n2.z2").relu().named("low.n2.a2")
    outs = [(a * v).named(f"top.n{i}.y{i}") for i, a in enumerate((a1, a2), 1)]
    page = str(ad.derive((outs[0] * outs[1]).named("E"), w1, form="matrix"))
    assert " [3 0; 0 3] [0; 1.5] ⊙ [1; 0]\n" in page
    assert " [0; 0] [0.5 −0.5]\n" in page


def test_nothing_comes_through_a_dead_neuron_of_the_layer_above() -> None:
    x, u, v1, v2, t1, t2 = ad.values("x u v1 v2 t1 t2", [0.5, 1.0, 3.0, -1.0, 0.4, 0.5])
    low = (x * u).named("low.n1.z1").relu().named("low.n1.a1")
    mid = [(low * v).named(f"mid.n{i}.y{i}") for i, v in enumerate((v1, v2), 1)]
    ends = [y.relu().named(f"mid.n{i}.b{i}") for i, y in enumerate(mid, 1)]
    out = (ends[0] * t1 + ends[1] * t2).named("top.n1.o1")
    page = str(ad.derive((out * out).named("E"), u, form="matrix"))
    assert " [3 −1] [0.48; 0] ⊙ [1]\n" in page


def test_a_weight_of_two_layers_is_refused() -> None:
    x, w = ad.values("x w", [0.5, 2.0])
    a = (x * w).named("low.n1.z1").tanh().named("low.n1.a1")
    with pytest.raises(ValueError, match="needs w to be a weight or bias of one layer"):
        ad.derive((a * w).named("top.n1.z2").exp().named("E"), w, form="matrix")


# ---------------------------------------------------------------- length


@pytest.mark.parametrize(("paths", "form"), [(8, "chain"), (9, "delta")])
def test_up_to_eight_paths_are_written_down(paths: int, form: str) -> None:
    x = ad.Value(0.5, "x")
    y = reduce(mul, [(x * k).sin().named(f"s{k}") for k in range(1, paths + 1)]).named("y")
    assert [d.form for d in ad.derive(y, x).derived] == [form]


def test_paths_beyond_z_have_names() -> None:
    x = ad.Value(0.5, "x")
    y = ad.sum([(x * k).sin().named(f"s{k}") ** 2 for k in range(1, 29)]).named("y")
    text = ad.derive(y, x, form="paths").full().text()
    assert [f"path {letter}   " in text for letter in ("A", "Z", "A2", "B2", "[")] == [True] * 4 + [
        False
    ]


def test_a_chain_of_many_components_is_shortened() -> None:
    y = x = ad.Value(0.5, "x")
    for i in range(12):
        y = y.sin().named(f"s{i}")
    derivation = ad.derive(y, x)
    assert "… 9 more components: full() or --full shows them" in str(derivation)
    assert "more" not in str(derivation.full())


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
