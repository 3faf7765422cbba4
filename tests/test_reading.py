"""Reading a graph as terms: down to the names, and no further than a reader would follow."""

from derivations import number

import autodiff as ad
from autodiff.formula.reading import Reader
from autodiff.formula.text import Text
from autodiff.names import labels


def reader_of(*roots: ad.Value) -> Reader:
    return Reader(labels(roots))


def text(value: ad.Value) -> str:
    return Text().write(reader_of(value).definition(value))


def test_it_stops_at_names() -> None:
    w, x = ad.values("w x", [0.5, 2.0])
    z = (w * x).named("z")
    assert text(z.sigmoid() + 1) == "σ(z) + 1"
    assert text(z) == "w·x"


def test_a_named_activation_is_recognised_in_its_slope() -> None:
    z = ad.Value(0.5, "z")
    out = z.sigmoid().named("out")
    reader = Reader(labels([out]))
    slope = ad.grad(out, z)
    assert Text().write(reader.expression(slope)) == "out·(1 − out)"


def test_an_unnamed_leaf_is_its_number() -> None:
    assert text(ad.Value(2.3) * ad.Value(3.0, "x")) == "2.3·x"


def test_a_sum_of_thousands_is_one_sum() -> None:
    xs = ad.values("x1:3001", [0.1] * 3000)
    total = xs[0]
    for x in xs[1:]:
        total = total + x
    printer = Text()
    printer.most_terms = 4
    for _ in ("without a name", "with one"):
        read = reader_of(total).definition(total)
        assert printer.write(read) == "x1 + x2 + … + x3000"
        assert abs(number(read) - total.data) < 1e-9
        total.named("total")


def test_what_is_too_large_keeps_its_number() -> None:
    y = ad.Value(0.5, "x")
    for _ in range(200):
        y = (y * 1.5).sin() + y.cos()
    read = reader_of(y).definition(y)
    assert "…" in Text().write(read)
    assert len(Text().write(read)) < 2000
    assert abs(number(read) - y.data) < 1e-12


def test_calls_are_not_nested_without_end() -> None:
    y = ad.Value(0.5, "x")
    for _ in range(1005):
        y = y.sin()
    assert text(y) == "sin(" * 5 + "…" + ")" * 5  # of ten is the one below


def test_a_gradient_is_written_with_what_is_named() -> None:
    w, x, t = ad.values("w x t", [0.5, 2.0, 1.0])
    out = (w * x).sigmoid().named("out")
    E = (0.5 * (t - out) ** 2).named("E")
    slope = ad.grad(E, w)
    assert slope.formula() == "−(t − out)·out·(1 − out)·x"
    assert slope.latex() == r"-(t-\mathrm{out})\,\mathrm{out}\,(1-\mathrm{out})\,x"
    again = (w * x).sigmoid().named("again")
    assert (again.formula(), (again * out).formula()) == ("σ(w·x)", "again·out")
