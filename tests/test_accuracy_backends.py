"""Every op of the table against mpmath on every backend: the bounds of the eager engine hold.

The vectors and the bounds are those of test_accuracy.py.  A compiled program computes a number in
several ways (a whole array, a single row, shared numbers, a batch that is added up), by different
kernels; all of them are asked.
"""

import numpy as np
import pytest
from bounds import SECOND, SLOPES, complaint
from oracle import ROWS, exact, pairs, representable
from ready import every_backend
from test_accuracy import NAMES, record, report

import autodiff as ad
from autodiff.op import TABLE

# Programs leave out gates and run with them only where a number is not finite: a gate holds back
# products with a slope of 0, and nobody writes one.
OPS = [name for name in NAMES if name != "gate"]


def derivatives(row, name, point):
    """(order, which, Value) for an op and its derivatives, and the inputs that vary."""
    order = SLOPES.get(name, 0)
    y, inputs = record(row, name, point)
    slopes = ad.grad(y, inputs)
    outputs = [(order, "", y)]
    outputs += [(order + 1, i, slope) for i, slope in enumerate(slopes)]
    if order == 0:
        outputs += [
            (SECOND, (i, j), ad.grad(slopes[i], inputs[j])) for i, j in pairs(range(row.varying))
        ]
    return outputs, inputs


def as_arrays(row, name, points, backend):
    """(point, order, which, computed) for all points in one call, and for each in a call of its
    own."""
    outputs, inputs = derivatives(row, name, points[0])
    program = ad.compile([y for _, _, y in outputs], inputs, backend=backend)
    varying = np.array([point[: row.varying] for point in points])
    for point, numbers in zip(points, program(varying).tolist(), strict=True):
        for (order, which, _), number in zip(outputs, numbers, strict=True):
            yield point, order, which, number
    for point in points:
        numbers = program(*point[: row.varying])
        for (order, which, _), number in zip(outputs, numbers, strict=True):
            yield point, order, which, number


def as_parameters(row, name, points, backend):
    """The same from `value_and_grad`: of shared numbers, and of rows that are added up."""
    order = SLOPES.get(name, 0)
    y, inputs = record(row, name, points[0])
    shared = ad.compile(y, parameters=inputs, backend=backend)
    zeros = [ad.Value(0.0) for _ in inputs]
    operands = [*(x + zero for x, zero in zip(inputs, zeros, strict=True))]
    operands += points[0][row.varying :]
    op = TABLE[name]
    shifted = op(operands) if row.takes_list else op(*operands)
    batch = ad.compile(shifted, inputs, parameters=zeros, backend=backend)
    for point in points:
        varying = np.array(point[: row.varying])
        found = [shared.value_and_grad(params=varying)]
        value, first, _ = exact(row, point)
        if all(representable(2 * x) for x in (value, *first)):
            # Two equal rows: their sum is exact.
            found.append(batch.value_and_grad(np.stack([varying, varying])))
        for value, gradient in found:
            yield point, order, "", float(value)
            for i, slope in enumerate(gradient.tolist()):
                yield point, order + 1, i, slope


def complaints(name, backend, count, seed=0):
    row = ROWS[name]
    points = row.sample(count, seed)
    for ask in (as_arrays, as_parameters):
        for point, order, which, computed in ask(row, name, points, backend):
            value, first, second = exact(row, point)
            number = value if which == "" else first[which] if type(which) is int else second[which]
            for error, text in complaint(name, point, order, which, computed, number):
                yield error, f"{ask.__name__}: {text}"


@pytest.mark.parametrize("name", OPS)
@every_backend
def test_value_gradient_and_second_derivative(backend, name):
    found = list(complaints(name, backend, count=4))
    assert not found, report(found)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(1, 4))
@pytest.mark.parametrize("name", OPS)
@every_backend
def test_campaign(backend, name, seed):
    found = list(complaints(name, backend, count=100, seed=seed))
    assert not found, report(found)
