"""Our ops at the inputs that PyTorch tests its own elementwise operations with.

`torch.testing._internal` lists every operation with sample inputs and, for elementwise ones, with
reference inputs: everyday, small, large and extremal numbers in all combinations. They are asked
element by element, in float64: value, gradient by each argument, second derivatives. Where torch
and we differ, either the oracle (mpmath) finds our number right and torch has lost the digits, or
the difference is a convention, and `CONVENTIONS` names it and says why.
"""

import math
import random
import warnings

import pytest
from bounds import GRADIENT, SECOND, VALUE, complaint
from mpmath import mp
from oracle import (
    ROWS,
    Row,
    exact,
    normal,
    pairs,
    real,
    representable,
    softplus as softplus_jet,
    tanh,
)

import autodiff as ad

pytest.importorskip("expecttest", reason="PyTorch's list of operations needs expecttest")
torch = pytest.importorskip("torch", reason="PyTorch is not installed")
pytestmark = pytest.mark.slow  # torch makes large tensors for every sample

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from torch.testing._internal.common_methods_invocations import op_db

EACH, MOST = 50, 300  # points drawn from one sample, and in all


def plain(f):
    """The function itself, whatever the keywords say (a rounding mode of None)."""
    return lambda **_: f


def scaled(f):
    """x + alpha * y, where alpha may be given."""
    return lambda alpha=1, **_: lambda x, y: f(x, y if alpha == 1 else alpha * y)


def softplus(beta=1, threshold=20, **_):
    """torch's function is x itself beyond a threshold."""

    def function(x):
        smooth = ad.softplus(beta * x) * (1 / beta)
        return ad.where(ad.less(threshold, beta * x), x, smooth)

    return function


def rsub(alpha=1, **_):
    return lambda x, y: y - alpha * x


def elu(alpha=1.0, **_):
    return lambda x: ad.elu(x, float(alpha))


def leaky_relu(negative_slope=0.01, **_):
    return lambda x: ad.leaky_relu(x, float(negative_slope))


def hardtanh(min_val=-1.0, max_val=1.0, **_):
    return lambda x: ad.clamp(x, float(min_val), float(max_val))


def gelu(approximate="none", **_):
    return ad.gelu if approximate == "none" else ad.gelu_tanh


def celu(alpha=1.0, **_):
    return lambda x: ad.maximum(x, 0.0) + ad.minimum(alpha * ad.expm1(x * (1 / alpha)), 0.0)


# Ours for an operation of the list, made from the keywords of a sample; and the row of our table
# that it is, where the oracle can be asked.
OURS = {
    "abs": (plain(ad.absolute), "absolute"),
    "acos": (plain(ad.acos), "acos"),
    "acosh": (plain(ad.acosh), "acosh"),
    "add": (scaled(lambda x, y: x + y), ""),
    "asin": (plain(ad.asin), "asin"),
    "asinh": (plain(ad.asinh), "asinh"),
    "atan": (plain(ad.atan), "atan"),
    "atan2": (plain(ad.atan2), "atan2"),
    "atanh": (plain(ad.atanh), "atanh"),
    "cos": (plain(ad.cos), "cos"),
    "cosh": (plain(ad.cosh), "cosh"),
    "div": (plain(lambda x, y: x / y), "div"),
    "true_divide": (plain(lambda x, y: x / y), "div"),
    "__rdiv__": (plain(lambda x, y: y / x), ""),
    "erf": (plain(ad.erf), "erf"),
    "erfc": (plain(ad.erfc), "erfc"),
    "exp": (plain(ad.exp), "exp"),
    "exp2": (plain(lambda x: 2.0**x), ""),
    "expm1": (plain(ad.expm1), "expm1"),
    "hypot": (plain(ad.hypot), "hypot"),
    "log": (plain(ad.log), "log"),
    "log10": (plain(ad.log10), "log10"),
    "log1p": (plain(ad.log1p), "log1p"),
    "log2": (plain(ad.log2), "log2"),
    "logaddexp": (plain(ad.logaddexp), "logaddexp"),
    "maximum": (plain(ad.maximum), "maximum"),
    "minimum": (plain(ad.minimum), "minimum"),
    "clamp_min": (plain(ad.maximum), "maximum"),
    "clamp_max": (plain(ad.minimum), "minimum"),
    "mul": (plain(lambda x, y: x * y), "mul"),
    "__rmul__": (plain(lambda x, y: y * x), "mul"),
    "__radd__": (plain(lambda x, y: y + x), ""),
    "__rsub__": (plain(lambda x, y: y - x), ""),
    "__rpow__": (plain(lambda x, y: y**x), ""),
    "neg": (plain(lambda x: -x), "neg"),
    "pow": (plain(lambda x, y: x**y), "power"),
    "float_power": (plain(lambda x, y: x**y), "power"),
    "positive": (plain(lambda x: +x), "alias"),
    "reciprocal": (plain(ad.reciprocal), "reciprocal"),
    "rsqrt": (plain(lambda x: x**-0.5), ""),
    "rsub": (rsub, ""),
    "sgn": (plain(ad.sign), "sign"),
    "sigmoid": (plain(ad.sigmoid), "sigmoid"),
    "sign": (plain(ad.sign), "sign"),
    "sin": (plain(ad.sin), "sin"),
    "sinh": (plain(ad.sinh), "sinh"),
    "sqrt": (plain(ad.sqrt), "sqrt"),
    "square": (plain(ad.square), "square"),
    "sub": (scaled(lambda x, y: x - y), ""),
    "tan": (plain(ad.tan), "tan"),
    "tanh": (plain(ad.tanh), "tanh"),
    "nn.functional.celu": (celu, ""),
    "nn.functional.elu": (elu, "elu"),
    "nn.functional.gelu": (gelu, "gelu"),
    "nn.functional.hardtanh": (hardtanh, ""),
    "nn.functional.leaky_relu": (leaky_relu, "leaky_relu"),
    "nn.functional.logsigmoid": (plain(ad.logsigmoid), "logsigmoid"),
    "nn.functional.mish": (plain(lambda x: x * ad.tanh(ad.softplus(x))), "mish"),
    "nn.functional.relu": (plain(ad.relu), "relu"),
    "nn.functional.relu6": (plain(lambda x: ad.clamp(x, 0.0, 6.0)), ""),
    "nn.functional.silu": (plain(ad.silu), "silu"),
    "nn.functional.softplus": (softplus, ""),
    "nn.functional.softsign": (plain(ad.softsign), "softsign"),
    "nn.functional.tanhshrink": (plain(lambda x: x - ad.tanh(x)), "tanhshrink"),
    "special.ndtr": (plain(lambda x: 0.5 * ad.erfc(x * -math.sqrt(0.5))), "ndtr"),
}
# Compositions that are no rows of our table, for the oracle.
COMPOSED = {
    "mish": Row(lambda x: x * tanh(softplus_jet(x)), real()),
    "tanhshrink": Row(lambda x: x - tanh(x), real()),
    "ndtr": Row(normal, real()),
}

# Where we differ from torch by convention (see docs/ops.md and tests/data/edges.csv).
NAN = "a nan gives a nan gradient at a kink too, and sign(nan) is nan"
OUTSIDE = "outside the domain the gradient is nan, as the value is"
TIE = "a tie is split evenly; torch's clamp_min and clamp_max give all to x"
LIMIT = "at an infinity the limit of the function, where torch meets inf * 0"
KINK = "at the kink of elu, alpha not 1, the second derivative of the left side"
ZERO = "x**y at a zero or infinite x, where torch's second derivative meets 0 * log(0)"
SINGLE = "torch rounds 1/alpha to single precision"

CONVENTIONS = {
    NAN: lambda row, y: any(map(math.isnan, row)),
    OUTSIDE: lambda row, y: math.isnan(y),
    TIE: lambda row, y: len(row) == 2 and row[0] == row[1],
    LIMIT: lambda row, y: any(map(math.isinf, row)),
    KINK: lambda row, y: row == (0.0,),
    ZERO: lambda row, y: any(x == 0.0 or math.isinf(x) for x in row),
    SINGLE: lambda row, y: row[0] < 0.0,
}
DIFFER = {
    **{key: {NAN} for key in ["abs", "sign", "sgn", "maximum", "minimum", "clamp_max"]},
    **{key: {NAN} for key in ["nn.functional.relu", "nn.functional.relu6"]},
    **{key: {OUTSIDE} for key in ["acosh", "atanh", "log", "log1p", "log2", "log10"]},
    **{key: {LIMIT} for key in ["nn.functional.silu", "nn.functional.softsign", "rsqrt"]},
    **{key: {ZERO} for key in ["pow", "float_power", "__rpow__"]},
    "clamp_min": {NAN, TIE},
    "nn.functional.hardtanh": {NAN},
    "nn.functional.elu": {KINK},
    "nn.functional.celu": {SINGLE},
}

OPERATIONS = [
    op for op in op_db if op.name in OURS and op.variant_test_name in ("", "no_rounding_mode")
]


def samples(op):
    """(keywords, tensors of one shape) for each sample of an operation; scalars become tensors."""
    for inputs in (op.sample_inputs, op.reference_inputs):
        for sample in inputs("cpu", torch.float64, requires_grad=False):
            arguments = [sample.input, *sample.args]
            keywords = dict(sample.kwargs)
            for name in ("other", "exponent"):  # an operand that is passed by its name
                if name in keywords:
                    arguments.append(keywords.pop(name))
            if any(isinstance(x, torch.Tensor) and x.dtype.is_complex for x in arguments):
                continue
            if not all(isinstance(x, torch.Tensor | float | int) for x in arguments):
                continue
            numbers = [torch.as_tensor(x, dtype=torch.float64) for x in arguments]
            yield keywords, [x.reshape(-1) for x in torch.broadcast_tensors(*numbers)]


def points(op):
    """(keywords, points) of an operation; of a large sample and of many samples, some are drawn."""
    found = {}
    rng = random.Random(op.name)
    for keywords, columns in samples(op):
        count = len(columns[0])
        drawn = torch.tensor(rng.sample(range(count), min(EACH, count)), dtype=torch.int64)
        rows = zip(*(column[drawn].tolist() for column in columns), strict=True)
        found.setdefault(tuple(sorted(keywords.items())), {}).update(dict.fromkeys(rows))
    for keywords, rows in found.items():
        yield dict(keywords), rng.sample(list(rows), min(MOST, len(rows)))


# ---------------------------------------------------------------- both engines


def torchs(op, keywords, rows):
    """For each row: value, gradients, second derivatives, as torch computes them."""
    leaves = [
        torch.tensor(column, dtype=torch.float64, requires_grad=True)
        for column in zip(*rows, strict=True)
    ]
    out = op.op(*leaves, **keywords)
    columns = [out, *derivatives_of(out, leaves, create_graph=True)]
    for i, slope in enumerate(columns[1 : len(leaves) + 1]):
        columns += derivatives_of(slope, leaves)[i:]
    return list(zip(*(column.tolist() for column in columns), strict=True))


def derivatives_of(out, leaves, create_graph=False):
    if not out.requires_grad:
        return [torch.zeros_like(leaf) for leaf in leaves]
    slopes = torch.autograd.grad(
        out, leaves, torch.ones_like(out), create_graph=create_graph, retain_graph=True,
        allow_unused=True,
    )  # fmt: skip
    return [
        torch.zeros_like(leaf) if slope is None else slope + 0.0  # gives torch's lazy zeros numbers
        for leaf, slope in zip(leaves, slopes, strict=True)
    ]


def ours(function, row):
    leaves = [ad.Value(x) for x in row]
    y = function(*leaves)
    slopes = ad.grad(y, leaves)
    seconds = [ad.grad(slopes[i], leaves[j]) for i, j in pairs(range(len(row)))]
    return [y.data, *(x.data for x in slopes + seconds)]


def orders(n):
    """(order, which) of the numbers of a row of n arguments, as the oracle names them."""
    return [
        (VALUE, ""),
        *((GRADIENT, i) for i in range(n)),
        *((SECOND, ij) for ij in pairs(range(n))),
    ]


def same(a, b):
    if math.isnan(a) or math.isnan(b):
        return math.isnan(a) and math.isnan(b)
    return a == b or math.isclose(a, b, rel_tol=1e-10, abs_tol=5e-324)


def oracle_is_with_us(name, row, order, which, number):
    """Whether our number is right, so that what torch has lost are digits."""
    if not name or not all(map(math.isfinite, row)):
        return False
    try:
        value, first, second = exact(ROWS[name] if name in ROWS else COMPOSED[name], row)
    except (ArithmeticError, ValueError, TypeError, KeyError):
        return False
    truth = value if which == "" else first[which] if order == GRADIENT else second[which]
    if not representable(truth):
        return False
    close = mp.almosteq(number, truth, 1e-10, 5e-324)
    return bool(close) or (name in ROWS and not complaint(name, row, order, which, number, truth))


def differences(op):
    """(convention, text) for each number that is neither the same nor one that torch has lost."""
    made, name = OURS[op.name]
    torch.manual_seed(0)
    for keywords, rows in points(op):
        function, numbers = made(**keywords), orders(len(rows[0]))
        for row, theirs in zip(rows, torchs(op, keywords, rows), strict=True):
            found = ours(function, row)
            for (order, which), a, b in zip(numbers, found, theirs, strict=True):
                if not same(a, b) and not oracle_is_with_us(name, row, order, which, a):
                    why = [c for c in DIFFER.get(op.name, ()) if CONVENTIONS[c](row, found[0])]
                    text = f"order {order} {which} at {row} {keywords}: {a!r}, torch {b!r}"
                    yield min(why, default=""), text


@pytest.mark.parametrize("op", [pytest.param(op, id=op.name) for op in OPERATIONS])
def test_sample_inputs(op):
    found = {}
    for why, text in differences(op):
        found.setdefault(why, []).append(text)
    assert "" not in found, "\n".join(found[""][:10])
    assert set(found) == DIFFER.get(op.name, set()), (
        "a convention is named that makes no difference"
    )


def test_every_operation_of_ours_is_in_the_list():
    assert set(OURS) == {op.name for op in OPERATIONS}
    assert set(DIFFER) <= set(OURS)
