"""Every op of the table against mpmath: no digit is lost, anywhere.

An error is counted in ulps of the exact result: a value may be off by 4, a gradient by 8, a second
derivative by 32, at every point where the exact result is a float64, from subnormal numbers to the
ends of the range.  `EXCEPTIONS` names the few places that are excused, and why.  A row that is
added to the table has to have a row of the oracle as well.
"""

import itertools
import math
from dataclasses import dataclass

import pytest
from mpmath import mp, mpf
from oracle import MULLER, ROWS, SMALLEST_NORMAL, exact, pairs, representable, ulps

import autodiff as ad
from autodiff.op import TABLE
from autodiff.value import topological

LIMITS = {"value": 4, "gradient": 8, "second": 32}


@dataclass(frozen=True)
class Exception_:
    kind: str
    limit: float
    reason: str
    at: object = lambda *point: True


EXCEPTIONS = {}


def allowed(name, kind, point):
    """The ulps allowed to an op at a point."""
    for exception in EXCEPTIONS.get(name, ()):
        if exception.kind == kind and exception.at(*point):
            return exception.limit
    return LIMITS[kind]


def record(row, name, point):
    """y and the inputs that vary, recorded at a point; the others stay plain numbers."""
    inputs = [ad.Value(number) for number in point[: row.varying]]
    operands = [*inputs, *point[row.varying :]]
    op = TABLE[name]
    return (op(operands) if row.takes_list else op(*operands)), inputs


def measure(row, name, point):
    """(kind, which, computed, exact) for each number that this op has at this point."""
    value, first, second = exact(row, point)
    y, inputs = record(row, name, point)
    y.backward()
    yield "value", "", y.data, value
    for i, leaf in enumerate(inputs):
        yield "gradient", i, leaf.grad, first[i]
    slopes = ad.grad(y, inputs)
    for i, j in pairs(range(len(inputs))):
        yield "second", (i, j), ad.grad(slopes[i], inputs[j]).data, second[i, j]


def complaints(name, count, seed=0):
    row = ROWS[name]
    for point in row.sample(count, seed):
        for kind, which, computed, number in measure(row, name, point):
            if representable(number):
                error = ulps(computed, number)
                if error > allowed(name, kind, point):
                    yield error, (
                        f"{kind} {which} of {name}{point}: {computed!r}, "
                        f"exact {mp.nstr(number, 20)}, {error:.3g} ulp"
                    )


def report(found):
    found = sorted(found, reverse=True)
    lines = [text for _, text in found[:12]]
    return f"{len(found)} numbers are off, the worst:\n" + "\n".join(lines)


@pytest.mark.parametrize("name", ROWS)
def test_value_gradient_and_second_derivative(name):
    found = list(complaints(name, count=4))
    assert not found, report(found)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(1, 5))
@pytest.mark.parametrize("name", ROWS)
def test_campaign(name, seed):
    found = list(complaints(name, count=150, seed=seed))
    assert not found, report(found)


def test_every_op_has_an_oracle_row():
    """A new row of the table is a new row here: the definition in mpmath and its points."""
    assert set(TABLE) <= set(ROWS), f"no oracle row for {sorted(set(TABLE) - set(ROWS))}"
