"""The matrix form: a layer at a time, for networks whose names say which layer a Value belongs to.

    δ(l) = W(l+1)ᵀ δ(l+1) ⊙ f′(z(l)),   ∂E/∂W(l) = δ(l) a(l-1)ᵀ,   ∂E/∂b(l) = δ(l)

Layers are read off the dotted paths (`hidden.h1.sum_h1` belongs to `hidden`). All numbers come from
the recorded graph; the entry for the weight that was asked for closes the page.
"""

import math
from collections import Counter
from dataclasses import dataclass, field
from operator import mul

from autodiff.formula.alike import Entry, listed
from autodiff.formula.chain import number_of
from autodiff.formula.delta import delta_name
from autodiff.formula.page import (
    Block,
    Factors,
    Item,
    Label,
    Line,
    Matrix,
    Number,
    Partial,
    Piece,
    Remark,
    Words,
)
from autodiff.formula.symbols import symbol
from autodiff.formula.task import Result, Task, equation
from autodiff.formula.terms import Name, plus, times
from autodiff.graph import local_slopes, topological
from autodiff.value import Value


@dataclass(slots=True)
class LayerSums:
    """One layer: its pre-activations z, what the activation of each is, and the weighted sums."""

    name: str
    sums: list[Value] = field(default_factory=list)
    activations: dict[Value, Value] = field(default_factory=dict)  # z -> a = f(z)
    uses: Counter[Value] = field(default_factory=Counter)  # node -> how many sums it goes into

    def sources(self) -> list[Value]:
        """The activations or inputs that the layer's weights multiply, in the order of the first
        sum."""
        return list(dict.fromkeys(s for z in self.sums for s, _ in self.products(z)))

    def products(self, z: Value) -> list[tuple[Value, Value]]:
        """(source, weight) of each product in a weighted sum."""
        pairs: list[tuple[Value, Value]] = []
        seen: set[Value] = set()
        stack = [z]
        while stack:
            node = stack.pop()
            if node in seen:
                continue
            seen.add(node)
            if node.op in ("mul", "inner"):
                for left, right in zip(node.args, node.args[len(node.args) // 2 :], strict=False):
                    if isinstance(left, Value) and isinstance(right, Value):
                        turned = self._is_weight(left, right)
                        pairs.append((right, left) if turned else (left, right))
            elif node.op in ("add", "sum"):
                stack.extend(a for a in reversed(node.args) if isinstance(a, Value))
        return pairs

    def _is_weight(self, left: Value, right: Value) -> bool:
        """Whether the left factor is the weight: it is used once, its source by every neuron."""
        if bool(left.args) != bool(right.args):
            return bool(right.args)
        if not self.uses:
            self.uses.update(node for z in self.sums for node in topological(z))
        users = [self.uses[factor] for factor in (left, right)]
        return users[0] < users[1] or (users[0] == users[1] and _letter(left) == "w")


def _letter(node: Value) -> str:
    return node.name.rpartition(".")[2][:1]


def matrix_form(task: Task) -> Result:
    """Deltas and gradients of whole layers, with shapes and numbers, down to the layer of x."""
    layers = layers_of(task)
    slopes = task.chain.slopes
    own = [z for layer in layers for z in layer.sums if task.x in slopes.get(z, {})]
    if not own or len({id(layer) for layer in layers for z in layer.sums if z in own}) != 1:
        raise ValueError(
            f"the matrix form needs {task.label(task.x)} to be a weight or bias of one layer of a "
            "network whose Values are named layer.neuron.name, as nn.MLP does; "
            "choose form='delta' here"
        )
    number = next(i for i, layer in enumerate(layers) if own[0] in layer.sums)
    items: list[Entry] = []
    known: dict[str, list[str]] = {}  # deltas that stand already, by where
    downwards = layers[::-1]
    for layer, above in zip(downwards[: len(layers) - number], [None, *downwards], strict=False):
        delta = f"δ{_of_sums(task, layer)}"
        where = _shown(task, delta)
        if where:
            known.setdefault(where, []).append(delta)
        else:
            items.append(_delta_block(task, layer, above))
    told = [f"{listed(names, 'deltas')} {where}" for where, names in known.items()]
    layer = layers[number]
    where = _shown(task, f"W{_of_weights(task, layer)}")
    if where:
        told.append(f"gradients of {layer.name} {where}")
    else:
        below = f"a{_of_sums(task, layers[number - 1])}" if number else "x"
        items += _gradient_blocks(task, layer, below)
    if told:
        items.insert(0, Remark(" · ".join(told)))
    deltas = [Name(delta_name(task.label(z)), task.adjoints[z]) for z in own]
    formula = plus(
        *(
            times(d, task.reader.expression(slopes[z][task.x]))
            for d, z in zip(deltas, own, strict=True)
        )
    )
    value = sum(task.adjoints[z] * number_of(slopes[z][task.x]) for z in own)
    entry = Partial(task.label(task.y), task.label(task.x))
    items.append(equation(task, entry, None, formula, value))
    return Result(items, formula, value)


def _shown(task: Task, what: str) -> str:
    """Where a page has shown something of a layer, "as for w1"; notes it where it has not."""
    key = (task.label(task.y), what)
    where = task.shown.get(key, "")
    task.shown.setdefault(key, f"as for {task.label(task.x)}")
    return where


def layers_of(task: Task) -> list[LayerSums]:
    """The layers of the network behind y, inputs first."""
    layers: dict[str, LayerSums] = {}
    for node in topological(task.y):
        name = node.name.partition(".")[0] if "." in node.name and node.args else ""
        if name and node.op != "alias":
            layer = layers.setdefault(name, LayerSums(name))
            below = node.args[0]
            if len(node.args) == 1 and isinstance(below, Value) and below in layer.sums:
                layer.activations[below] = node
            else:
                layer.sums.append(node)
    return list(layers.values())


def _delta_block(task: Task, layer: LayerSums, above: LayerSums | None) -> Block:
    """δ of one layer: from the error for the last layer, through the weights above for the
    others."""
    left = Label(f"δ{_of_sums(task, layer)}")
    deltas = [task.adjoints.get(z, 0.0) for z in layer.sums]
    slopes = [_slope(z, layer) for z in layer.sums]
    z = f"z{_of_sums(task, layer)}"
    sources = [layer.activations.get(s, s) for s in layer.sums]
    if above is None:
        through = [task.adjoints.get(a, 0.0) for a in sources]
        symbols = Words(f"∂{task.label(task.y)}/∂a{_of_sums(task, layer)} ⊙ f′({z})")
        numbers: tuple[Piece, ...] = (_column(through), Words("⊙"), _column(slopes))
    else:
        symbols = Words(f"W{_of_weights(task, above)}ᵀ δ{_of_sums(task, above)} ⊙ f′({z})")
        weights = [_weights(above, target, sources) for target in above.sums]
        rows = list(zip(*weights, strict=True))
        transposed = Matrix(tuple(tuple(map(Number, row)) for row in rows))
        over = [task.adjoints.get(t, 0.0) for t in above.sums]
        through = [sum(map(mul, row, over)) for row in rows]
        numbers = (transposed, _column(over), Words("⊙"), _column(slopes))
    if not all(map(layer.products, layer.sums)) or not all(map(_close, deltas, through, slopes)):
        raise ValueError(
            f"the matrix form needs layers of weighted sums, each used by the next alone, and "
            f"{layer.name} is none; choose form='delta' here"
        )
    named = Matrix(tuple((Label(delta_name(task.label(s))),) for s in layer.sums))
    return Block(
        [
            Line(symbols, left),
            Line(Factors(numbers), relation="≈"),
            Line(_column(deltas), relation="≈", note=f"{len(deltas)}×1, {_sums_text(layer)}"),
            Line(named),
        ]
    )


def _close(delta: float, through: float, slope: float) -> bool:
    """Whether a delta is what comes through the layer above, times the slope."""
    product = through * slope
    return math.isclose(delta, product, rel_tol=1e-6, abs_tol=1e-12) or delta != delta


def _sums_text(layer: LayerSums) -> str:
    return f"a row for each neuron of {layer.name}"


def _gradient_blocks(task: Task, layer: LayerSums, below: str) -> list[Item]:
    """∂E/∂W and ∂E/∂b of the layer that x belongs to."""
    y = task.label(task.y)
    sources = layer.sources()
    inputs = Matrix((tuple(Number(s.data) for s in sources),))
    deltas = [task.adjoints.get(z, 0.0) for z in layer.sums]
    product = Matrix(tuple(tuple(Number(d * s.data) for s in sources) for d in deltas))
    used = [dict(layer.products(z)) for z in layer.sums]
    weights = Matrix(tuple(tuple(_weight(task, row.get(s)) for s in sources) for row in used))
    blocks: list[Item] = [
        Block([Line(weights, Label(f"W{_of_weights(task, layer)}"), note=weights.shape)]),
        Block(
            [
                Line(
                    Words(f"δ{_of_sums(task, layer)} {below}ᵀ"),
                    Label(f"∂{y}/∂W{_of_weights(task, layer)}"),
                ),
                Line(Factors((_column(deltas), inputs)), relation="≈"),
                Line(product, relation="≈", note=product.shape),
            ]
        ),
    ]
    blocks.append(
        Block(
            [Line(Words(f"δ{_of_sums(task, layer)}"), Label(f"∂{y}/∂b{_of_weights(task, layer)}"))]
        )
    )
    return blocks


def _weight(task: Task, weight: Value | None) -> Piece:
    """A weight by its name, or by its number; 0 where there is no connection."""
    if weight is None:
        return Number(0.0)
    return Label(task.label(weight)) if weight in task.reader.labels else Number(weight.data)


def _column(numbers: list[float]) -> Matrix:
    return Matrix(tuple((Number(x),) for x in numbers))


def _slope(z: Value, layer: LayerSums) -> float:
    """f′(z): d a / d z of a neuron, 1 where it is linear."""
    a = layer.activations.get(z)
    if a is None:
        return 1.0
    return next((slope for arg, slope in local_slopes(a) if arg is z), 0.0)


def _weights(layer: LayerSums, target: Value, sources: list[Value]) -> list[float]:
    """The weights from each source into one neuron, 0 where there is no connection."""
    found = {source: weight.data for source, weight in layer.products(target)}
    return [found.get(source, 0.0) for source in sources]


def _of_sums(task: Task, layer: LayerSums) -> str:
    """What stands behind δ, z and a of a layer: ^(3) where its labels say so, else (hidden)."""
    own = _common_mark(task, layer.sums)
    weights = _common_mark(task, [w for z in layer.sums for _, w in layer.products(z)])
    if not own and weights[2:-1].isdecimal():
        own = f"^({int(weights[2:-1]) + 1})"  # weights are counted by the layer they come from
    return own or f"({layer.name})"


def _of_weights(task: Task, layer: LayerSums) -> str:
    """What stands behind W and b of a layer."""
    return _common_mark(task, [w for z in layer.sums for _, w in layer.products(z)]) or (
        f"({layer.name})"
    )


def _common_mark(task: Task, nodes: list[Value]) -> str:
    """The superscript that the labels of all nodes share: ^(2) for w_11^(2) and w_12^(2)."""
    marks = {symbol(task.reader.labels.get(node, "")).sup for node in nodes}
    mark = marks.pop() if len(marks) == 1 else ""
    return f"^{mark}" if mark.startswith("(") else ""
