"""Neurons, layers and networks, which are no more than arithmetic on Values.

    output = activation(weight1*input1 + weight2*input2 + ... + bias)

A call records one forward pass, with weighted sum and output of every neuron named, so that
derivations and drawings speak of `sum_h1` and `out_h1`. `predict` runs the same arithmetic on plain
numbers and records nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import reduce
from operator import add, mul
from typing import Any

import autodiff as ad
from nn.activations import Activation, activation_name, activation_op
from nn.choices import checked_sizes
from nn.initialisers import Seed, generator, initial_weights
from nn.leaves import is_row, labelled, name_from_variables, named_leaves, parameter
from nn.losses import half_squared_error
from nn.predicting import predict
from nn.vocabulary import LayerNames, NetworkNames, NeuronNames, Vocabulary, network_names

ZEROS = "zeros"  # biases that start at 0.0, one for each neuron


class Trainable:
    """What neurons, layers and networks share: a list of parameters."""

    def parameters(self) -> list[ad.Value]:
        """Weights and biases, each once: layer by layer, weights first, then biases."""
        raise NotImplementedError

    def named_parameters(self) -> dict[str, ad.Value]:
        """Parameters by label, the shortest end of the name that is unique among them."""
        return labelled(self.parameters())

    def zero_grad(self) -> None:
        """Set the gradient of every parameter to 0.0."""
        ad.zero_grad(self.parameters())


class Neuron(Trainable):
    """One neuron: a weighted sum, and an activation of it.

    `weights` are numbers or the user's own Values (drawn from `seed` when left out), `bias` is one
    too, or None. Activation and names as for `MLP`.

    >>> neuron = Neuron(2, "linear", weights=[0.5, -1.0], bias=None)
    >>> neuron([3.0, 1.0])
    Value(output.o1.out_o1=0.5)
    """

    def __init__(
        self,
        n_inputs: int,
        activation: Activation = "sigmoid",
        *,
        weights: Sequence[Any] | None = None,
        bias: Any = 0.0,
        names: Vocabulary | NeuronNames = "out",
        seed: Seed = 0,
    ) -> None:
        self.activation = activation_op(activation)
        if not isinstance(names, NeuronNames):
            name_from_variables([weights, bias])
            sizes = checked_sizes(n_inputs, [1])
            names = network_names(names, sizes, self.activation is None).layers[0].neurons[0]
        self.names = names
        if weights is None:
            [weights] = initial_weights(activation_name(self.activation), n_inputs, 1, seed)
        given = _list_of(weights, n_inputs, f"the weights of {names.place}", "one for each input")
        self.weights = [parameter(w, name) for w, name in zip(given, names.weights, strict=True)]
        self.bias = None if bias is None else parameter(bias, names.bias)

    def __call__(self, inputs: Any) -> ad.Value:
        """Record the neuron's output for one list of inputs, numbers or Values."""
        return self.record(named_leaves(inputs, self.names.inputs))

    def record(self, inputs: list[ad.Value]) -> ad.Value:
        """The output as a Value; the weighted sum behind it is named as well."""
        total: ad.Value = self.weighted_sum(inputs, self.weights, self.bias)
        if self.activation is None:
            return total.named(self.names.output)
        output: ad.Value = self.activation(total.named(self.names.sum))
        return output.named(self.names.output)

    def weighted_sum(self, inputs: Any, weights: Any, bias: Any) -> Any:
        """The arithmetic of a neuron, from left to right, on Values, numbers or columns of them."""
        products = map(mul, *((weights, inputs) if self.names.weight_first else (inputs, weights)))
        total = reduce(add, products)
        return total if bias is None else total + bias

    def parameters(self) -> list[ad.Value]:
        return _once([*self.weights, self.bias])

    def __repr__(self) -> str:
        return f"Neuron({len(self.weights)}, {activation_name(self.activation)})"


class Layer(Trainable):
    """Neurons side by side, all with the same inputs.

    `weights` has a list for each neuron; `biases` has one for each neuron, or is a single number or
    Value that all of them share, or None. Activation and names as for `MLP`.
    """

    def __init__(
        self,
        n_inputs: int,
        size: int,
        activation: Activation = "sigmoid",
        *,
        weights: Sequence[Any] | None = None,
        biases: Any = ZEROS,
        names: Vocabulary | LayerNames = "out",
        seed: Seed = 0,
    ) -> None:
        self.activation = activation_op(activation)
        if not isinstance(names, LayerNames):
            name_from_variables([weights, biases])
            sizes = checked_sizes(n_inputs, [size])
            names = network_names(names, sizes, self.activation is None).layers[0]
        self.names = names
        if weights is None:
            weights = initial_weights(activation_name(self.activation), n_inputs, size, seed)
        each = "one for each neuron"
        rows = _list_of(weights, size, f"the weights of the {names.place} layer", each)
        if _is_zeros(biases):
            biases = [0.0] * size
        elif is_row(biases):
            biases = _list_of(biases, size, f"the biases of the {names.place} layer", each)
        else:
            shared = None if biases is None else parameter(biases, names.shared_bias)
            biases = [shared] * size
        self.neurons = [
            Neuron(n_inputs, activation, weights=row, bias=bias, names=neuron)
            for row, bias, neuron in zip(rows, biases, names.neurons, strict=True)
        ]

    def __call__(self, inputs: Any) -> Any:
        """Record the outputs for one list of inputs: a list, or the Value itself if just one."""
        outputs = self.record(named_leaves(inputs, self.names.inputs))
        return outputs[0] if len(outputs) == 1 else outputs

    def record(self, inputs: list[ad.Value]) -> list[ad.Value]:
        """The outputs as a list of Values."""
        if self.names.aliases:
            inputs = [x.alias(name) for x, name in zip(inputs, self.names.aliases, strict=True)]
        return [neuron.record(inputs) for neuron in self.neurons]

    def parameters(self) -> list[ad.Value]:
        weights = [w for neuron in self.neurons for w in neuron.weights]
        return _once([*weights, *(neuron.bias for neuron in self.neurons)])

    def __repr__(self) -> str:
        n_inputs = len(self.neurons[0].weights)
        return f"Layer({n_inputs}, {len(self.neurons)}, {activation_name(self.activation)})"


class MLP(Trainable):
    """A multi-layer perceptron: layers of neurons, the outputs of one the inputs of the next.

    * `n_inputs`, `sizes`: how many inputs, and how many neurons each layer has.
    * `activation`: a one-argument op of the table by name, an `Op`, or "linear"; a list has one for
      each layer. `output`: that of the last layer where it differs ("linear" for regression).
    * `weights`: for each layer, for each neuron, a list of numbers or of the user's own Values.
      Left out, they are drawn from `seed`, an int (0 if not given) or a `random.Random`, uniform
      within the limits of Glorot, or of He for relu and its kin (`nn.initialisers`).
    * `biases`: for each layer one number or Value that its neurons share, a list with one for each,
      or None; None alone means no biases at all. "zeros": each neuron has its own, from 0.0.
    * `names`: the vocabulary, "out", "layer", "delta" or a function (`nn.vocabulary`). A Value that
      has a name keeps it; one without is called after the caller's variable that holds it.

    The network of text 003 (`nn.textbook`):

    >>> w1, w2, w3, w4, w5, w6, w7, w8 = ad.values("w1:9", [k / 10 for k in range(1, 9)])
    >>> b1, b2 = ad.values("b1 b2", [0.25, 0.35])
    >>> weights = [[[w1, w3], [w2, w4]], [[w5, w6], [w7, w8]]]
    >>> model = MLP(2, [2, 2], weights=weights, biases=[b1, b2])
    >>> model([0.1, 0.5])
    [Value(output.o1.out_o1=0.73493), Value(output.o2.out_o2=0.77955)]
    >>> model.predict([[0.1, 0.5], [0.0, 0.0]])[0] == [v.data for v in model([0.1, 0.5])]
    True

    Raises ValueError when shapes do not fit or an activation or vocabulary is unknown.
    """

    def __init__(
        self,
        n_inputs: int,
        sizes: Sequence[int] = (),
        activation: Activation | Sequence[Activation] = "sigmoid",
        output: Activation | None = None,
        *,
        weights: Sequence[Any] | None = None,
        biases: Any = ZEROS,
        names: Vocabulary | NetworkNames = "out",
        seed: Seed = 0,
    ) -> None:
        if is_row(n_inputs):
            call = f"MLP(2, [3, 1]), not MLP({n_inputs!r})"
            raise ValueError(f"the number of inputs stands apart from the layers: {call}")
        if not is_row(sizes) or not len(sizes):
            raise ValueError(f"sizes is a list with the size of each layer, not {sizes!r}")
        self.sizes = checked_sizes(n_inputs, sizes)
        depth = len(self.sizes) - 1

        def each_layer(given: Any, what: str, alike: bool) -> list[Any]:
            return [given] * depth if alike else _list_of(given, depth, what, "one for each layer")

        activations = each_layer(activation, "activation", isinstance(activation, (str, ad.Op)))
        if output is not None:
            activations[-1] = output
        weights = each_layer(weights, "weights", weights is None)
        biases = each_layer(biases, "biases", biases is None or _is_zeros(biases))
        name_from_variables([weights, biases])
        if not isinstance(names, NetworkNames):
            names = network_names(names, self.sizes, activation_op(activations[-1]) is None)
        self.names = names
        rng = generator(seed)
        self.layers = [
            Layer(
                self.sizes[k],
                self.sizes[k + 1],
                activations[k],
                weights=weights[k],
                biases=biases[k],
                names=self.names.layers[k],
                seed=rng,
            )
            for k in range(depth)
        ]

    def __call__(self, inputs: Any, *more: Any) -> Any:
        """Record one forward pass: a list of outputs, or the Value itself if there is one.

        Numbers among the inputs become leaves named by the vocabulary; Values are used as they are.
        """
        if more:
            raise TypeError(f"the inputs are one list: model({[inputs, *more]})")
        signals = named_leaves(inputs, self.names.inputs)
        for layer in self.layers:
            signals = layer.record(signals)
        return signals[0] if len(signals) == 1 else signals

    def targets(self, numbers: Any) -> list[ad.Value]:
        """Leaves for the wanted outputs, named by the vocabulary (target1, y_1 or d)."""
        return named_leaves(numbers, self.names.targets, "target")

    def parameters(self) -> list[ad.Value]:
        return _once([p for layer in self.layers for p in layer.parameters()])

    def predict(self, X: Any) -> Any:
        """The outputs as plain numbers; nothing is recorded.

        `X` is one row of inputs, a list of rows, or an array of either shape. A row gives a list of
        outputs, or a float if there is one; rows give a list of these; an array gives an array.
        """
        return predict(self.layers, self.sizes[0], X)

    def explain_step(self, x: Any, target: Any, rate: float, **options: Any) -> Any:
        """One step of descent on half the squared error, explained: see `ad.explain_step`.

        `freeze` lists parameters, by name or as Values, that keep their number. Nothing is changed.
        """
        E = half_squared_error(self(x), self.targets(target))
        return ad.explain_step(E, self.parameters(), rate, **options)

    def __repr__(self) -> str:
        acts = [layer.activation for layer in self.layers]
        same = all(act is acts[0] for act in acts)
        shown = activation_name(acts[0]) if same else f"[{', '.join(map(activation_name, acts))}]"
        return (
            f"MLP({self.sizes[0]}, {self.sizes[1:]}, {shown}: {len(self.parameters())} parameters)"
        )


def _once(parameters: Iterable[ad.Value | None]) -> list[ad.Value]:
    """Each parameter once, in order: a bias may be shared."""
    return list(dict.fromkeys(p for p in parameters if p is not None))


def _list_of(given: Any, length: int, what: str, each: str) -> list[Any]:
    """A list of that length, or a ValueError that says what is wrong."""
    if not is_row(given):
        raise ValueError(f"{what}: a list of {length} is wanted, {each}, not {given!r}")
    found = list(given)
    if len(found) != length:
        raise ValueError(f"{what}: {length} wanted, {each}; {len(found)} given")
    return found


def _is_zeros(biases: Any) -> bool:
    return isinstance(biases, str) and biases == ZEROS
