"""What a worked example consists of, and how it is recorded from a network or from a few lines."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import autodiff as ad
from nn.layers import MLP
from nn.losses import half_squared_error, performance


@dataclass(frozen=True)
class Example:
    """One published example at the point where it was worked out.

    * `loss`, `values`: what is differentiated, and every named Value behind it by its short name;
    * `weights`, `rate`, `sense`: what one step moves, and how ("ascent" adds the gradient);
    * `printed`: key -> number as published, with so many `decimals`;
    * `formulas`: weight -> gradient as published, to be tried with `ad.check_formula`;
    * `wrong`: key or weight -> why what was printed is not right;
    * `source`, `notes`: where it was published, and what else to know;
    * `model`: the network, where it is one; `again()` builds the example anew.
    """

    again: Callable[[], Example]
    loss: ad.Value
    values: dict[str, ad.Value]
    weights: list[ad.Value]
    rate: float
    source: str
    notes: str = ""
    sense: str = "descent"
    decimals: int = 5
    model: MLP | None = None
    printed: Mapping[str, float] = field(default_factory=dict)
    formulas: Mapping[str, str] = field(default_factory=dict)
    wrong: Mapping[str, str] = field(default_factory=dict)

    def compute(self, key: str) -> float:
        """The right number for a key of `printed`, at full precision.

        >>> from nn import textbook
        >>> round(textbook.build("003").compute("dE_total/dw5"), 5)
        0.0802
        """
        word, _, name = key.rpartition(" ")
        if word == "new":
            return self.after()[name]
        upper, slash, lower = key.partition("/d")
        if slash and upper.startswith("d"):
            slope: float = ad.grad(self.values[upper[1:]], self.values[lower]).data
            return slope
        value: float = self.values[key].data
        return value

    def after(self) -> dict[str, float]:
        """Every named number after one step; all gradients are taken with the old weights."""
        slopes = ad.grad(self.loss, self.weights)
        sign = 1.0 if self.sense == "ascent" else -1.0
        names = {value: name for name, value in self.values.items()}
        fresh = self.again()
        for weight, slope in zip(self.weights, slopes, strict=True):
            fresh.values[names[weight]].data += sign * self.rate * slope.data
        fresh.loss.forward()
        return {name: value.data for name, value in fresh.values.items()}


Again = Callable[[], Example]


def of_network(again: Again, model: MLP, inputs: Any, targets: Any, **more: Any) -> Example:
    """A network and half its squared error (minus that, to climb); biases are not moved."""
    outputs = model(inputs)
    error = performance if more.get("sense") == "ascent" else half_squared_error
    E = error(outputs, model.targets(targets), name=more.pop("loss", "E"))
    weights = [w for layer in model.layers for neuron in layer.neurons for w in neuron.weights]
    return Example(again, E, _named(E), weights, model=model, **more)


def of_lines(again: Again, text: str, loss: str, weights: str, **more: Any) -> Example:
    """Lines of assignments, as `ad.parse_lines` reads them; those with plain numbers are leaves."""
    numbers = {}
    formulas = []
    for line in text.strip().splitlines():
        for assignment in line.split(","):
            left, _, right = (part.strip() for part in assignment.partition(" = "))
            try:
                numbers[left] = float(right)
            except ValueError:
                formulas.append(f"{left} = {right}")
    found = ad.parse_lines("\n".join(formulas), **numbers)
    values = _named(found[loss])
    return Example(again, found[loss], values, [values[w] for w in weights.split()], **more)


def _named(root: ad.Value) -> dict[str, ad.Value]:
    """Every named Value behind the root, by the last part of its name, the root first."""
    found: dict[str, ad.Value] = {}
    seen = {root}
    waiting = [root]
    while waiting:
        node = waiting.pop()
        if node.name:
            found[node.name.rpartition(".")[2]] = node
        for arg in reversed(node.args):
            if isinstance(arg, ad.Value) and arg not in seen:
                seen.add(arg)
                waiting.append(arg)
    return found


def spelled(
    weights: str, words: tuple[str, str, str] = ("sum_{}", "out_{}", "target{}")
) -> Callable[[str, int, int, int], str]:
    """The names of a 2-2-2 network: `weights` lists them neuron by neuron."""
    listed = weights.split()

    def spell(kind: str, layer: int, neuron: int, source: int) -> str:
        unit = f"{'iho'[layer]}{neuron}"
        if kind == "weight":
            return listed[4 * layer + 2 * neuron + source - 7]
        number = unit if words[2].endswith("_{}") else str(neuron)
        return {
            "input": unit,
            "bias": f"b{layer}",
            "sum": words[0].format(unit),
            "output": words[1].format(unit),
            "target": words[2].format(number),
        }[kind]

    return spell
