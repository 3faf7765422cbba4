"""Names: given with little typing, shown short, found again; and leaving nothing alive behind."""

import gc
import re
import time
import weakref
from typing import Any

import pytest
from hypothesis import given, strategies as st

from autodiff.names import caller_names, describe, find, labels, name_all, values
from autodiff.value import Value

# ---------------------------------------------------------------- giving names


@pytest.mark.parametrize(
    ("names", "wanted"),
    [
        ("w1:4", ["w1", "w2", "w3"]),
        ("a b c", ["a", "b", "c"]),
        ("a, b,c", ["a", "b", "c"]),
        ("b x0:2", ["b", "x0", "x1"]),
        ("hidden.h1.w9:12", ["hidden.h1.w9", "hidden.h1.w10", "hidden.h1.w11"]),
    ],
)
def test_values(names: str, wanted: list[str]) -> None:
    made = values(names, [1, 2, 3])
    assert [(v.name, v.data) for v in made] == list(zip(wanted, [1.0, 2.0, 3.0], strict=True))


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ("a b", "'a b' makes 2 names, but 3 numbers are given"),
        ("a", "'a' makes 1 name, but 3 numbers are given"),
        ("w1:9", "'w1:9' makes 8 names, but 3 numbers are given"),
        ("w1:999999999", "'w1:999999999' makes 999999998 names, but 3 numbers are given"),
        ("w1:1", "'w1:1' is no range of names; w1:9 makes w1, w2, ..., w8"),
        ("w:3", "'w:3' is no range of names; w1:9 makes w1, w2, ..., w8"),
        ("w1:" + "9" * 5000, "is no range of names"),
        ("w\u0661:3", "is no range of names"),
    ],
)
def test_values_that_do_not_fit(names: str, message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        values(names, [1, 2, 3])


def test_name_all() -> None:
    a, b, c, d, e, f = (Value(i) for i in range(6))
    d.named("mine")
    loop: list[Any] = [e]
    loop.append(loop)
    name_all({"pair": [c, a], "_hidden": f, "a": a, "again": a, "w": [[b], (c, d)], "loop": loop})
    assert [v.name for v in (a, b, c, d, e, f)] == ["a", "w_1_1", "pair_1", "mine", "loop_1", ""]


def test_caller_names_local_before_global() -> None:
    shadow = Value(1.0)
    named = Value(2.0, "mine")
    names = locals_of_caller(shadow, named)
    assert names[shadow] == "shadow"
    assert named not in names
    assert names[GLOBAL] == "GLOBAL"
    assert shadow.name == ""


GLOBAL = Value(3.0)
SHADOW = Value(4.0)


def locals_of_caller(*_: Value) -> dict[Value, str]:
    return caller_names(1)


def test_caller_names_of_a_global_held_locally() -> None:
    here = SHADOW
    assert locals_of_caller()[here] == "here"


def test_caller_names_inside_a_comprehension() -> None:
    w1, w2 = Value(1.0), Value(2.0)
    (names, _) = [locals_of_caller() for w in (w1, w2)]
    assert (names[w1], names[w2]) == ("w1", "w2")


def test_caller_names_of_a_closure() -> None:
    w = Value(1.0)

    def inner() -> str:
        return locals_of_caller()[w]

    assert inner() == "w"


def test_caller_names_keep_nothing_alive() -> None:
    y = Value(1.0) * 2.0
    watch = weakref.ref(y)
    gc.disable()
    try:
        assert locals_of_caller()[y] == "y"
        del y
        assert watch() is None
    finally:
        gc.enable()


def test_caller_names_leave_locals_of_the_caller_alone() -> None:
    y = Value(1.0)
    mine = locals()
    locals_of_caller()
    assert mine["y"] is y


# ---------------------------------------------------------------- labels


def total(nodes: list[Value]) -> Value:
    y = nodes[0]
    for node in nodes[1:]:
        y = y + node
    return y


@pytest.mark.parametrize(
    ("paths", "wanted"),
    [
        (["output.o1.w5"], ["w5"]),
        (["hidden.h1.w", "output.o1.w"], ["h1.w", "o1.w"]),
        (["a.h1.w", "b.h1.w"], ["a.h1.w", "b.h1.w"]),
        (["w", "h.w"], ["w", "h.w"]),
        (["w", "w", "w"], ["w", "w#2", "w#3"]),
        (["o.w", "o.w", "w2"], ["w", "w#2", "w2"]),
        (["h.w", "o.w", "h.w"], ["h.w", "o.w", "h.w#2"]),
        (["w", "w#2", "w"], ["w", "w#2", "w#3"]),
        (["a..b", ".b", "b."], ["a..b", ".b", "b."]),
        (["</script>", "\\input x"], ["</script>", "\\input x"]),
    ],
)
def test_labels(paths: list[str], wanted: list[str]) -> None:
    nodes = [Value(1.0, path) for path in paths]
    found = labels([total(nodes)])
    assert [found[node] for node in nodes] == wanted


def test_labels_take_further_names_and_skip_what_is_not_behind() -> None:
    a, b, other = Value(1.0), Value(2.0, "out.b"), Value(3.0, "b")
    y = a * b
    assert labels([y], {a: "a", y: "y", other: "z"}) == {a: "a", b: "b", y: "y"}


segments = st.lists(st.sampled_from(["a", "b", "w", ""]), min_size=1, max_size=4)
paths = st.lists(segments.map(".".join).filter(bool), min_size=1, max_size=12)


@given(paths)
def test_labels_are_unique_short_and_found_again(names: list[str]) -> None:
    nodes = [Value(1.0, name) for name in names]
    y = total(nodes) * 1.0
    found = labels([y])
    assert len(set(found.values())) == len(nodes)
    for node in nodes:
        label = found[node].partition("#")[0]
        assert node.name == label or node.name.endswith(f".{label}")
        shorter = label.partition(".")[2]
        ends = [n for n in set(names) if n == shorter or n.endswith(f".{shorter}")]
        assert not shorter or len(ends) > 1 or label == node.name
        if names.count(node.name) == 1:
            assert find([y], label) is node
        assert find([y], found[node] if "#" in found[node] else node.name + "#1") is node


def test_a_sum_keeps_its_name_beside_terms_of_the_same_name() -> None:
    """A loss E of each sample, and their sum, which is called E as well."""
    w = Value(0.5, "w")
    first, second = (w * w).named("E"), (w * 3.0).named("E")
    E = (first + second).named("E")
    assert labels([E]) == {w: "w", first: "E#1", second: "E#2", E: "E"}
    assert [find([E], name) for name in ("E", "E#1", "E#2")] == [E, first, second]


def test_labels_are_linear_in_the_names() -> None:
    started = time.process_time()
    many = [Value(1.0, f"layer{i % 50}.n{i // 50}.w") for i in range(20_000)]
    deep = [Value(1.0, ".".join(["x"] * 50_000)), Value(1.0, "y." + ".".join(["x"] * 50_000))]
    repeats = [Value(1.0, "h") for _ in range(20_000)]
    found = labels([total(many + deep + repeats)])
    assert found[many[-1]] == "layer49.n399.w"
    assert found[repeats[-1]] == "h#20000"
    assert time.process_time() - started < 5


def test_describe() -> None:
    w, y = Value(0.5, "hidden.w5"), Value(0.25) * 2.0
    assert describe(w, {w: "w5"}) == "w5"
    assert describe(w) == "hidden.w5"
    assert describe(y) == "the Value 0.5 (mul)"
    assert describe(y.args[0]) == "the Value 0.25"  # type: ignore[arg-type]
    assert describe(Value(0.0, "\x1b[2J")) == "'\\x1b[2J'"


# ---------------------------------------------------------------- finding


def test_find() -> None:
    h, o = Value(1.0, "hidden.h1.w"), Value(2.0, "output.o1.w")
    y = (h * o).named("out")
    a, b = Value(3.0, "x"), Value(4.0, "x")
    roots = [y, a * b]
    assert find(roots, y) is y
    assert find(roots, "out") is y
    assert find(roots, "h1.w") is h
    assert find(roots, "output.o1.w") is o
    assert find(roots, "x#1") is a
    assert find(roots, "x#2") is b
    assert find([a * 2.0], "x") is a


def test_the_whole_path_comes_before_the_end_of_another() -> None:
    w, other = Value(1.0, "w"), Value(2.0, "h.w")
    assert find([w * other], "w") is w


@pytest.mark.parametrize(
    ("names", "which", "message"),
    [
        (["h1.w", "o1.w"], "w", "w may be any of h1.w, o1.w: say which"),
        (["x", "x", "x"], "x", "x may be any of x#1, x#2, x#3: say which"),
        (
            ["x"] * 12,
            "x",
            "x may be any of x#1, x#2, x#3, x#4, x#5, x#6, x#7, x#8, x#9, x#10 and 2 more: "
            "say which",
        ),
        (["w5", "w6", "b"], "w55", "no Value here is called w55; did you mean w5?"),
        (["w5", "b"], "out", "no Value here is called out; there are w5, b"),
        (["x", "x"], "x#3", "no Value here is called x#3; did you mean x#2?"),
        (["x"], "x#0", "no Value here is called x#0; there are x"),
        (["x"], "\x00", "no Value here is called '\\x00'; there are x"),
    ],
)
def test_find_says_what_there_is(names: list[str], which: str, message: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        find([total([Value(1.0, name) for name in names])], which)


def test_find_without_any_names() -> None:
    with pytest.raises(ValueError, match="no Value here has a name; give one with"):
        find([Value(1.0)], "w")
    with pytest.raises(TypeError, match=r"a Value or the name of one is wanted, not 3 \(int\)$"):
        find([Value(1.0)], 3)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"not 2.0 \(float\): give w itself, not w.data"):
        find([Value(1.0)], 2.0)  # type: ignore[arg-type]


@pytest.mark.parametrize("given", [3, None, [Value(1.0, "x")]])
def test_name_all_takes_variables(given: object) -> None:
    with pytest.raises(TypeError, match=r"as in name_all\(locals\(\)\), not"):
        name_all(given)  # type: ignore[arg-type]


def test_values_takes_a_text_and_a_list() -> None:
    with pytest.raises(TypeError, match='names as one text, "w1 w2" or "w1:3", not 3'):
        values(3, [1.0])  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"values takes a list .* not 3"):
        values("a", 3)  # type: ignore[arg-type]
