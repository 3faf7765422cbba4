"""Measure every op against mpmath, here and in PyTorch and JAX, and write docs/accuracy.md.

    python docs/make_accuracy.py [--points 20]

The oracle, its points and the bounds are those of the tests (tests/oracle.py, tests/bounds.py); a
peer that is not installed gets an empty column. It takes some minutes.
"""

import argparse
import math
import platform
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

DOCS = Path(__file__).parent
PAGE = DOCS / "accuracy.md"
sys.path[:0] = [str(DOCS.parent), str(DOCS.parent / "tests")]

from bounds import (  # noqa: E402
    EXCEPTIONS,
    GRADIENT,
    LIMITS,
    SECOND,
    SLOPES,
    VALUE,
    WORDS,
    allowed,
)
from mpmath import mp  # noqa: E402
from oracle import (  # noqa: E402
    LARGEST,
    MULLER,
    ROWS,
    SMALLEST,
    SMALLEST_NORMAL,
    exact,
    pairs,
    representable,
    ulps,
)
from ready import BACKENDS  # noqa: E402
from test_accuracy import NAMES, measure  # noqa: E402
from test_accuracy_backends import as_arrays  # noqa: E402

# Rows that are not asked: their numbers are exact, or they are partials of other rows.
EXACT = "alias gate less less_equal equal where sign sum inner relu_slope leaky_relu_slope".split()
OPS = [name for name in NAMES if name not in (*EXACT, *SLOPES, "maximum_share", "clamp_slope")]

Measured = Iterator[tuple[tuple[float, ...], int, Any, float]]  # point, order, which, number


# ---------------------------------------------------------------- the engines


def eager(name: str, points: list[tuple[float, ...]]) -> Measured:
    for point in points:
        for order, which, number, _ in measure(ROWS[name], name, point):
            yield point, order, which, number


def compiled(backend: str) -> Callable[[str, list[tuple[float, ...]]], Measured]:
    return lambda name, points: as_arrays(ROWS[name], name, points, backend)


def peer_names(special: dict[str, str], same: str) -> dict[str, str]:
    return special | {name: name for name in same.split()}


SAME = "exp expm1 log log1p log2 log10 sin cos tan sinh cosh tanh sqrt square hypot maximum minimum"
TORCH = peer_names(
    {
        "add": "add", "sub": "sub", "mul": "mul", "div": "div", "neg": "neg", "power": "pow",
        "absolute": "abs", "logaddexp": "logaddexp", "reciprocal": "reciprocal",
        "erf": "special.erf", "erfc": "special.erfc", "softplus": "nn.functional.softplus",
        "logsigmoid": "nn.functional.logsigmoid", "relu": "relu", "sigmoid": "sigmoid",
        "silu": "nn.functional.silu", "gelu": "nn.functional.gelu",
        "softsign": "nn.functional.softsign",
    },
    SAME + " asin acos atan asinh acosh atanh atan2",
)  # fmt: skip
JAX = peer_names(
    {
        "add": "numpy.add", "sub": "numpy.subtract", "mul": "numpy.multiply",
        "div": "numpy.divide", "neg": "numpy.negative", "power": "numpy.power",
        "absolute": "numpy.abs", "cbrt": "numpy.cbrt", "logaddexp": "numpy.logaddexp",
        "erf": "scipy.special.erf", "erfc": "scipy.special.erfc", "softplus": "nn.softplus",
        "logsigmoid": "nn.log_sigmoid", "relu": "nn.relu", "sigmoid": "nn.sigmoid",
        "silu": "nn.silu", "softsign": "nn.soft_sign", "reciprocal": "numpy.reciprocal",
        **{name: f"numpy.{name}" for name in SAME.split()},
        **{"a" + name: f"numpy.arc{name}" for name in "sin cos tan sinh cosh tanh tan2".split()},
    },
    "",
)  # fmt: skip


def attribute(module: Any, path: str) -> Any:
    for name in path.split("."):
        module = getattr(module, name)
    return module


def torch_functions(torch: Any) -> dict[str, Callable[..., Any]]:
    f = torch.nn.functional
    return {name: attribute(torch, path) for name, path in TORCH.items()} | {
        "leaky_relu": lambda x, slope: f.leaky_relu(x, slope),
        "elu": lambda x, alpha: f.elu(x, alpha),
        "gelu_tanh": lambda x: f.gelu(x, approximate="tanh"),
        "clamp": lambda x, low, high: torch.clamp(x, low, high),
        "logsumexp": lambda *xs: torch.logsumexp(torch.stack(xs), 0),
        "softmax_share": lambda *xs: torch.softmax(torch.stack(xs), 0)[0],
    }


def jax_functions(jax: Any) -> dict[str, Callable[..., Any]]:
    return {name: attribute(jax, path) for name, path in JAX.items()} | {
        "leaky_relu": lambda x, slope: jax.nn.leaky_relu(x, slope),
        "elu": lambda x, alpha: jax.nn.elu(x, alpha),
        "gelu": lambda x: jax.nn.gelu(x, approximate=False),
        "gelu_tanh": lambda x: jax.nn.gelu(x, approximate=True),
        "clamp": lambda x, low, high: jax.numpy.clip(x, low, high),
        "logsumexp": lambda *xs: jax.nn.logsumexp(jax.numpy.stack(xs)),
        "softmax_share": lambda *xs: jax.nn.softmax(jax.numpy.stack(xs))[0],
    }


def with_torch() -> tuple[str, Callable[..., Measured]] | None:
    try:
        import torch
    except ImportError:
        return None
    functions = torch_functions(torch)

    def slopes(out: Any, leaves: list[Any], again: bool) -> list[Any]:
        if not out.requires_grad:
            return [torch.zeros_like(leaf) for leaf in leaves]
        ones = torch.ones_like(out)
        found = torch.autograd.grad(
            out, leaves, ones, create_graph=again, retain_graph=True, materialize_grads=True
        )
        return [x + 0.0 for x in found]

    def run(name: str, points: list[tuple[float, ...]]) -> Measured:
        if name not in functions:
            return
        n = ROWS[name].varying
        leaves = [
            torch.tensor([point[i] for point in points], dtype=torch.float64, requires_grad=True)
            for i in range(n)
        ]
        out = functions[name](*leaves, *points[0][n:])
        first = slopes(out, leaves, True)
        columns: list[tuple[int, Any, Any]] = [(VALUE, "", out)]
        columns += [(GRADIENT, i, x) for i, x in enumerate(first)]
        for i, slope in enumerate(first):
            found = slopes(slope, leaves, False)
            columns += [(SECOND, (i, j), found[j]) for j in range(i, n)]
        for order, which, column in columns:
            for point, number in zip(points, column.tolist(), strict=True):
                yield point, order, which, number

    return f"PyTorch {torch.__version__.split('+')[0]}", run


def with_jax() -> tuple[str, Callable[..., Measured]] | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import jax
    except ImportError:
        return None
    jax.config.update("jax_enable_x64", True)
    functions = jax_functions(jax)

    def run(name: str, points: list[tuple[float, ...]]) -> Measured:
        if name not in functions:
            return
        n = ROWS[name].varying
        arguments = tuple(range(n))
        constants = points[0][n:]

        def f(*xs: Any) -> Any:
            return functions[name](*xs, *constants)

        columns = [jax.numpy.array([point[i] for point in points]) for i in range(n)]
        value, gradient, hessian = (
            jax.jit(jax.vmap(g))(*columns)
            for g in (f, jax.grad(f, arguments), jax.hessian(f, arguments))
        )
        found = [(VALUE, "", value)] + [(GRADIENT, i, x) for i, x in enumerate(gradient)]
        found += [(SECOND, (i, j), hessian[i][j]) for i, j in pairs(range(n))]
        for order, which, column in found:
            for point, number in zip(points, column.tolist(), strict=True):
                yield point, order, which, number

    return f"JAX {jax.__version__}", run


# ---------------------------------------------------------------- measuring

KINKS = {"absolute": {0.0}, "relu": {0.0}, "leaky_relu": {0.0}, "elu": {0.0}, "clamp": {0.0, 6.0}}
LOST = math.inf


def error_of(number: float, truth: Any, scale: Any = 0.0) -> float:
    """In ulps; `LOST` if not even the first digit is right."""
    error = ulps(number, truth, scale)
    small = math.isfinite(number) and abs(mp.mpf(number) - truth) < max(abs(truth), scale) / 2
    return error if small or error <= LIMITS[SECOND] else LOST


def worst(
    name: str, points: list[tuple[float, ...]], run: Any, flushes: bool = False
) -> dict[int, float]:
    """The largest error of each order; subnormal numbers do not count if an engine has none."""
    found: dict[int, float] = {}
    for point, order, which, number in run(name, points):
        value, first, second = exact(ROWS[name], point)
        truth = value if which == "" else first[which] if type(which) is int else second[which]
        if flushes and any(0.0 < abs(x) < SMALLEST_NORMAL for x in (*point, truth)):
            continue
        if order <= SECOND and representable(truth):
            _, scale = allowed(name, order, which, point)
            found[order] = max(found.get(order, 0.0), error_of(number, truth, scale))
    return found


def figure(error: float) -> str:
    if error == LOST:
        return "**lost**"
    return f"{error:.1e}".replace("e+0", "e").replace("e+", "e") if error >= 100 else f"{error:.2g}"


def cell(found: dict[int, float]) -> str:
    return " / ".join(figure(found[order]) for order in sorted(found)) or "-"


def table(engines: dict[str, Any], count: int) -> Iterator[str]:
    yield f"| op | {' | '.join(engines)} |"
    yield "|---" * (len(engines) + 1) + "|"
    for name in OPS:
        points = [x for x in ROWS[name].sample(count) if x[0] not in KINKS.get(name, ())]
        cells = [cell(worst(name, points, run, "JAX" in engine)) for engine, run in engines.items()]
        yield f"| `{name}` | {' | '.join(cells)} |"
        print(name, *cells, file=sys.stderr)


# Where engines are known to lose digits: op, order, argument, point.
NAMED = [
    ("sigmoid", GRADIENT, 0, (40.0,)),
    ("tanh", GRADIENT, 0, (20.0,)),
    ("expm1", GRADIENT, 0, (-40.0,)),
    ("elu", GRADIENT, 0, (-40.0, 1.0)),
    ("softplus", VALUE, "", (20.5,)),
    ("softplus", GRADIENT, 0, (20.5,)),
    ("logsigmoid", SECOND, (0, 0), (40.0,)),
    ("gelu", VALUE, "", (-10.0,)),
    ("gelu", GRADIENT, 0, (-10.0,)),
    ("gelu_tanh", VALUE, "", (-10.0,)),
    ("gelu_tanh", GRADIENT, 0, (-10.0,)),
    ("silu", VALUE, "", (-720.0,)),
    ("silu", SECOND, (0, 0), (40.0,)),
    ("softsign", GRADIENT, 0, (1e16,)),
    ("erf", GRADIENT, 0, (19.3,)),
    ("erfc", VALUE, "", (20.0,)),
    ("asin", GRADIENT, 0, (0.999999999,)),
    ("acosh", GRADIENT, 0, (1.000000001,)),
    ("asinh", GRADIENT, 0, (1e200,)),
    ("atan", GRADIENT, 0, (1e155,)),
    ("hypot", GRADIENT, 1, (3e200, 4e200)),
    ("atan2", GRADIENT, 0, (1e-200, 1e-200)),
    ("power", GRADIENT, 0, (1e-310, 1.01)),
    ("div", GRADIENT, 1, (1e-300, 1e-300)),
    ("cosh", VALUE, "", (300.0,)),
    ("exp", VALUE, "", (-740.0,)),
    ("sqrt", VALUE, "", (SMALLEST,)),
    ("log10", GRADIENT, 0, (LARGEST,)),
    ("cos", VALUE, "", (MULLER,)),
    ("logaddexp", GRADIENT, 1, (29.7, 0.1)),
    ("softmax_share", GRADIENT, 0, (40.0, 0.0, 1.0)),
]


def named(engines: dict[str, Any]) -> Iterator[str]:
    yield f"| what | exact | {' | '.join(engines)} |"
    yield "|---" * (len(engines) + 2) + "|"
    for name, order, which, point in NAMED:
        value, first, second = exact(ROWS[name], point)
        truth = value if which == "" else first[which] if order == GRADIENT else second[which]
        shown = ", ".join("Muller's number" if x == MULLER else f"{x!r}" for x in point)
        argument = f" by argument {which + 1}" if order == GRADIENT and len(first) > 1 else ""
        prime = {VALUE: "", GRADIENT: "'", SECOND: "''"}[order]
        cells = []
        for run in engines.values():
            found = [x for _, o, w, x in run(name, [point]) if (o, w) == (order, which)]
            cells.append(f"{found[0]:.6g} ({figure(error_of(found[0], truth))})" if found else "-")
        yield (
            f"| `{name}{prime}({shown})`{argument} | {mp.nstr(truth, 6)} | {' | '.join(cells)} |"
        )


# ---------------------------------------------------------------- the page

PAGE_TEXT = """\
# Accuracy

<!-- Written by docs/make_accuracy.py, which measures; do not edit. -->

Every op of the table is asked for its value, its gradient and its second derivatives, and the
answer is compared with the exact one. The unit is the *ulp*, the distance between neighbouring
float64 numbers at the exact result; half an ulp is the best there can be, and **lost** means that
not even the first digit is right.

The exact result comes from a definition in mpmath ([tests/oracle.py](../tests/oracle.py)), computed
with more and more digits until thirty of them stay. It is asked at points that are chosen to hurt:
subnormal numbers, the ends of the range, 1 ± 2⁻ᵏ, tails down to underflow, large and tiny pairs,
arguments next to a multiple of π/2, and random ones. Only results that are float64 numbers count.

The tests hold every op to {limits}: in the eager engine
([tests/test_accuracy.py](../tests/test_accuracy.py)) and in compiled programs on every backend
([tests/test_accuracy_backends.py](../tests/test_accuracy_backends.py): whole arrays, single rows,
gradients by parameters). A few places are excused.

## Exceptions

{exceptions}
- `silu`, `gelu` and `gelu_tanh` have derivatives, `logaddexp` and `logsumexp` values,
  `softmax_share` and `power` second derivatives that cross zero as the difference of two terms.
  There an error is counted in ulps of one of the terms, if that is the larger.
- `erf` and `erfc`, second derivative, where it is a subnormal number: measured up to {tail} ulp,
  which is within the bound. A gradient that gradual underflow has rounded is multiplied by -2x.
- Sums of products (`sum`, `dot`) are right to n·2⁻⁵³ times the sum of the sizes of their n terms,
  as any sum from left to right is; a compiled program adds in another order.

## The worst error of each op

Value / gradient / second derivative in ulps, the largest over {count} points of each op. A dash
is an op that a library does not have. JAX flushes subnormal numbers (below 2.2e-308) to zero; its
column leaves out the points where an argument or the result is one.

{table}

Ops whose numbers are exact (comparisons, choices, `sign`, `alias`) are left out, and so are kinks,
where conventions differ ([the ops](ops.md)).

## Where digits are lost elsewhere

Points at which the usual formulas fail; the error in ulps is in brackets.

{named}

Measured with {versions} on {machine}, Python {python}, by

```sh
python docs/make_accuracy.py
```
"""


def exceptions() -> Iterator[str]:
    """One line for each reason: all of `EXCEPTIONS`."""
    for reason in dict.fromkeys(excuse.reason for excuse in EXCEPTIONS.values()):
        places = [
            f"`{name}`, {WORDS[order]}: up to {excuse.limit} ulp"
            for (name, order), excuse in EXCEPTIONS.items()
            if excuse.reason == reason
        ]
        yield f"- {'; '.join(places)}:\n  {reason}."


def subnormal_tail() -> float:
    """The worst second derivative of erf among subnormal results."""
    found = 0.0
    points = [(26.2 + k / 1000,) for k in range(1100)]
    for point, order, which, number in eager("erf", points):
        if order == SECOND:
            truth = exact(ROWS["erf"], point)[2][which]
            found = max(found, ulps(number, truth))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--points", type=int, default=20, help="random points of each kind")
    count = parser.parse_args().points
    engines: dict[str, Any] = {"ours": eager}
    names = {"numpy": "NumPy", "native": "native"}
    engines |= {f"ours, {names[backend]}": compiled(backend) for backend in BACKENDS}
    peers = [peer for peer in (with_torch(), with_jax()) if peer]
    engines |= dict(peers)
    import numpy

    counts = [len(ROWS[name].sample(count)) for name in OPS]
    text = PAGE_TEXT.format(
        limits=", ".join(f"{WORDS[order]} {limit} ulp" for order, limit in LIMITS.items()),
        exceptions="\n".join(exceptions()),
        tail=f"{subnormal_tail():.1f}",
        count=f"{min(counts)} to {max(counts)}",
        table="\n".join(table(engines, count)),
        named="\n".join(named({name: engines[name] for name in ("ours", *dict(peers))})),
        versions=", ".join([f"NumPy {numpy.__version__}", *dict(peers)]),
        machine=f"{platform.system()} {platform.machine()} ({' '.join(platform.libc_ver())})",
        python=platform.python_version(),
    )
    PAGE.write_text(text, encoding="utf-8")
    print(f"{PAGE.name}: {len(OPS)} ops, worst of {math.fsum(counts):.0f} points")


if __name__ == "__main__":
    main()
