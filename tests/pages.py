"""Graphs and names for tests of printed pages: seed 003, every op, names that are attacks."""

from collections.abc import Iterator

import autodiff as ad
from autodiff.formula.derivation import Derivation
from autodiff.op import TABLE

HOSTILE = [
    "</script><script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    r"\input{x}",
    r"\href{javascript:alert(1)}{x}",
    "$",
    "$$x$$",
    "%",
    "}",
    "{{",
    "_^",
    "^^41",
    "a&b;&amp;",
    "\"quoted\" 'twice' `back`",
    "\\",
    "\\\\[4pt]",
    "a\u202eb\u2066c",
    "two\nlines\tand\x00more\x1f",
    "😀 Ω≠ש",
    "größe!",
    "--> ]]> <!--",
    "x" * 10_000 + "<",
    "#1 ~ #2",
]


def seed003() -> tuple[ad.Value, list[ad.Value]]:
    """E_total and the weights w1 ... w8 of seed 003."""
    i1, i2, b1, b2, t1, t2 = ad.values(
        "i1:3 b1 b2 target1 target2", [0.1, 0.5, 0.25, 0.35, 0.05, 0.95]
    )
    w = ad.values("w1:9", [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8])

    def neuron(
        name: str, sources: list[ad.Value], weights: list[ad.Value], b: ad.Value
    ) -> ad.Value:
        z = weights[0] * sources[0] + weights[1] * sources[1] + b
        layer = "hidden" if name[0] == "h" else "output"
        return z.named(f"{layer}.{name}.sum_{name}").sigmoid().named(f"{layer}.{name}.out_{name}")

    hidden = [neuron(f"h{i + 1}", [i1, i2], [w[i], w[i + 2]], b1) for i in (0, 1)]
    outputs = [neuron(f"o{i + 1}", hidden, w[4 + 2 * i : 6 + 2 * i], b2) for i in (0, 1)]
    errors = [
        (0.5 * (t - o) ** 2).named(f"E{i}")
        for i, t, o in zip((1, 2), (t1, t2), outputs, strict=True)
    ]
    return (errors[0] + errors[1]).named("E_total"), w


def other_ops() -> tuple[ad.Value, list[ad.Value]]:
    """A graph of tanh, relu, where, log, sqrt, powers, abs, exp and softmax, and its leaves."""
    x, y, z = leaves = ad.values("x y alpha_1", [2.0, 3.0, -1.0])
    a = ad.where(ad.less(x, y), ad.tanh(x * z), x.relu()).named("a")
    p = ad.softmax([a, x, y])[0].named("p_1")
    lumps = (p.log() * -1 + (x / (y + z)).sqrt()) ** 3 * ad.exp(-x * y) / abs(z)
    return (lumps * x**y * 1e-7).named("f_max"), leaves


def tiny(names: list[str]) -> tuple[ad.Value, ad.Value]:
    """E = ½(t − σ(w x))² with names for w, x and the sigmoid; E and w."""
    w, x, t = ad.values("w x t", [0.5, 2.0, 1.0])
    w, x = ad.Value(0.5, names[0]), ad.Value(2.0, names[1])
    out = (w * x).sigmoid().named(names[2])
    return (0.5 * (t - out) ** 2).named("E"), w


def derivations() -> Iterator[tuple[str, Derivation]]:
    """Every kind of page, with a name for it."""
    E, w = seed003()
    for form in ("chain", "paths", "delta", "matrix"):
        yield form, ad.derive(E, w[0], form=form, rate=0.6)
    yield "w5", ad.derive(E, w[4], rate=0.6)
    yield "all weights", ad.derive(E, w, rate=0.6)
    yield "ascent", ad.derive(E, w[4], rate=0.6, sense="ascent", signs="minus")
    yield "expanded", ad.derive(E, w[4], expand=True)
    yield "stopped", ad.derive(E, w[0], stop=["out_h1"])
    yield "second order", ad.derive(E, w[0], order=2)
    yield "itself", ad.derive(E, E)
    yield "independent", ad.derive(E, ["target1", "i1"])
    f, leaves = other_ops()
    for leaf in leaves:
        yield f"other ops, {leaf.name}", ad.derive(f, leaf)
        yield f"other ops, {leaf.name}, order 2", ad.derive(f, leaf, order=2)
    for i, name in enumerate(HOSTILE):
        E, v = tiny([name, "x", "out"] if i % 2 else [name, name + "2", name + "3"])
        for form in ("chain", "paths", "delta"):
            yield f"hostile {i}, {form}", ad.derive(E, v, form=form, rate=0.1)


def formulas() -> Iterator[tuple[str, ad.Value]]:
    """Every row of the table applied to named Values, raised to powers, and its derivatives."""
    for op in TABLE.values():
        count = op.arity or 4
        xs = ad.values(f"x1:{count + 1}", [0.3 + 0.1 * i for i in range(count)])
        y = op(*xs) if op.arity else op(xs)
        yield op.name, y
        yield f"{op.name} in a product", (y + 2.5e-9) ** 2 * y**3 / (xs[0] * 4) - y**-0.5
        for x, slope in zip(xs, ad.grad(y, xs), strict=True):
            yield f"{op.name}, its slope in {x.name}", slope


def text_of(parts: list[str]) -> str:
    """Text of a page without spaces and invisible signs, to compare names with."""
    return "".join("".join(parts).replace("\u2062", "").split())
