"""Derivations as they print, in every form and language, letter by letter.

Other tests say what must be in a derivation and that its numbers are right; this one sees every
change of what people read. `tests/data/printed` holds what was printed; where a change is meant,
`PYTHONPATH=. python tests/test_printed.py` writes it anew, and the difference wants to be read.
"""

import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from derivations import seed_003

import autodiff as ad
import nn

PRINTED = Path(__file__).parent / "data" / "printed"


def net(number: int | None = None, **options: Any) -> Any:
    E, w = seed_003()
    return ad.derive(E, w if number is None else w[number], **options)


def deep(weights: str = "", **options: Any) -> Any:
    """Three layers, whose deltas come from deltas."""
    model = nn.MLP(2, [3, 2, 2], activation="tanh", seed=3)
    inputs = ad.values("i1 i2", [0.05, -0.1])
    E = nn.half_squared_error(model(inputs), [0.01, 0.99])
    named = dict(model.named_parameters())
    return ad.derive(E, list(named.values()) if weights else next(iter(named.values())), **options)


def wide(**options: Any) -> Any:
    """Layers whose matrices are abridged."""
    model = nn.MLP(9, [12, 2], seed=1)
    E = nn.half_squared_error(model(ad.values("i1:10", [k / 10 for k in range(9)])), [0.1, 0.9])
    return ad.derive(
        E, next(iter(dict(model.named_parameters()).values())), form="matrix", **options
    )


def fractions(**options: Any) -> Any:
    """Numbers that print as fractions and as decimals, roots, powers, and functions."""
    w, x, β = ad.values("w x β", [0.8, 1.3, -0.4])
    z = (5 * w / 7 - x**1.5 / 3 + 0.123 * w**3 - 1 / (w * x)).named("z")
    y = (ad.exp(-z / 2) * ad.log(w + 2) + abs(β * w) - ad.maximum(w, β) / 4 + w**-2).named("y")
    return ad.derive(y, w, **options)


def long_sum(**options: Any) -> Any:
    ws = ad.values("w1:31", [k / 10 for k in range(1, 31)])
    return ad.derive((ad.sum([w * w for w in ws]) ** 2).named("E"), ws, **options)


def constants(**options: Any) -> Any:
    """Numbers with a name, fractions up to twelfths, and others."""
    w = ad.Value(0.5, "w")
    y = w * (2.0 * math.sqrt(2.0 / math.pi)) + w**2 * math.sqrt(0.5) - w / 2
    y = (y + w**3 * 12 / 7 + w**4 * 13 / 7 + 1e-5 * w**8).named("y")
    z = (w * math.log(2.0) - ad.sin(w) / 4 + 0.75 * ad.cos(w)).named("z")
    return ad.derive((y * z).named("p"), w, **options)


def slopes(order: int) -> Any:
    w, x = ad.values("w x", [0.8, 1.3])
    y = (ad.sigmoid(w * x) * ad.exp(-2 * w) + ad.tanh(w)).named("y")
    return ad.derive(y, w, order=order)


def products(**options: Any) -> Any:
    a, b, x, y = ad.values("a b x y", [0.5, 0.25, 2.0, -1.0])
    return ad.derive((ad.dot([a, x, b], [x, y, a]) / 7).named("s"), [a, x], **options)


def powers(order: int) -> Any:
    x, a = ad.values("x a", [0.5, 2.0])
    return ad.derive((ad.sin(a * x) + a * x**5 / 4).named("f"), x, order=order)


CASES: dict[str, Callable[[], Any]] = {
    "chain": lambda: net(4, form="chain"),
    "paths": lambda: net(0, form="paths"),
    "delta": lambda: net(0, form="delta", rate=0.5),
    "minus": lambda: net(5, signs="minus", rate=0.5, sense="ascent"),
    "matrix": lambda: deep("all", form="matrix", rate=0.1),
    "wide_matrix": wide,
    "page": lambda: net(rate=0.5),
    "expanded": lambda: net(0, expand=True, digits=3, rounding="truncate"),
    "deep": deep,
    "deep_paths": lambda: deep(form="paths"),
    "fractions": fractions,
    "fractions_expanded": lambda: fractions(expand=True),
    "deltas": lambda: net(form="delta", rate=0.5),
    "deep_deltas": lambda: deep("all", form="delta"),
    "all_paths": lambda: net(form="paths"),
    "constants": constants,
    "slopes": lambda: slopes(2),
    "slopes_of_slopes": lambda: slopes(3),
    "products": products,
    "long_sum": long_sum,
    "second": lambda: powers(2),
    "fourth": lambda: powers(4),
}
PAGES = ("minus", "fractions", "products", "wide_matrix")


def printed(name: str) -> dict[str, str]:
    derivation = CASES[name]()
    html = derivation.html().partition("</style>")[2]  # long: of some cases only
    return {
        "txt": derivation.text() + "\n",
        "ascii.txt": derivation.text(ascii=True) + "\n",
        "tex": derivation.latex() + "\n",
    } | ({"html": re.sub("<t[hd]", "\n\\g<0>", html) + "\n"} if name in PAGES else {})


@pytest.mark.parametrize("name", CASES)
def test_what_is_printed_stays(name: str) -> None:
    for ending, text in printed(name).items():
        assert text == (PRINTED / f"{name}.{ending}").read_text(encoding="utf-8"), ending


def test_nothing_is_kept_that_is_not_printed() -> None:
    kept = {path.name.partition(".")[0] for path in PRINTED.iterdir()}
    assert kept == set(CASES)


if __name__ == "__main__":
    PRINTED.mkdir(parents=True, exist_ok=True)
    for name in CASES:
        for ending, text in printed(name).items():
            (PRINTED / f"{name}.{ending}").write_text(text, encoding="utf-8")
