"""A lowering is its row: the same function in op vocabulary, with the same limits and edges.

Called with floats a lowering computes, so it is held against the row's own forward, at special
numbers and at those of the oracle, and against mpmath within the bounds of the row itself.
"""

import itertools
import math
import random
from inspect import signature

import pytest
from bounds import allowed
from oracle import ROWS, exact, representable, ulps
from rows import user_rows
from test_accuracy import NAMES, SLOPES

import autodiff as ad
from autodiff.export import LANGUAGES, export
from autodiff.export.lowering import INLINED, LOWERED
from autodiff.export.statements import function_body
from autodiff.op import TABLE

SPECIAL = [
    *(0.0, -0.0, math.inf, -math.inf, math.nan, 5e-324, 1e-310, -1e-200, 1e-155, 1e155, -1e200),
    *(0.3, -0.25, 0.5, 1.0, -1.0, 2.0, -3.0, 13.0, -12.5, 24.0, -24.0, 40.0, -40.0, 61.0, -61.0),
    *(700.5, -700.5, -750.0, -1491.0, 1e308, -1.7e308),
]
HERE = [name for name in NAMES if name in LOWERED]


def test_every_row_is_spelled_or_lowered():
    for language in LANGUAGES.values():
        missing = set(NAMES) - language.spelled - set(LOWERED)
        assert not missing, f"{language.name} cannot say {missing}: add a lowering"


def special_points(name):
    count = TABLE[name].arity or (4 if name == "inner" else 3)
    step = {1: 1, 2: 1, 3: 2, 4: 4}[count]
    return itertools.product(SPECIAL[::step], repeat=count)


def alike(found, right, most=16):
    if math.isnan(right):
        return math.isnan(found)
    if math.isinf(right) or right == 0.0:
        return found == right
    return abs(found - right) <= most * math.ulp(right)


@pytest.mark.parametrize("name", HERE)
def test_a_lowering_is_its_row_at_special_numbers(name):
    lowered, forward = LOWERED[name], TABLE[name].forward
    for point in special_points(name):
        found, right = lowered(*point), forward(*point)
        assert alike(found, right), f"{name}{point}: {found!r}, the row {right!r}"


@pytest.mark.parametrize("name", HERE)
def test_a_lowering_loses_no_digits(name):
    row, order = ROWS[name], SLOPES.get(name, 0)
    for point in row.sample(6, seed=5):
        value = exact(row, point)[0]
        if representable(value):
            limit, scale = allowed(name, order, "", point)
            found = float(LOWERED[name](*map(float, point)))
            assert ulps(found, value, scale) <= limit, f"{name}{point}: {found!r}, exact {value}"


@pytest.mark.parametrize("name", ["erf", "erfc"])
def test_the_error_function_between_its_fits(name):
    """A sum that rounds near a power of two is worst, so there are many points."""
    rng = random.Random(7)
    for low, high in ((-1.0, 0.5), (0.5, 1.2), (1.2, 4.0), (4.0, 26.0)):
        for x in (rng.uniform(low, high) for _ in range(1000)):
            error = ulps(LOWERED[name](x), exact(ROWS[name], (x,))[0])
            assert error <= 4.0, f"{name}({x!r})"


@pytest.mark.parametrize("name", sorted(set(LOWERED) - INLINED))
def test_a_lowering_decides_with_where(name):
    """It can be recorded without a number, and then does not depend on one."""
    named = [
        p for p in signature(LOWERED[name]).parameters.values() if p.kind is p.POSITIONAL_OR_KEYWORD
    ]
    body = function_body(name, len(named) or 3, {"where"})
    assert body.results


def test_rows_of_the_user():
    with user_rows():
        ad.Op("swish_like", lambda x: x * ad.sigmoid(x), [lambda out, x: 1.0])
        ad.Op("cube_like", lambda x: x**3 if x else 0.0, [1.0], formula=lambda x: x * x * x)
        ad.Op("opaque", lambda x: math.tanh(x), [1.0])
        x = ad.Value(0.5, "x")
        assert "function swish_like(x) {" in export(
            ad.Op.__call__(TABLE["swish_like"], x), "x", "javascript"
        )
        assert "x * x * x" in export(TABLE["cube_like"](x), "x", "python")
        with pytest.raises(ValueError, match=r"opaque cannot be exported.*formula="):
            export(TABLE["opaque"](x), "x", "c")
