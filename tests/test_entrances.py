"""What every public entrance says of a thing that it does not take: in words of its own, not in
those of the Python inside ("'int' object is not iterable").
"""

import re
from collections.abc import Callable
from typing import Any

import pytest

import autodiff as ad
import nn
from autodiff.op import TABLE

FOREIGN = re.compile(
    r"object is not|has no attribute|unsupported operand|not supported between|unhashable|unpack"
    r"|has no len|positional argument|expected str instance|could not convert|float\(\) argument"
)
GIVEN: dict[str, Any] = {
    "a number": 3,
    "nothing": None,
    "a text": "zz",
    "texts": ["zz", "qq"],
    "numbers": [3, 4],
    "a nested list": [[3]],
    "five": [3, 4, 5, 6, 7],
    "an empty list": [],
    "a dict": {"zz": 3},
    "an object": object(),
}

W, X = ad.values("w x", [0.5, 2.0])
Y = (W * X).sigmoid().named("y")
MODEL = nn.MLP(2, [2, 1])
ROWS, TARGETS = [[0.0, 0.0], [1.0, 1.0]], [0.0, 1.0]


def fit(model: Any = MODEL, X: Any = ROWS, y: Any = TARGETS, **options: Any) -> nn.History:
    return nn.fit(model, X, y, **{"rate": 0.1, "epochs": 1, "progress": False} | options)


HISTORY = fit()

AUTODIFF: dict[str, list[Callable[[Any], Any]]] = {
    "Op": [],  # `autodiff.op` is tested in test_op.py
    "ParseError": [],
    "Program": [],  # made by `compile` alone
    "no_record": [],
    "strict": [],
    "Value": [lambda g: ad.Value(g), lambda g: ad.Value(1.0, g)],
    "derivative": [
        lambda g: ad.derivative(g, W),
        lambda g: ad.derivative(Y, g),
        lambda g: ad.derivative(Y, W, g),
    ],
    "grad": [lambda g: ad.grad(g, W), lambda g: ad.grad(Y, g)],
    "hessian": [lambda g: ad.hessian(g, [W]), lambda g: ad.hessian(Y, g)],
    "hvp": [
        lambda g: ad.hvp(g, [W], [1.0]),
        lambda g: ad.hvp(Y, g, [1.0]),
        lambda g: ad.hvp(Y, [W], g),
    ],
    "jacobian": [lambda g: ad.jacobian(g, [W]), lambda g: ad.jacobian([Y], g)],
    "jvp": [
        lambda g: ad.jvp(g, [W], [1.0]),
        lambda g: ad.jvp(Y, g, [1.0]),
        lambda g: ad.jvp(Y, [W], g),
    ],
    "name_all": [lambda g: ad.name_all(g)],
    "values": [lambda g: ad.values(g, [1.0]), lambda g: ad.values("a", g)],
    "zero_grad": [lambda g: ad.zero_grad(g)],
    "check_formula": [
        lambda g: ad.check_formula(g, W, "1"),
        lambda g: ad.check_formula(Y, g, "1"),
        lambda g: ad.check_formula(Y, W, g),
        lambda g: ad.check_formula(Y, W, "x", names=g),
    ],
    "check_gradient": [
        lambda g: ad.check_gradient(g, [W]),
        lambda g: ad.check_gradient(Y, g),
        lambda g: ad.check_gradient(Y, [W], order=g),
        lambda g: ad.check_gradient(ad.exp, 1.0, names=g),
    ],
    "compile": [
        lambda g: ad.compile(g, [X]),
        lambda g: ad.compile(Y, g),
        lambda g: ad.compile(lambda *xs: ad.sum([1.0, *xs]), g),
        lambda g: ad.compile(Y, [X], parameters=g),
        lambda g: ad.compile(Y, [X], backend=g),
    ],
    "compile_cached": [
        lambda g: ad.compile_cached(g, [W]),
        lambda g: ad.compile_cached(lambda: Y, g),
        lambda g: ad.compile_cached(lambda: Y, [W], data=g),
        lambda g: ad.compile_cached(lambda: Y, [W], threshold=g),
        lambda g: ad.compile_cached(lambda: Y, [W], maxsize=g),
    ],
    "derive": [
        lambda g: ad.derive(g, W),
        lambda g: ad.derive(Y, g),
        lambda g: ad.derive(Y, W, form=g),
        lambda g: ad.derive(Y, W, order=g),
        lambda g: ad.derive(Y, W, rate=g),
        lambda g: ad.derive(Y, W, through=g),
        lambda g: ad.derive(Y, W, stop=g),
        lambda g: ad.derive(Y, W, digits=g),
    ],
    "draw": [
        lambda g: ad.draw(g),
        lambda g: ad.draw(Y, g),
        lambda g: ad.draw(Y, edges=g),
        lambda g: ad.draw(Y, names=g),
    ],
    "explain_step": [
        lambda g: ad.explain_step(g, [W], 0.1),
        lambda g: ad.explain_step(Y, g, 0.1),
        lambda g: ad.explain_step(Y, [W], g),
        lambda g: ad.explain_step(Y, [W, X], 0.1, freeze=g),
    ],
    "explore": [
        lambda g: ad.explore(g),
        lambda g: ad.explore(Y, weights=g),
        lambda g: ad.explore(Y, rate=g),
        lambda g: ad.explore(Y, names=g),
    ],
    "export": [
        lambda g: ad.export(g, [X]),
        lambda g: ad.export(Y, g),
        lambda g: ad.export(Y, [X], to=g),
        lambda g: ad.export(Y, [X], name=g),
    ],
    "first_nonfinite": [lambda g: ad.first_nonfinite(g)],
    "parse": [lambda g: ad.parse(g), lambda g: ad.parse("a + 1", a=g)],
    "parse_lines": [lambda g: ad.parse_lines(g), lambda g: ad.parse_lines("b = a + 1", a=g)],
    "dot": [lambda g: ad.dot(g, [1.0]), lambda g: ad.dot([W], g)],
    "softmax": [lambda g: ad.softmax(g)],
}
MODULES = {"MLP": nn.MLP, "Layer": nn.Layer}
LOSSES = [
    "half_squared_error",
    "performance",
    "mse",
    "mae",
    "huber",
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "cross_entropy",
    "hinge",
]
OPTIMIZERS = ["Optimizer", "SGD", "Adagrad", "RMSProp", "Adam", "AdamW"]


def of_loss(name: str) -> list[Callable[[Any], Any]]:
    loss = getattr(nn, name)
    return [lambda g: loss(g, [1.0]), lambda g: loss([W], g), lambda g: loss([W, X], g)]


def of_optimizer(name: str) -> list[Callable[[Any], Any]]:
    kind = getattr(nn, name)
    return [lambda g: kind(g, 0.1), lambda g: kind([W], g), lambda g: kind([W], 0.1, freeze=g)]


NN: dict[str, list[Callable[[Any], Any]]] = {
    "LOSSES": [],
    "OPTIMIZERS": [],
    "History": [],  # returned by `fit`
    "datasets": [],  # tested in test_datasets.py
    "MLP": [
        lambda g: nn.MLP(g, [1]),
        lambda g: nn.MLP(2, g),
        lambda g: nn.MLP(2, [1], activation=g),
        lambda g: nn.MLP(2, [1], weights=g),
        lambda g: nn.MLP(2, [1], biases=g),
        lambda g: nn.MLP(2, [1], names=g),
        lambda g: nn.MLP(2, [1], seed=g),
        MODEL,
        MODEL.predict,
    ],
    "Layer": [
        lambda g: nn.Layer(g, 1),
        lambda g: nn.Layer(2, g),
        lambda g: nn.Layer(2, 1, weights=g),
        lambda g: nn.Layer(2, 1, biases=g),
        nn.Layer(2, 1),
    ],
    "Neuron": [
        lambda g: nn.Neuron(g),
        lambda g: nn.Neuron(2, weights=g),
        lambda g: nn.Neuron(2, bias=g),
        nn.Neuron(2),
    ],
    **{name: of_loss(name) for name in LOSSES},
    **{name: of_optimizer(name) for name in OPTIMIZERS},
    "l1_penalty": [lambda g: nn.l1_penalty(g, 0.1), lambda g: nn.l1_penalty([W], g)],
    "l2_penalty": [lambda g: nn.l2_penalty(g, 0.1), lambda g: nn.l2_penalty([W], g)],
    "gradient_norm": [lambda g: nn.gradient_norm(g)],
    "clip_norm": [lambda g: nn.clip_norm(g, 1.0), lambda g: nn.clip_norm([W], g)],
    "clip_value": [lambda g: nn.clip_value(g, 1.0), lambda g: nn.clip_value([W], g)],
    "fit": [
        lambda g: fit(g),
        lambda g: fit(X=g),
        lambda g: fit(y=g),
        *(
            lambda g, option=option: fit(**{option: g})
            for option in (
                "loss optimizer rate epochs batch_size seed validation callbacks patience".split()
            )
        ),
    ],
    "minimize": [
        lambda g: nn.minimize(g, [W], 0.0, steps=1),
        lambda g: nn.minimize(Y, g, 0.0, steps=1),
        lambda g: nn.minimize(Y, [W], g, steps=0),
        lambda g: nn.minimize(Y, [W], 0.0, g, steps=1),
        lambda g: nn.minimize(Y, [W], 0.0, steps=g),
        lambda g: nn.minimize(Y, [W], 0.0, steps=1, optimizer=g),
    ],
    "accuracy": [
        lambda g: nn.accuracy(g, ROWS, TARGETS),
        lambda g: nn.accuracy(MODEL, g, TARGETS),
        lambda g: nn.accuracy(MODEL, ROWS, g),
        lambda g: nn.accuracy(MODEL, ROWS, TARGETS, threshold=g),
    ],
    "diagnose": [
        lambda g: nn.diagnose(g, ROWS, TARGETS),
        lambda g: nn.diagnose(MODEL, g, TARGETS),
        lambda g: nn.diagnose(MODEL, ROWS, g),
    ],
    "playground": [
        lambda g: nn.playground(g, ROWS, TARGETS),
        lambda g: nn.playground(MODEL, g, TARGETS),
        lambda g: nn.playground(MODEL, ROWS, g),
        lambda g: nn.playground(MODEL, ROWS, TARGETS, rate=g),
    ],
    "save": [lambda g: nn.save(g, "model.json")],
    "load": [],  # of paths, which Python's own words are about
    "load_checkpoint": [],
    "save_checkpoint": [
        lambda g: nn.save_checkpoint(g, HISTORY, "state.json"),
        lambda g: nn.save_checkpoint(MODEL, g, "state.json"),
    ],
}
CALLS = [
    pytest.param(call, given, id=f"{name}-{i}-{what}")
    for name, calls in (AUTODIFF | NN).items()
    for i, call in enumerate(calls)
    for what, given in GIVEN.items()
]


def test_every_public_name_is_here() -> None:
    """Rows of the table of ops take numbers and Values; test_op.py has what they say."""
    ops = {name for row in TABLE.values() for name in (row.name, *row.aliases)}
    builtin = {"compile"}  # which `import *` leaves alone
    assert set(ad.__all__) - ops == set(AUTODIFF) - builtin
    assert set(nn.__all__) == set(NN)


@pytest.mark.parametrize(("call", "given"), CALLS)
def test_what_is_wrong_is_said(call: Callable[[Any], Any], given: Any, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    said = ""
    try:
        call(given)
    except (TypeError, ValueError) as error:
        said = str(error)
    assert not FOREIGN.search(said)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: ad.compile(3, [X]), "an output is a Value of a graph, not 3 (int)"),
        (lambda: ad.compile("zz", [X]), "an output is a Value of a graph, not 'zz' (str)"),
        (lambda: ad.compile(Y, 3), "a Value or the name of one is wanted, not 3 (int)"),
        (lambda: ad.jvp(None, [X], [1.0]), "a Value is differentiated, not None (NoneType)"),
        (lambda: ad.zero_grad([W, 3]), "zero_grad takes Values, not 3 (int)"),
        (lambda: ad.draw(Y, names=["y"]), "names is a dict from Values to names, not ['y']"),
        (lambda: nn.clip_norm([3.0], 1.0), "parameter 1 is 3.0, a float and not a Value"),
        (lambda: nn.clip_norm(MODEL, 1.0), "give the list model.parameters(), not the model"),
        (lambda: fit(callbacks="zz"), "a callback is a function of an Epoch, not 'zz'"),
        (lambda: fit(validation=[1, 2, 3]), "validation is (X, y) or a fraction, not 3 things"),
        (lambda: nn.accuracy(MODEL, 3, [1]), "X is a list with one entry a sample, not 3"),
        (lambda: nn.minimize(3, [W], 0.1), "minimize goes down a recorded Value, not 3 (int)"),
    ],
)
def test_some_of_it_in_full(call: Callable[[], Any], message: str) -> None:
    with pytest.raises((TypeError, ValueError), match=re.escape(message)):
        call()
