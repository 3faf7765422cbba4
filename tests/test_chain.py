"""The chain from name to name: which waypoints there are, and how many ways lead through them."""

import pytest
from derivations import seed_003

import autodiff as ad
from autodiff.formula.chain import Chain, number_of, ways_of
from autodiff.names import labels


def chain_of(y: ad.Value, *xs: ad.Value) -> Chain:
    return Chain(y, list(xs), labels([y]))


def test_waypoints_of_the_network() -> None:
    E, w = seed_003()
    chain = chain_of(E, w[0])
    assert [n.name for n in chain.waypoints] == (
        "E_total E1 out_o1 sum_o1 E2 out_o2 sum_o2 out_h1 sum_h1 w1".split()
    )
    assert [n.name for n in chain.passes(w[0])] == "E_total out_h1 sum_h1 w1".split()
    assert [n.name for n in chain.heads()] in (["E1", "E2"], ["E2", "E1"])
    assert chain.count_paths(w[0]) == 2
    assert [[n.name for n in path] for path in chain.paths(E, w[0])] == [
        "E_total E1 out_o1 sum_o1 out_h1 sum_h1 w1".split(),
        "E_total E2 out_o2 sum_o2 out_h1 sum_h1 w1".split(),
    ]


def test_an_alias_is_no_waypoint() -> None:
    x = ad.Value(0.5, "x")
    y = (x.sin().named("a").alias("b") * 2).named("y")
    assert [n.name for n in chain_of(y, x).waypoints] == ["y", "a", "x"]


def test_slopes_are_local() -> None:
    x = ad.Value(0.5, "x")
    a = (x * 3).named("a")
    y = (a * a + x).named("y")
    chain = chain_of(y, x)
    assert {n.name: number_of(s) for n, s in chain.slopes[y].items()} == {"a": 3.0, "x": 1.0}


def test_paths_are_counted_between_any_two() -> None:
    y = x = ad.Value(0.5, "x")
    middle = x
    for i in range(40):
        y = ((y * 2).named(f"a{i}") + (y * 3).named(f"b{i}")).named(f"y{i}")
        middle = y if i == 19 else middle
    chain = chain_of(y, x)
    assert chain.count_paths(x) == 2**40
    assert chain.count_paths(x, middle) == chain.count_paths(middle) == 2**20
    assert len(chain.passes(x)) == 41


def test_a_leaf_that_nothing_comes_from() -> None:
    x, other = ad.values("x other", [0.5, 0.5])
    assert chain_of((x * 2).named("y"), other).count_paths(other) == 0


@pytest.mark.parametrize("order", ["E1 + E2", "E2 + E1"])
def test_a_summand_that_comes_twice_is_not_hidden(order: str) -> None:
    x = ad.Value(0.5, "x")
    named = {"E1": (x * x).named("E1"), "E2": x.sin().named("E2")}
    first, _, second = order.partition(" + ")
    y = (named[first] + named[second] + named["E1"]).named("y")
    assert [n.name for n in chain_of(y, x).heads()] == ["E2"]


def test_a_way_is_told_by_where_paths_part() -> None:
    x = ad.Value(0.5, "x")
    a = (2 * x).named("a")
    b = a.exp().named("b")
    c, d = (b * 2).named("c"), (b * x).named("d")
    y = (c + d * a).named("y")
    chain = chain_of(y, x)
    paths = list(chain.paths(y, x))
    ways = ways_of(paths, lambda node: node.name)
    told = dict(zip((">".join(n.name for n in path) for path in paths), ways, strict=True))
    assert told == {
        "y>c>b>a>x": "via c",
        "y>d>b>a>x": "via d, b",
        "y>d>x": "via d",
        "y>a>x": "via a",
    }
    parted = [[y, d, b, x], [y, d, x]]
    assert ways_of(parted, lambda node: node.name) == ["via b", "directly from d"]
    assert ways_of([[y, x], [y, a, x]], lambda node: node.name) == ["directly", "via a"]


def test_a_summand_beside_a_plain_number_is_hidden() -> None:
    x = ad.Value(0.5, "x")
    E1, E2 = (x * x).named("E1"), x.sin().named("E2")
    y = ad.sum([0.5, E1, ad.Value(2.0), E2]).named("y")
    assert chain_of(y, x).heads() == {E1, E2}


@pytest.mark.parametrize("again", [2.0, ad.Value(0.0, "z")])
def test_a_summand_that_is_also_multiplied_is_not_hidden(again: ad.Value | float) -> None:
    x = ad.Value(0.5, "x")
    E1 = (x * x).named("E1")
    y = (E1 + E1 * again).named("y")
    assert chain_of(y, x).heads() == set()
    text = str(ad.derive(y, x))
    assert text.splitlines()[0].endswith("  1 path · 2 components")
    assert "1  ∂y/∂E1   y = " in text
    assert "E1" in text.partition("y = ")[2].splitlines()[0]


def test_only_paths_that_begin_at_the_start_are_counted() -> None:
    """Other waypoints lie between, in the order of the walk, that the start does not lead to."""
    x = ad.Value(0.5, "x")
    a, b = x.sin().named("a"), x.cos().named("b")
    chain = chain_of((a * b).named("y"), x)
    assert chain.count_paths(x, a) == chain.count_paths(x, b) == 1
    assert [[n.name for n in path] for path in chain.paths(a, x)] == [["a", "x"]]
    assert chain.count_paths(a, b) == chain.count_paths(b, a) == 0
