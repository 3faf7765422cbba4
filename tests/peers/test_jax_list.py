"""Our ops where JAX tests the derivatives of its own scalar functions.

JAX keeps, in tests/lax_autodiff_test.py of its repository, a list of functions with a random range
for each (LAX_GRAD_OPS) and a list of special points (LAX_GRAD_SPECIAL_VALUE_TESTS), and checks
first and second derivatives there with finite differences. Here the functions that we have are
asked on the same ranges and at the same points: against our own finite differences, and, where JAX
is installed, against its numbers.
"""

import math
import random
import warnings

import pytest

import autodiff as ad

# JAX's ranges of random arguments, in our words: a normal number of that scale; its size; that size
# moved away from zero; or between two bounds.
RANGES = {
    "default": lambda rng: rng.gauss(0, 3),
    "small": lambda rng: rng.gauss(0, 1e-3),
    "positive": lambda rng: abs(rng.gauss(0, 2)) + 0.05,
    "not small": lambda rng: math.copysign(10 + abs(rng.gauss(0, 3)), rng.random() - 0.5),
    "up to 1.3": lambda rng: rng.uniform(-1.3, 1.3),
}

# Ours, the name in jax.lax, how many arguments, their range.
LIST = {
    "neg": (lambda x: -x, 1, "default"),
    "exp": (ad.exp, 1, "small"),
    "exp2": (lambda x: 2.0**x, 1, "small"),
    "expm1": (ad.expm1, 1, "default"),
    "log": (ad.log, 1, "positive"),
    "log1p": (ad.log1p, 1, "positive"),
    "sinh": (ad.sinh, 1, "default"),
    "cosh": (ad.cosh, 1, "default"),
    "tanh": (ad.tanh, 1, "default"),
    "sin": (ad.sin, 1, "default"),
    "cos": (ad.cos, 1, "default"),
    "tan": (ad.tan, 1, "up to 1.3"),
    "asin": (ad.asin, 1, "up to 1.3"),
    "acos": (ad.acos, 1, "up to 1.3"),
    "atan2": (ad.atan2, 2, "default"),
    "erf": (ad.erf, 1, "small"),
    "erfc": (ad.erfc, 1, "small"),
    "abs": (ad.absolute, 1, "positive"),
    "pow": (lambda x, y: x**y, 2, "positive"),
    "sqrt": (ad.sqrt, 1, "positive"),
    "rsqrt": (lambda x: x**-0.5, 1, "positive"),
    "cbrt": (ad.cbrt, 1, "not small"),
    "logistic": (ad.sigmoid, 1, "default"),
    "add": (lambda x, y: x + y, 2, "default"),
    "sub": (lambda x, y: x - y, 2, "default"),
    "mul": (lambda x, y: x * y, 2, "default"),
    "div": (lambda x, y: x / y, 2, "not small"),
    "max": (ad.maximum, 2, "default"),
    "min": (ad.minimum, 2, "default"),
}
SPECIAL = {
    "sinh": [0.0],
    "cosh": [0.0],
    "tanh": [0.0, 1000.0],
    "sin": [0.0, math.pi, math.pi / 2, math.pi / 4],
    "cos": [0.0, math.pi, math.pi / 2, math.pi / 4],
    "tan": [0.0],
    "asin": [0.0],
    "acos": [0.0],
    "atan": [0.0, 1000.0],
    "erf": [0.0, 10.0],
    "erfc": [0.0, 10.0],
}
FUNCTIONS = {name: (f, arity) for name, (f, arity, _) in LIST.items()} | {"atan": (ad.atan, 1)}


def cases():
    for name, (_, arity, kind) in LIST.items():
        rng = random.Random(name)
        points = [tuple(RANGES[kind](rng) for _ in range(arity)) for _ in range(12)]
        points += [(x,) for x in SPECIAL.get(name, ())]
        yield pytest.param(name, points, id=name)
    yield pytest.param("atan", [(x,) for x in SPECIAL["atan"]], id="atan")


def derivatives(name, point):
    """Value, gradient, Hessian of ours."""
    f, _ = FUNCTIONS[name]
    leaves = [ad.Value(x) for x in point]
    y = f(*leaves)
    slopes = ad.grad(y, leaves)
    return [y.data], [s.data for s in slopes], [h.data for s in slopes for h in ad.grad(s, leaves)]


@pytest.mark.parametrize(("name", "points"), list(cases()))
def test_finite_differences(name, points):
    f, _ = FUNCTIONS[name]
    for point in points:
        if not any(map(math.isnan, derivatives(name, point)[0])):
            assert ad.check_gradient(f, *point), ad.check_gradient(f, *point)


@pytest.fixture(scope="module")
def lax():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        jax = pytest.importorskip("jax", reason="JAX is not installed")
    jax.config.update("jax_enable_x64", True)
    return jax


@pytest.mark.parametrize(("name", "points"), list(cases()))
def test_jax(name, points, lax):
    _, arity = FUNCTIONS[name]
    f = getattr(lax.lax, name)
    arguments = tuple(range(arity))
    verbs = [f, lax.grad(f, arguments), lax.hessian(f, arguments)]
    for point in points:
        theirs = [lax.tree_util.tree_leaves(verb(*point)) for verb in verbs]
        for order, (a, b) in enumerate(zip(derivatives(name, point), theirs, strict=True)):
            b = [float(x) for x in b]
            scale = max([1e-300, *(abs(x) for x in b if math.isfinite(x))])
            assert a == pytest.approx(b, rel=1e-10, abs=1e-12 * scale, nan_ok=True), (order, point)
