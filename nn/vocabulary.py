"""Vocabularies: what the parts of a network are called, in the words of the four seed documents.

A vocabulary is a table of templates, one for each kind of thing that has a name. Every template is
filled from the same few words: `neuron` and `source` count from 1, `layer` counts the layers of
neurons from 1 (the inputs are layer 0), and the rest is made of these (`_words`).

What a template gives is the name that is shown; the full name puts layer and neuron before it
(`hidden.h1.sum_h1`), so that drawings cluster by neuron and equal names are told apart.

A vocabulary also says whether a product is written `w1*i1` or `i1*w1`.
"""

from collections.abc import Callable, Sequence
from itertools import accumulate, pairwise
from typing import Any, NamedTuple

Speller = Callable[[str, int, int, int], str]
Vocabulary = str | Speller

# Texts 000 and 003. Text 003 writes the input first: sum_h1 = i1*w1 + i2*w3 + b1.
OUT = {
    "input": "i{neuron}",
    "target": "target{neuron}",
    "weight": "w{count}",
    "bias": "b_{unit}",
    "shared bias": "b{layer}",
    "sum": "sum_{unit}",
    "output": "out_{unit}",
    "linear output": "out_{unit}",
}

# Text 001. The inputs are its layer 1; a weight and a bias carry the number of the layer they
# start from, first index = the neuron they go to.
LAYER = {
    "input": "x_{neuron}",
    "target": "y{index}",
    "weight": "w_{neuron}{comma}{source}^({layer})",
    "bias": "b_{neuron}^({layer})",
    "shared bias": "b^({layer})",
    "sum": "z_{neuron}^({above})",
    "output": "a_{neuron}^({above})",
    "linear output": "s{index}",
}

# Text 002, many neurons. The input of a neuron is the output of the one before it.
DELTA = {
    "input": "i_{neuron}",
    "target": "d_{neuron}",
    "weight": "w_{origin}{source}->{tag}{neuron}",
    "bias": "b_{tag}{neuron}",
    "shared bias": "b_{tag}",
    "sum": "p_{tag}{neuron}",
    "output": "o_{tag}{neuron}",
    "linear output": "o_{tag}{neuron}",
}

# Text 002, a chain of single neurons. There o_l = i_r: one number, two names.
CHAIN = DELTA | {
    "input": "i_{entered}",
    "target": "d",
    "weight": "w_{tag}",
    "bias": "b_{tag}",
    "sum": "p_{tag}",
    "output": "o_{tag}",
    "linear output": "o_{tag}",
}

VOCABULARIES = {"out": OUT, "layer": LAYER, "delta": DELTA}
INPUT_FIRST = {"out"}
LETTERS = "abcdeghjkmnpqstuvwxyz"  # layers in text 002's way; l, r, f, i: left, right, final, input

# ---------------------------------------------------------------- the names of one network


class NeuronNames(NamedTuple):
    """Full names of what one neuron holds and records; `inputs` is for numbers that come in."""

    place: str
    inputs: tuple[str, ...]
    weights: tuple[str, ...]
    bias: str
    sum: str
    output: str
    weight_first: bool


class LayerNames(NamedTuple):
    """Full names of one layer: its neurons, a bias that they share, second names of its inputs."""

    place: str
    inputs: tuple[str, ...]
    neurons: tuple[NeuronNames, ...]
    shared_bias: str
    aliases: tuple[str, ...]


class NetworkNames(NamedTuple):
    """Full names of everything in a network."""

    inputs: tuple[str, ...]
    targets: tuple[str, ...]
    layers: tuple[LayerNames, ...]


def network_names(names: Vocabulary, sizes: Sequence[int], linear: bool = False) -> NetworkNames:
    """Spell all names of a network of `sizes` (inputs, then the neurons of each layer).

    `names` is `"out"` (seeds 000 and 003), `"layer"` (001), `"delta"` (002) or a function of
    `(kind, layer, neuron, source)` that returns the name to show, where kind is "input", "target",
    "weight", "bias", "sum" or "output". Everything counts from 1; what does not apply is 0: the
    layer of an input, the neuron of a bias that its layer shares, the source of all but a weight.
    Products are written weight first, unless the function has an attribute `weight_first = False`.
    `linear` says that the last layer has no activation: its sums are its outputs.

    The words of text 000, whose sums are called in:

    >>> def mechanics(kind, layer, neuron, source):
    ...     unit = f"{'iho'[layer]}{neuron}"
    ...     return {
    ...         "input": unit, "target": f"target_{unit}", "bias": f"b{layer}",
    ...         "weight": f"w{4 * layer + 2 * neuron + source - 6}",
    ...         "sum": f"in_{unit}", "output": f"out_{unit}",
    ...     }[kind]
    >>> network_names(mechanics, [2, 2, 2]).layers[1].neurons[0].weights
    ('output.o1.w5', 'output.o1.w6')
    >>> network_names("layer", [4, 2, 2, 1], linear=True).layers[1].neurons[1].weights
    ('hidden2.h2_2.w_21^(2)', 'hidden2.h2_2.w_22^(2)')

    Raises ValueError for an unknown vocabulary, TypeError when the function returns no name.
    """
    spell, weight_first, chain = _speller(names, sizes, linear)
    last = len(sizes) - 1
    inputs = tuple(spell("input", 0, k, 0) for k in range(1, sizes[0] + 1))
    targets = tuple(spell("target", last, j, 0) for j in range(1, sizes[-1] + 1))
    layers: list[LayerNames] = []
    incoming = inputs
    for layer in range(1, last + 1):
        place = "output" if layer == last else f"hidden{layer if last > 2 else ''}"
        neurons = []
        for j in range(1, sizes[layer] + 1):
            path = f"{place}.{_unit(sizes, layer, j)}"
            sources = range(1, sizes[layer - 1] + 1)
            neurons.append(
                NeuronNames(
                    path,
                    incoming,
                    tuple(f"{path}.{spell('weight', layer, j, k)}" for k in sources),
                    f"{path}.{spell('bias', layer, j, 0)}",
                    f"{path}.{spell('sum', layer, j, 0)}",
                    f"{path}.{spell('output', layer, j, 0)}",
                    weight_first,
                )
            )
        aliases = (f"{place}.{spell('input', layer - 1, 1, 0)}",) if chain and layer > 1 else ()
        shared = f"{place}.{spell('bias', layer, 0, 0)}"
        layers.append(LayerNames(place, incoming, tuple(neurons), shared, aliases))
        incoming = tuple(neuron.output for neuron in neurons)
    return NetworkNames(inputs, targets, tuple(layers))


def _speller(names: Vocabulary, sizes: Sequence[int], linear: bool) -> tuple[Speller, bool, bool]:
    """What spells the names, whether weights come first, and whether this is text 002's chain."""
    if callable(names):
        return _checked(names), getattr(names, "weight_first", True), False
    if not isinstance(names, str) or names not in VOCABULARIES:
        known = ", ".join(map(repr, VOCABULARIES))
        raise ValueError(f"names={names!r} is no vocabulary; use {known} or a function")
    chain = names == "delta" and set(sizes) == {1}
    table = CHAIN if chain else VOCABULARIES[names]
    before = [0, 0, *accumulate(n * m for n, m in pairwise(sizes))]  # weights below each layer

    def spell(kind: str, layer: int, neuron: int, source: int) -> str:
        if kind == "bias" and not neuron:
            kind = "shared bias"
        elif kind == "output" and linear and layer == len(sizes) - 1:
            kind = "linear output"
        return table[kind].format_map(_words(sizes, before, layer, neuron, source))

    return spell, names not in INPUT_FIRST, chain


def _words(
    sizes: Sequence[int], before: Sequence[int], layer: int, neuron: int, source: int
) -> dict[str, Any]:
    """What the templates are filled with; weights are counted neuron by neuron."""
    return {
        "neuron": neuron,
        "source": source,
        "layer": layer,
        "above": layer + 1,  # text 001 counts the inputs as layer 1
        "index": f"_{neuron}" if sizes[layer] > 1 else "",
        "comma": "_" if max(sizes[max(layer - 1, 0) : layer + 1]) > 9 else "",  # w_1_11 or w_11_1
        "count": before[layer] + (neuron - 1) * sizes[max(layer - 1, 0)] + source,
        "unit": _unit(sizes, layer, neuron),
        "tag": _tag(sizes, layer),
        "entered": _tag(sizes, layer + 1),
        "origin": _tag(sizes, layer - 1),
    }


def _unit(sizes: Sequence[int], layer: int, neuron: int) -> str:
    """o1, h1, or, where there are several hidden layers, h2_1."""
    last = len(sizes) - 1
    return f"o{neuron}" if layer == last else f"h{neuron}" if last == 2 else f"h{layer}_{neuron}"


def _tag(sizes: Sequence[int], layer: int) -> str:
    """The letter of a layer: l, r as in text 002; a, b, ..., f for more layers, f for one alone."""
    last = len(sizes) - 1
    if last == 2 and layer > 0:
        return "lr"[layer == last]
    if layer in (0, last):
        return "f" if layer else "i"
    return LETTERS[(layer - 1) % len(LETTERS)] * (1 + (layer - 1) // len(LETTERS))


def _checked(function: Speller) -> Speller:
    def spell(kind: str, layer: int, neuron: int, source: int) -> str:
        name = function(kind, layer, neuron, source)
        if not isinstance(name, str) or not name.strip():
            raise TypeError(
                f"names({kind!r}, {layer}, {neuron}, {source}) returned {name!r}; "
                "it should return the name to show"
            )
        return name

    return spell
