"""Saving and loading: the same bits and names, and nothing but whole networks gets in."""

import json
import math
from pathlib import Path
from typing import Any

import pytest

import autodiff as ad
from nn import MLP, Neuron, fit, load, load_checkpoint, save, save_checkpoint
from nn.reading import MOST_BYTES
from nn.saving import model_content

X = [[0.1, 0.5], [-1.0, 2.0]]


def as_saved(model: MLP, path: Path) -> dict[str, Any]:
    save(model, path)
    return dict(json.loads(path.read_text()))


def same(a: MLP, b: MLP) -> bool:
    return (
        a.predict(X) == b.predict(X)
        and [(p.name, p.data) for p in a.parameters()] == [(p.name, p.data) for p in b.parameters()]
        and a.names == b.names
        and repr(a) == repr(b)
    )


# ---------------------------------------------------------------- there and back


@pytest.mark.parametrize("names", ["out", "layer", "delta"])
def test_round_trip(names: str, tmp_path: Path) -> None:
    model = MLP(2, [3, 2, 1], ["relu", "tanh", "sigmoid"], "linear", names=names, seed=5)
    save(model, tmp_path / "model.json")
    assert same(load(tmp_path / "model.json"), model)


def test_floats_are_exact(tmp_path: Path) -> None:
    hard = [0.1, 1 / 3, 5e-324, 1.7976931348623157e308, -0.0, 2.0**-1022, math.pi]
    model = MLP(7, [1], weights=[[hard]], biases=None)
    save(model, tmp_path / "m.json")
    found = [p.data for p in load(tmp_path / "m.json").parameters()]
    assert [x.hex() for x in found] == [x.hex() for x in hard]


def test_what_is_shared_stays_shared(tmp_path: Path) -> None:
    w, b = ad.Value(0.5, "w"), ad.Value(0.25, "b")
    model = MLP(2, [2, 2], weights=[[[w, w], [0.1, 0.2]], [[w, 0.3], [0.4, 0.5]]], biases=[b, None])
    save(model, tmp_path / "m.json")
    loaded = load(tmp_path / "m.json")
    assert same(loaded, model)
    assert len(loaded.parameters()) == len(model.parameters()) == 7
    assert loaded.layers[0].neurons[0].bias is loaded.layers[0].neurons[1].bias
    assert loaded.layers[1].neurons[0].bias is None
    assert loaded.layers[1].neurons[0].weights[0] is loaded.layers[0].neurons[0].weights[1]


def test_names_of_the_users_own(tmp_path: Path) -> None:
    def mechanics(kind: str, layer: int, neuron: int, source: int) -> str:
        return f"{kind}_{layer}{neuron}{source}"

    mechanics.weight_first = False  # type: ignore[attr-defined]
    model = MLP(2, [2, 1], names=mechanics, seed=1)
    save(model, tmp_path / "m.json")
    loaded = load(tmp_path / "m.json")
    assert [p.name for p in loaded.parameters()] == [p.name for p in model.parameters()]
    assert loaded([0.1, 0.2]).formula() == model([0.1, 0.2]).formula()
    assert loaded.targets([1])[0].name == model.targets([1])[0].name


def test_a_loaded_network_trains_on(tmp_path: Path) -> None:
    model = MLP(2, [2, 1], seed=1)
    save(model, tmp_path / "m.json")
    loaded = load(tmp_path / "m.json")
    for network in (model, loaded):
        fit(network, X, [0, 1], rate=0.5, epochs=3, progress=False)
    assert same(model, loaded)


def test_the_file_can_be_read(tmp_path: Path) -> None:
    content = as_saved(MLP(1, [1], weights=[[[0.5]]]), tmp_path / "m.json")
    assert content == {
        "format": "autodiff model",
        "version": 1,
        "sizes": [1, 1],
        "activations": ["sigmoid"],
        "names": "out",
        "parameters": [["output.o1.w1", 0.5], ["output.o1.b_o1", 0.0]],
        "layers": [[{"weights": [0], "bias": 1}]],
    }


def test_what_cannot_be_saved(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="an MLP can be saved, not a Neuron"):
        save(Neuron(2), tmp_path / "m.json")  # type: ignore[arg-type]
    for bad in (math.nan, math.inf):
        with pytest.raises(ValueError, match=r"w1 is (nan|inf), and only finite"):
            save(MLP(1, [1], weights=[[[bad]]]), tmp_path / "m.json")
    assert not list(tmp_path.iterdir())


# ---------------------------------------------------------------- what is refused


def changed(**entries: Any) -> str:
    """A good file with some entries changed; `...` takes one out."""
    content = model_content(MLP(2, [2, 1], seed=1)) | entries
    return json.dumps({k: v for k, v in content.items() if v is not ...})


P = model_content(MLP(2, [2, 1], seed=1))["parameters"]
L = model_content(MLP(2, [2, 1], seed=1))["layers"]
GOOD = changed()
BIG = 10**12

REFUSED = [
    ("", "it ends too early, or is no JSON"),
    (GOOD[:-1], "it ends too early"),
    (GOOD[: len(GOOD) // 2], "no JSON"),
    ("[]", "an object {...} is wanted"),
    ("null", "an object {...} is wanted"),
    ("{}", 'no model file: it does not say "format"'),
    ("[" * 100_000, "nested too deep"),
    ('{"a":' * 100_000, "nested too deep"),
    ('{"format": "autodiff model", "format": "autodiff model"}', "'format' is there twice"),
    (changed(version=2), "of another version"),
    (changed(version=True), "version is True"),
    (changed(version=1.0), "version is 1.0"),
    (changed(format="onnx"), "no model file"),
    (changed(extra=1), "an unknown key 'extra'"),
    (changed(names=...), "has no 'names'"),
    (changed(names="seed"), "'seed' is none of out, layer, delta"),
    (changed(names={"inputs": []}), "inputs|targets"),
    (changed(sizes=[2, 2]), "activations: 1 entries are wanted, and there are 2"),
    (changed(sizes=[2]), "at least one layer"),
    (changed(sizes=[2, 3, 1]), r"layers\[0\]: 3 entries are wanted, and there are 2"),
    (changed(sizes=[BIG, 2, 1]), "whole number|entries are wanted"),
    (changed(sizes=[2, 2, -1]), "whole number from 1 on"),
    (changed(sizes=[2, True, 1]), "not True"),
    (changed(sizes=[2, 2.0, 1]), "not 2.0"),
    (changed(activations=["sigmoid", "sigmund"]), "did you mean .*sigmoid.*defined before loading"),
    (changed(activations=["sigmoid", "__class__"]), "no activation '__class__'"),
    (changed(activations=["sigmoid", 3]), "a text is wanted, not 3"),
    (changed(parameters=P[:-1]), "whole number"),
    (changed(parameters=[*P, ["spare", 1.0]]), "used by no neuron"),
    (changed(parameters=[["w1", True], *P[1:]]), "a number is wanted, not True"),
    (changed(parameters=[["w1", "1"], *P[1:]]), "a number is wanted, not '1'"),
    (changed(parameters=[["w1", None], *P[1:]]), "a number is wanted, not None"),
    (changed(parameters=[["", 1.0], *P[1:]]), "a name is empty"),
    (changed(parameters=[["w1", 1.0, 2.0], *P[1:]]), "2 entries are wanted"),
    (changed(parameters=[["w1", 10**399], *P[1:]]), "too large for a float64"),
    (changed().replace("0.0", "NaN", 1), "NaN is no number"),
    (changed().replace("0.0", "-Infinity", 1), "Infinity is no number"),
    (changed().replace("0.0", "1e999", 1), "1e999 is too large"),
    (changed().replace("0.0", "1" * 5000, 1), "5000 digits"),
    (changed(layers=L[:1]), "2 entries are wanted"),
    (changed(layers=[L[0], [{"weights": [4, 99], "bias": 8}]]), r"layers\[1\]\[0\].weights\[1\]"),
    (changed(layers=[L[0], [{"weights": [4, -1], "bias": 8}]]), "from 0 on is wanted, not -1"),
    (changed(layers=[L[0], [{"weights": [4], "bias": 8}]]), "2 entries are wanted"),
    (changed(layers=[L[0], [{"weights": [4, 5]}]]), "has no 'bias'"),
    (changed(layers=[L[0], [{"weights": [4, 5], "bias": 8, "x": 1}]]), "unknown key 'x'"),
    (changed(layers=[L[0], [[4, 5]]]), "an object with weights, bias is wanted"),
]


@pytest.mark.parametrize(("content", "message"), REFUSED, ids=range(len(REFUSED)))
def test_refused(content: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "bad.json"
    path.write_text(content)
    with pytest.raises(ValueError, match=message) as caught:
        load(path)
    assert len(str(caught.value)) < 500
    assert "bad.json" in str(caught.value)


def test_every_cut_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "m.json"
    save(MLP(2, [2, 1], seed=1), path)
    whole = path.read_bytes()
    for end in range(len(whole) - 2):
        path.write_bytes(whole[:end])
        with pytest.raises(ValueError, match=r"m\.json"):
            load(path)


def test_no_text(tmp_path: Path) -> None:
    path = tmp_path / "m.json"
    path.write_bytes(b'{"format": "\xff"}')
    with pytest.raises(ValueError, match="no text in UTF-8"):
        load(path)


def test_too_large(tmp_path: Path) -> None:
    path = tmp_path / "m.json"
    with path.open("wb") as file:
        file.truncate(MOST_BYTES + 1)  # a hole: takes no room on the disk
    with pytest.raises(ValueError, match="larger than 64 MB"):
        load(path)


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        load(tmp_path / "none.json")


# ---------------------------------------------------------------- checkpoints


def checkpoint(path: Path) -> dict[str, Any]:
    model = MLP(2, [2, 1], seed=1)
    history = fit(model, X, [0, 1], optimizer="adam", rate=0.1, epochs=3, batch_size=1, patience=2,
                  progress=False)  # fmt: skip
    save_checkpoint(model, history, path)
    return dict(json.loads(path.read_text()))


def test_a_checkpoint_is_not_a_model(tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    checkpoint(path)
    with pytest.raises(ValueError, match=r"is a checkpoint: use load_checkpoint"):
        load(path)
    save(MLP(1, [1]), path)
    with pytest.raises(ValueError, match="is no checkpoint"):
        load_checkpoint(path)


def test_a_loss_that_was_nan_can_be_kept(tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    model = MLP(2, [2, 1], seed=1)
    history = fit(model, X, [0, 1], rate=0.1, epochs=2, progress=False)
    history.rows[0] = history.rows[0]._replace(loss=math.nan, gradient_norm=math.inf)
    save_checkpoint(model, history, path)
    row = load_checkpoint(path)[1].rows[0]
    assert math.isnan(row.loss)
    assert row.gradient_norm == math.inf


CHANGES: list[tuple[list[Any], Any, str]] = [
    (["version"], 2, "another version"),
    (["state", "parameters", 0], "x", "a number is wanted"),
    (["state", "parameters"], [], "9 entries are wanted"),
    (["state", "best"], [1.0], "9 entries are wanted"),
    (["state", "epoch"], 99, "epoch 99, and the history has 3"),
    (["state", "epoch"], True, "not True"),
    (["state", "random", 1, 0], -1, "whole number"),
    (["state", "random", 1, 624], 625, "whole number"),
    (["state", "random", 0], 2, "is 2, not 3"),
    (["state", "optimizer", "slots", "mean"], 3, "a list is wanted"),
    (["state", "optimizer", "settings", "beta1"], "x", "a number is wanted"),
    (["state", "optimizer", "slots"], 3, "an object is wanted"),
    (["state", "run", "samples"], 3, "a text is wanted"),
    (["history", "rows", 0], [], "6 entries are wanted"),
    (["history", "layers"], [], "0 gradients are wanted"),
    (["model", "sizes"], [2], "at least one layer"),
    (["spare"], 1, "unknown key 'spare'"),
]


@pytest.mark.parametrize(("keys", "new", "message"), CHANGES)
def test_a_changed_checkpoint(keys: list[Any], new: Any, message: str, tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    content = checkpoint(path)
    place: Any = content
    for key in keys[:-1]:
        place = place[key]
    place[keys[-1]] = new
    path.write_text(json.dumps(content))
    with pytest.raises(ValueError, match=message):
        load_checkpoint(path)
