"""Random expression graphs against PyTorch in float64: value, gradients, second derivatives.

Numbers of everyday size, so that neither engine loses digits: what is compared is the chain rule on
shared nodes, ties and kinks. The compiled program is asked for the same numbers.
"""

import pytest
from hypothesis import given, settings, strategies as st

import autodiff as ad

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

UNARY = {
    "neg": (lambda x: -x, lambda x: -x),
    "square": (ad.square, torch.square),
    "exp": (lambda x: ad.exp(ad.tanh(x)), lambda x: torch.exp(torch.tanh(x))),
    "log": (lambda x: ad.log(1.5 + x * x), lambda x: torch.log(1.5 + x * x)),
    "log1p": (lambda x: ad.log1p(x * x), lambda x: torch.log1p(x * x)),
    "sqrt": (lambda x: ad.sqrt(0.5 + x * x), lambda x: torch.sqrt(0.5 + x * x)),
    "reciprocal": (lambda x: 1 / (2 + x * x), lambda x: 1 / (2 + x * x)),
    "power": (lambda x: (1 + x * x) ** 0.75, lambda x: (1 + x * x) ** 0.75),
    "sin": (ad.sin, torch.sin),
    "cos": (ad.cos, torch.cos),
    "atan": (ad.atan, torch.atan),
    "asinh": (ad.asinh, torch.asinh),
    "tanh": (ad.tanh, torch.tanh),
    "erf": (ad.erf, torch.erf),
    "sigmoid": (ad.sigmoid, torch.sigmoid),
    "softplus": (ad.softplus, torch.nn.functional.softplus),
    "silu": (ad.silu, torch.nn.functional.silu),
    "gelu": (ad.gelu, torch.nn.functional.gelu),
    "relu": (ad.relu, torch.relu),
    "abs": (ad.absolute, torch.abs),
    "leaky_relu": (ad.leaky_relu, torch.nn.functional.leaky_relu),
    # moved: at 0 itself its second derivative is that of one side, and we took different ones
    "elu": (lambda x: ad.elu(x + 0.013), lambda x: torch.nn.functional.elu(x + 0.013)),
}
BINARY = {
    "add": (lambda x, y: x + y, lambda x, y: x + y),
    "sub": (lambda x, y: x - y, lambda x, y: x - y),
    "mul": (lambda x, y: x * y, lambda x, y: x * y),
    "div": (lambda x, y: x / (1.5 + y * y), lambda x, y: x / (1.5 + y * y)),
    "maximum": (ad.maximum, torch.maximum),
    "minimum": (ad.minimum, torch.minimum),
    "hypot": (lambda x, y: ad.hypot(1 + x * x, y), lambda x, y: torch.hypot(1 + x * x, y)),
    "atan2": (lambda x, y: ad.atan2(x, 1 + y * y), lambda x, y: torch.atan2(x, 1 + y * y)),
    "logaddexp": (ad.logaddexp, torch.logaddexp),
    "where": (
        lambda x, y: ad.where(ad.less(x, y), x * y, y),
        lambda x, y: torch.where(x < y, x * y, y),
    ),
}
OPS = UNARY | BINARY

numbers = st.integers(-24, 24).map(lambda n: n / 8)
steps = st.tuples(st.sampled_from(sorted(OPS)), st.integers(0, 7), st.integers(0, 7))


def build(which, tanh, plan, inputs):
    """The expression of a plan; each step takes two of the last eight nodes."""
    nodes = list(inputs)
    for name, i, j in plan:
        recent = nodes[-8:]
        a, b = recent[i % len(recent)], recent[j % len(recent)]
        node = OPS[name][which](a) if name in UNARY else OPS[name][which](a, b)
        nodes.append(2 * tanh(node * 0.25) if len(nodes) % 3 == 0 else node)
    return sum(nodes[-3:])


def by_torch(plan, point):
    leaves = [torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in point]
    y = build(1, torch.tanh, plan, leaves)
    slopes = slopes_of(y, leaves, create_graph=True)
    second = [h.item() for slope in slopes for h in slopes_of(slope, leaves)]
    return y.item(), [slope.item() for slope in slopes], second


def slopes_of(y, leaves, create_graph=False):
    if not y.requires_grad:
        return [torch.zeros(()) for _ in leaves]
    return torch.autograd.grad(
        y, leaves, create_graph=create_graph, retain_graph=True, materialize_grads=True
    )


@settings(max_examples=400)
@given(st.lists(steps, min_size=3, max_size=30), st.lists(numbers, min_size=3, max_size=3))
def test_random_graphs(plan, point):
    inputs = ad.values("x1:4", point)
    y = build(0, ad.tanh, plan, inputs)
    slopes = ad.grad(y, inputs)
    value, first, second = by_torch(plan, point)
    assert y.data == pytest.approx(value, rel=1e-10, abs=1e-12)
    agree([s.data for s in slopes], first)
    agree([h.data for s in slopes for h in ad.grad(s, inputs)], second)
    ad.zero_grad(inputs)
    y.backward()
    agree([x.grad for x in inputs], first)


@settings(max_examples=60)
@given(st.lists(steps, min_size=3, max_size=20), st.lists(numbers, min_size=3, max_size=3))
def test_random_programs(plan, point):
    inputs = ad.values("x1:4", [0.3, -0.4, 0.5])
    y = build(0, ad.tanh, plan, inputs)
    value, first, _ = by_torch(plan, point)
    program = ad.compile(y, parameters=inputs)
    found, slopes = program.value_and_grad(params=point)
    assert found == pytest.approx(value, rel=1e-10, abs=1e-12)
    agree(slopes.tolist(), first)


def agree(ours, theirs):
    """To ten digits of the largest of them: a gradient of differences is as good as its terms."""
    size = max(1.0, *map(abs, theirs))
    assert ours == pytest.approx(theirs, rel=1e-10, abs=1e-12 * size)
