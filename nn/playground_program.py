"""The network of a playground as JavaScript and plain data: one sample's loss, and every neuron.

The page trains with two functions exported from the graph of one sample. `loss` takes inputs,
targets and parameters and returns the loss, and its gradient by the parameters; `outputs` gives the
output of every neuron.
"""

import re
from collections.abc import Callable
from typing import Any

import autodiff as ad
from nn.activations import activation_name
from nn.classification import (
    binary_cross_entropy,
    binary_cross_entropy_with_logits,
    cross_entropy,
    cross_entropy_of_marked,
)
from nn.labels import short
from nn.leaves import as_list, named_leaves
from nn.playground_page import plain
from nn.samples import Samples

Loss = Callable[[Any, Any], Any]
RANGES = {"sigmoid": [0.0, 1.0], "tanh": [-1.0, 1.0]}  # of the other activations it varies


class Recorded:
    """One forward pass through the layers, with its loss, and what the page has to know of it."""

    def __init__(self, layers: list[Any], parameters: list[ad.Value], loss: Loss, s: Samples):
        self.layers, self.parameters, self.loss, self.samples = layers, parameters, loss, s
        self.inputs = list(named_leaves(s.X[0], layers[0].names.inputs))
        self.outputs: list[list[ad.Value]] = []
        signals = self.inputs
        for layer in layers:
            signals = layer.record(signals)
            self.outputs.append(signals)
        rows = self.targets()
        self.marks = [ad.Value(t, f"target{i}") for i, t in enumerate(rows[0], 1)]
        self.E = self.recorded_loss(signals)
        if not isinstance(self.E, ad.Value):
            raise TypeError(
                f"the loss of a sample is {self.E!r}, a {type(self.E).__name__} and not a Value: "
                "it has no gradient; compute it from the outputs, not from their .data"
            )

    def recorded_loss(self, outputs: list[ad.Value]) -> Any:
        """The loss as a function of targets that vary, with no term that is 0 times infinity."""
        if self.loss is cross_entropy:
            return cross_entropy_of_marked(outputs, self.marks)
        certain = all(t in (0.0, 1.0) for row in self.targets() for t in row)
        if certain and self.loss in (binary_cross_entropy, binary_cross_entropy_with_logits):
            both = [[self.loss(o, label) for label in (1.0, 0.0)] for o in outputs]
            return sum(ad.where(m, *pair) for m, pair in zip(self.marks, both, strict=True))
        several = isinstance(self.samples.y[0], list)
        return self.loss(outputs, self.marks if several else self.marks[0])

    def targets(self) -> list[list[float]]:
        """The targets as rows of numbers; a class as a 1 among zeros."""
        if self.loss is cross_entropy:
            classes = range(len(self.outputs[-1]))
            return [[float(k == as_list(c)[0]) for k in classes] for c in self.samples.y]
        return [as_list(t) for t in self.samples.y]

    def code(self) -> str:
        """The script: an object of two functions that work on arrays of numbers."""
        every = [out for layer in self.outputs for out in layer]
        rows = [*self.inputs, *self.marks]
        loss = ad.export(self.E, [*rows, *self.parameters], to="javascript", gradient=True)
        outputs = ad.export(every, [*self.inputs, *self.parameters], to="javascript")
        return (
            f"window.nnProgram = {{\nloss: {_flat(loss, len(rows))},\n"
            f"outputs: {_flat(outputs, len(self.inputs))},\n}};\n"
        )

    def data(self) -> dict[str, Any]:
        """Names, numbers and structure, as the page reads them."""
        place = {p: i for i, p in enumerate(self.parameters)}
        return {
            "inputs": [plain(short(x)) for x in self.inputs],
            "layers": [
                {
                    "activation": activation_name(layer.activation),
                    "range": RANGES.get(activation_name(layer.activation)),
                    "neurons": [
                        {
                            "name": plain(short(out)),
                            "weights": [place[w] for w in neuron.weights],
                            "bias": None if neuron.bias is None else place[neuron.bias],
                        }
                        for neuron, out in zip(layer.neurons, outputs, strict=True)
                    ],
                }
                for layer, outputs in zip(self.layers, self.outputs, strict=True)
            ],
            "parameters": [{"name": plain(short(p)), "start": p.data} for p in self.parameters],
            "X": self.samples.X,
            "targets": self.targets(),
            "view": self.view(),
        }

    def view(self) -> dict[str, Any]:
        """How outputs are to be seen: as classes, or as a number from low to high."""
        targets = self.targets()
        if self.loss is cross_entropy or (len(targets[0]) > 1 and all(map(_marks_one, targets))):
            return {"kind": "classes"}
        numbers = [row[0] for row in targets]
        low, high = min(numbers), max(numbers)
        if low == high:
            low, high = low - 1.0, high + 1.0
        kinds = len(set(numbers))
        return {
            "kind": "number",
            "low": low,
            "high": high,
            "squash": self.loss is binary_cross_entropy_with_logits,
            "boundary": kinds <= 2,
        }


def _marks_one(row: list[float]) -> bool:
    return sorted(row) == [0.0] * (len(row) - 1) + [1.0]


def _flat(code: str, width: int) -> str:
    """An exported function rewritten for arrays, as an expression: no garbage, three times as fast.

    f(row, parameters, sums) has `width` numbers in its row. A loss is returned, and its gradient by
    the parameters added to the sums; a list of outputs is put there. No exported name has a `$`.
    """
    signature = re.search(r"^export function f\((.*)\) \{$", code, re.MULTILINE)
    assert signature
    names = signature[1].split(", ")
    places = [f"$row[{i}]" if i < width else f"$p[{i - width}]" for i in range(len(names))]
    taken = [f"  const {name} = {at};\n" for name, at in zip(names, places, strict=True)]
    body, _, result = code[signature.end() + 1 :].rpartition("  return ")
    results = _listed(result.rpartition(";")[0])
    if len(results) == 2 and results[1].startswith("["):
        slopes = enumerate(_listed(results[1])[width:])
        given = [f"  $sums[{i}] += {slope};\n" for i, slope in slopes if slope != "0.0"]
        given.append(f"  return {results[0]};\n")
    else:
        given = [f"  $sums[{i}] = {result};\n" for i, result in enumerate(results)]
    return (
        f"(() => {{\n{code[: signature.start()]}function f($row, $p, $sums) {{\n"
        f"{''.join(taken)}{body}{''.join(given)}}}\nreturn f;\n}})()"
    )


def _listed(text: str) -> list[str]:
    """The entries of a list in brackets, as texts.

    >>> _listed("[E, [power(a, 2.0), b]]")
    ['E', '[power(a, 2.0), b]']
    """
    parts, depth, start = [], 0, 1
    for at, character in enumerate(text):
        depth += (character in "([") - (character in ")]")
        if (character == "," and depth == 1) or (character == "]" and depth == 0):
            parts.append(text[start:at].strip())
            start = at + 1
    return parts
