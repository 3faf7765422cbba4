"""Saving and loading a network as JSON: readable, exact to the last bit, and never executed.

    save(model, "model.json")
    model = load("model.json")

The file lists the parameters by name, `["hidden.h1.w1", 0.1]`, and for each neuron which of them
are its weights and its bias, so that what neurons share stays shared. Floats are written with as
many digits as it takes to read back the same bits. How it is written so that no crash leaves half a
file is told in `nn.writing`, how it is read without trust in `nn.reading`.
"""

import json
import math
from pathlib import Path
from typing import Any

import autodiff as ad
from nn.activations import activation_name, activation_op
from nn.layers import MLP
from nn.reading import (
    Check,
    exactly,
    fields,
    flag,
    listed,
    number,
    optional,
    read_json,
    shown,
    text,
    whole,
)
from nn.vocabulary import VOCABULARIES, LayerNames, NetworkNames, NeuronNames, network_names
from nn.writing import write_atomically

FORMAT, VERSION = "autodiff model", 1
NEWER = "this file is of another version of autodiff; use that, or train the model anew"
MOST_NEURONS = 10**7
MOST_LAYERS = 10_000


def save(model: MLP, path: str | Path) -> None:
    """Write the network to a JSON file, whole or not at all.

    Raises ValueError for a weight that is not finite (JSON has no such numbers), TypeError for
    anything but an MLP, OSError when the file cannot be written; what was there before stays then.
    """
    write_atomically(path, to_json(model_content(model)))


def load(path: str | Path) -> MLP:
    """The network in a file that `save` wrote.

    Raises OSError when there is no such file, ValueError with the place when it holds anything else
    than a whole network.
    """
    content = read_json(path)
    if content.get("format") == "autodiff checkpoint":
        raise ValueError(f"{path} is a checkpoint: use load_checkpoint(path), or fit(resume=path)")
    return model_from(content, str(path))


def to_json(content: dict[str, Any]) -> str:
    """One line for each entry of the outermost object: short, and still good to read."""
    lines = (
        f"{json.dumps(k)}: {json.dumps(v, allow_nan=False, ensure_ascii=False)}"
        for k, v in content.items()
    )
    text = "{\n" + ",\n".join(lines) + "\n}\n"
    # Half a surrogate pair, in a name, has no bytes in UTF-8; \ud800 is its escape in JSON too.
    return text.encode("utf-8", "backslashreplace").decode()


# ---------------------------------------------------------------- writing


def model_content(model: MLP) -> dict[str, Any]:
    """The network as plain data, just what the file holds."""
    if not isinstance(model, MLP):
        raise TypeError(f"an MLP can be saved, not a {type(model).__name__}")
    parameters = model.parameters()
    index = {p: i for i, p in enumerate(parameters)}
    named = []
    for p in parameters:
        data = ad.Value(p.data).data
        if not math.isfinite(data):
            raise ValueError(f"{p.name} is {data}, and only finite numbers are saved")
        named.append([p.name, data])
    return {
        "format": FORMAT,
        "version": VERSION,
        "sizes": model.sizes,
        "activations": [activation_name(layer.activation) for layer in model.layers],
        "names": _names_content(model),
        "parameters": named,
        "layers": [
            [
                {
                    "weights": [index[w] for w in neuron.weights],
                    "bias": None if neuron.bias is None else index[neuron.bias],
                }
                for neuron in layer.neurons
            ]
            for layer in model.layers
        ],
    }


def _names_content(model: MLP) -> Any:
    """The vocabulary's word, or all names where they come from a function of the user's."""
    linear = model.layers[-1].activation is None
    for word in VOCABULARIES:
        if network_names(word, model.sizes, linear) == model.names:
            return word
    return {
        "inputs": list(model.names.inputs),
        "targets": list(model.names.targets),
        "layers": [
            {
                "place": layer.place,
                "aliases": list(layer.aliases),
                "neurons": [
                    {
                        "place": neuron.place,
                        "sum": neuron.sum,
                        "output": neuron.output,
                        "weight_first": neuron.weight_first,
                    }
                    for neuron in layer.neurons
                ],
            }
            for layer in model.names.layers
        ],
    }


# ---------------------------------------------------------------- reading


def model_from(content: Any, where: str) -> MLP:
    """The network that plain data describe; shapes are checked before anything is built."""
    if type(content) is not dict or content.get("format") != FORMAT:
        raise ValueError(f'{where} is no model file: it does not say "format": "{FORMAT}"')
    exactly(VERSION, NEWER)(content.get("version"), f"{where}.version")
    sizes = listed(whole(1, MOST_NEURONS))(content.get("sizes"), f"{where}.sizes")
    if not 2 <= len(sizes) <= MOST_LAYERS:
        wanted = f"inputs and at least one layer are wanted, and fewer than {MOST_LAYERS:,}"
        raise ValueError(f"{where}.sizes: {wanted}")
    depth = len(sizes) - 1
    count = len(listed(lambda x, place: x)(content.get("parameters"), f"{where}.parameters"))
    reference = whole(0, count - 1)
    found = fields(
        content,
        where,
        {
            "format": text,
            "version": whole(1),
            "sizes": lambda x, place: sizes,
            "activations": listed(text, depth),
            "names": _names_from(sizes),
            "parameters": listed(_parameter),
            "layers": _layers(sizes, reference),
        },
    )
    for name in found["activations"]:
        try:
            activation_op(name)
        except ValueError as error:
            raise ValueError(
                f"{where}: {error}; an op of your own is defined before loading"
            ) from None
    used = {i for layer in found["layers"] for n in layer for i in (*n["weights"], n["bias"])}
    if used - {None} != set(range(count)):
        raise ValueError(f"{where}: a parameter is used by no neuron")
    values = [ad.Value(data, name) for name, data in found["parameters"]]
    names = found["names"]
    return MLP(
        sizes[0],
        sizes[1:],
        found["activations"],
        weights=[[[values[i] for i in n["weights"]] for n in layer] for layer in found["layers"]],
        biases=[
            [None if n["bias"] is None else values[n["bias"]] for n in layer]
            for layer in found["layers"]
        ],
        names=names if isinstance(names, str) else _expanded(names, found),
    )


def _parameter(x: Any, where: str) -> tuple[str, float]:
    pair = listed(lambda item, place: item, 2)(x, where)
    return _name(pair[0], where), number(pair[1], where)


def _name(x: Any, where: str) -> str:
    if not text(x, where).strip():
        raise ValueError(f"{where}: a name is empty")
    return str(x)


def _layers(sizes: list[int], reference: Check) -> Check:
    def layer(k: int) -> Check:
        wires = {"weights": listed(reference, sizes[k]), "bias": optional(reference)}
        return listed(lambda x, where: fields(x, where, wires), sizes[k + 1])

    def check(x: Any, where: str) -> list[Any]:
        rows = listed(lambda item, place: item, len(sizes) - 1)(x, where)
        return [layer(k)(row, f"{where}[{k}]") for k, row in enumerate(rows)]

    return check


def _names_from(sizes: list[int]) -> Check:
    """A vocabulary's word, or the table of all names."""
    neuron = {"place": _name, "sum": _name, "output": _name, "weight_first": flag}

    def layer(k: int) -> dict[str, Any]:
        neurons = listed(lambda n, place: fields(n, place, neuron), sizes[k + 1])
        return {"place": _name, "aliases": listed(_name), "neurons": neurons}

    def layers(x: Any, where: str) -> list[Any]:
        rows = listed(lambda item, place: item, len(sizes) - 1)(x, where)
        return [fields(row, f"{where}[{k}]", layer(k)) for k, row in enumerate(rows)]

    def check(x: Any, where: str) -> Any:
        if type(x) is str:
            if x not in VOCABULARIES:
                raise ValueError(f"{where}: {shown(x)} is none of {', '.join(VOCABULARIES)}")
            return x
        ends = {"inputs": listed(_name, sizes[0]), "targets": listed(_name, sizes[-1])}
        return fields(x, where, {**ends, "layers": layers})

    return check


def _expanded(names: dict[str, Any], found: dict[str, Any]) -> NetworkNames:
    """The names of a network, with those of its parameters filled in."""
    called = [name for name, _ in found["parameters"]]
    layers = []
    incoming = tuple(names["inputs"])
    for layer, wiring in zip(names["layers"], found["layers"], strict=True):
        neurons = tuple(
            NeuronNames(
                neuron["place"],
                incoming,
                tuple(called[i] for i in wires["weights"]),
                f"{neuron['place']}.b" if wires["bias"] is None else called[wires["bias"]],
                neuron["sum"],
                neuron["output"],
                neuron["weight_first"],
            )
            for neuron, wires in zip(layer["neurons"], wiring, strict=True)
        )
        place = layer["place"]
        layers.append(LayerNames(place, incoming, neurons, f"{place}.b", tuple(layer["aliases"])))
        incoming = tuple(neuron.output for neuron in neurons)
    return NetworkNames(tuple(names["inputs"]), tuple(names["targets"]), tuple(layers))
