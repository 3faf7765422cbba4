"""`autodiff train` and `autodiff predict`: a network from the shell, and its answers for a table.

The targets choose the loss (`GOALS`). Columns of a file are brought to one scale for training, and
that scale is then put into the weights of the first layer (and of the last, where a number is
learnt): what is saved takes and gives numbers as they stand in the file.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

from autodiff.cli.options import number, option, whole
from autodiff.cli.terminal import printable, say, wrote

CORNERS = ("xor", "logical_and", "logical_or")  # four samples, whatever the seed
MOST_CLASSES = 20  # more whole numbers than that are taken for quantities
MOST_PARAMETERS = 1_000_000

GOALS = {
    "binary_cross_entropy_with_logits": "labels 0 and 1",
    "cross_entropy": "the index of a class",
    "mse": "a number",
}
WRITTEN: dict[str, tuple[str, ...]] = {  # options that name a file, and how it may end
    "save": (".json",),
    "plot": (".png", ".svg", ".pdf"),
    "page": (".html", ".htm"),
    "history": (".csv", ".json"),
    "output": (".csv",),
}
PLAIN_BARS = str.maketrans("▁▂▃▄▅▆▇█", "_.-:=+*#")  # where a terminal has no blocks
FOR_FIT = "optimizer rate epochs seed patience".split()  # options handed on as they are


@contextmanager
def complaints() -> Iterator[None]:
    """What `nn` complains of in what it is given, as one kind of error that is shown as it is."""
    try:
        yield
    except (TypeError, FloatingPointError, ImportError) as error:
        raise ValueError(str(error)) from error


@complaints()
def train(args: argparse.Namespace) -> int:
    """Train a network and say how well it does; 130 after Ctrl-C, with what was learnt so far."""
    import nn
    from autodiff.formula.text import to_ascii
    from nn.plots import save_plots
    from nn.tables import split

    _check_files(args, args.data)
    X, y = _samples(args)
    loss = args.loss or _loss_for(y)
    sizes = [*args.hidden, max(2, int(max(y)) + 1) if loss == "cross_entropy" else 1]
    if sum((n + 1) * m for n, m in pairwise([len(X[0]), *sizes])) > MOST_PARAMETERS:
        raise ValueError(f"the network would have more than {MOST_PARAMETERS:,} parameters")
    model = nn.MLP(len(X[0]), sizes, args.activation, "linear", seed=args.seed)
    parts = [(X, y)]
    if args.validation:
        parts = list(split(X, y, args.validation, seed=args.seed))
    scales = None if args.data in nn.datasets.DATASETS else Scales(*parts[0], loss)
    (X, y), *kept = [scales(*part) for part in parts] if scales else parts
    if args.page is not None:
        nn.playground(model, X, y, loss=loss)  # complains now rather than after the training
    options = {word: getattr(args, word) for word in FOR_FIT} | {"progress": not args.quiet}
    history = nn.fit(model, X, y, loss=loss, validation=kept[0] if kept else None, **options)
    diagnosis = nn.diagnose(model, X, y, loss)
    page = None if args.page is None else nn.playground(model, X, y, loss=loss, title=args.data)
    if scales:
        scales.put_into(model)
    if args.save is not None:
        nn.save(model, args.save)
    if not args.quiet:
        task = f"{len(X)} samples{' (scaled)' if scales else ''}; to learn: {GOALS[loss]} ({loss})"
        lines = [f"{printable(args.data)}: {task}", repr(model), str(history), str(diagnosis)]
        say("\n".join(lines), lambda text: to_ascii(text.translate(PLAIN_BARS)))
    say(_quality(model, parts, loss))
    if args.history is not None:
        history.save(args.history)
    if args.plot is not None:
        save_plots(history, args.plot, *(() if loss == "mse" else (model, *parts[0])))
    if page is not None:
        page.save(args.page)
    for name in _files(args).values():
        say(wrote(name))
    return 130 if history.stopped.startswith("interrupted") else 0


def _check_files(args: argparse.Namespace, *read: str) -> None:
    """Before hours of training: could all files be written, and would none be lost by it?"""
    taken = {Path(name).resolve(): "is read" for name in read}
    for what, name in _files(args).items():
        path = Path(name)
        if path.suffix.lower() not in WRITTEN[what]:
            raise ValueError(f"--{what} {name} should end in {' or '.join(WRITTEN[what])}")
        if path.is_dir() or not path.parent.is_dir():
            raise ValueError(f"--{what} {name}: that is a directory, or in one that is not there")
        if path.resolve() in taken:
            raise ValueError(f"--{what} {name}: that file {taken[path.resolve()]}; give another")
        taken[path.resolve()] = f"is written by --{what}"
    if getattr(args, "plot", None) is not None:
        from nn.plots import import_matplotlib

        import_matplotlib()


def _files(args: argparse.Namespace) -> dict[str, str]:
    """The files to be written, by the options that name them."""
    return {what: name for what in WRITTEN if (name := getattr(args, what, None)) is not None}


def _samples(args: argparse.Namespace) -> tuple[list[list[float]], list[float]]:
    from nn.datasets import DATASETS
    from nn.tables import read_csv

    name = args.data
    if name in DATASETS:
        if args.target is not None:
            raise ValueError("--target names a column of a file, and a data set has its targets")
        return DATASETS[name](**({} if name in CORNERS else {"seed": args.seed}))
    if not (name.lower().endswith(".csv") or Path(name).exists()):
        raise ValueError(f"{name} is neither a .csv file nor one of {', '.join(DATASETS)}")
    return read_csv(name, target=-1 if args.target is None else args.target)


def _loss_for(y: Sequence[float]) -> str:
    """The loss that the targets look like: all of 0 to k - 1 are classes."""
    labels = set(y)
    if labels <= {0.0, 1.0}:
        return "binary_cross_entropy_with_logits"
    classes = len(labels) <= MOST_CLASSES and labels == set(map(float, range(len(labels))))
    return "cross_entropy" if classes else "mse"


class Scales:
    """Inputs, and targets that are numbers, brought to mean 0 and deviation 1, and back."""

    def __init__(self, X: Any, y: Any, loss: str) -> None:
        from nn.tables import Standardise

        try:
            self.inputs = Standardise(X)
            self.targets = Standardise(y) if loss == "mse" else None
        except OverflowError:
            raise ValueError("the file has numbers too large for one scale") from None
        for scale in filter(None, (self.inputs, self.targets)):
            pairs = zip(scale.means, scale.deviations, strict=True)  # constant but for rounding?
            scale.deviations = [s if s > 1e-13 * abs(mean) else 1.0 for mean, s in pairs]

    def __call__(self, X: Any, y: Any) -> tuple[Any, Any]:
        return self.inputs(X), [t for [t] in self.targets(y)] if self.targets else y

    def put_into(self, model: Any) -> None:
        """w*(x - mean)/s + b is (w/s)*x + (b - (w/s)*mean), and likewise behind the last layer."""
        scales = list(zip(self.inputs.means, self.inputs.deviations, strict=True))
        for neuron in model.layers[0].neurons:
            for w, (mean, s) in zip(neuron.weights, scales, strict=True):
                w.data /= s
                neuron.bias.data -= w.data * mean
        if self.targets:
            [mean], [s] = self.targets.means, self.targets.deviations
            for neuron in model.layers[-1].neurons:
                for w in neuron.weights:
                    w.data *= s
                neuron.bias.data = neuron.bias.data * s + mean


def _quality(model: Any, parts: Sequence[tuple[Any, Any]], loss: str) -> str:
    """How many labels are right, or how far numbers are off, in training and in validation."""
    from nn import accuracy

    said = []
    for (X, y), where in zip(parts, ("samples", "kept for validation"), strict=False):
        if loss == "mse":
            off = math.dist(model.predict(X), y) / math.sqrt(len(y))
            said.append(f"{off:.4g} over {len(y)} {where}")
        else:
            said.append(f"{round(accuracy(model, X, y) * len(y))} of {len(y)} {where}")
    return ("off by (root mean square): " if loss == "mse" else "right: ") + ", ".join(said)


@complaints()
def predict(args: argparse.Namespace) -> int:
    """Print what a saved network says about each row of a table, as CSV."""
    from nn import load
    from nn.activations import activation_name
    from nn.metrics import UPRIGHT
    from nn.tables import read_csv
    from nn.writing import write_atomically

    _check_files(args, args.model, args.data)
    model = load(args.model)
    rows, _ = read_csv(args.data, target=args.target)
    if len(rows[0]) != model.sizes[0]:
        s = "s" if model.sizes[0] != 1 else ""
        wanted = f"the network has {model.sizes[0]} input{s}; --target COLUMN leaves a column out"
        raise ValueError(f"{args.data} has {len(rows[0])} columns of inputs, {wanted}")
    outputs = [o if isinstance(o, list) else [o] for o in model.predict(rows)]
    names = ["class"] if args.classes else [f"output{k}" for k in range(model.sizes[-1])]
    if args.classes:
        threshold = 0.0 if activation_name(model.layers[-1].activation) in UPRIGHT else 0.5
        outputs = [[o.index(max(o)) if len(o) > 1 else int(o[0] > threshold)] for o in outputs]
    text = "\n".join(",".join(map(str, row)) for row in [names, *outputs])
    if args.output is None:
        say(text)
    else:
        write_atomically(args.output, f"{text}\n")
        say(wrote(args.output))
    return 0


def column(text: str) -> str | int:
    """A column by name, or by number from 1 on, as in the messages about a file."""
    return int(text) - 1 if text.isdecimal() and len(text) < 10 and int(text) else text


def layer_sizes(text: str) -> list[int]:
    """How many neurons the hidden layers have."""
    sizes = [] if text == "none" else [size.strip() for size in text.split(",")]
    if not all(s.isdecimal() and len(s) < 10 and int(s) for s in sizes):
        raise argparse.ArgumentTypeError(f"{text!r} should look like 16,16, or be none")
    return list(map(int, sizes))


TRAIN = (
    option("data", help="xor, logical_and, logical_or, linear, sine, circles, "
           "moons, spiral, blobs, or a .csv file"),
    option("--hidden", type=layer_sizes, default=[8, 8], metavar="16,16",
           help="neurons of each hidden layer, or none; 8,8 if left out"),
    option("--activation", default="tanh", metavar="sigmoid",
           help="of the hidden layers; tanh if left out"),
    option("--loss", choices=GOALS, help="what is made small, if not what the targets look like"),
    option("--epochs", type=whole, default=500, metavar="100",
           help="how often all samples are seen; 500 if left out"),
    option("--rate", type=number, default=0.05, metavar="0.1",
           help="the learning rate; 0.05 if left out"),
    option("--optimizer", default="adam", metavar="sgd",
           help="sgd, adam, adamw, rmsprop, adagrad; adam if left out"),
    option("--target", type=column, metavar="COLUMN", help="of a file; the last if left out"),
    option("--validation", type=number, default=0.0, metavar="0.2",
           help="share of the samples kept apart, to see what was learnt; none if left out"),
    option("--patience", type=whole, metavar="N", help="stop after N epochs without a better loss"),
    option("--seed", type=whole, default=0, metavar="1",
           help="of samples, weights and order; 0 if left out"),
    option("--save", metavar="FILE", help="the network, a .json file for predict"),
    option("--plot", metavar="FILE", help="loss and boundary: a .png, .svg or .pdf file"),
    option("--page", metavar="FILE", help="a .html page that goes on training"),
    option("--history", metavar="FILE", help="the epochs, a .csv or .json file"),
    option("--quiet", action="store_true", help="only the result"),
)  # fmt: skip
