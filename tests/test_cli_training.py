"""`autodiff train` and `autodiff predict`: what they print and write, and what they refuse."""

import csv
import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest

import nn
from autodiff.cli import main
from autodiff.cli.training import TRAIN
from nn import datasets, training

QUICK = ["--hidden", "4", "--epochs", "3", "--quiet"]
Capture = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def _empty_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["autodiff"])
    monkeypatch.setenv("MPLBACKEND", "Agg")


def table(name: str, X: Any, y: Any, header: str = "") -> None:
    """Samples as a file, the target last."""
    rows = [",".join(map(repr, [*x, t])) for x, t in zip(X, y, strict=True)]
    Path(name).write_text("\n".join([*([header] if header else []), *rows]) + "\n")


def answers(capsys: Capture, *words: str) -> list[list[str]]:
    """The rows that `predict` prints, without the first."""
    capsys.readouterr()
    assert main(["predict", *words]) == 0
    return list(csv.reader(capsys.readouterr().out.splitlines()))[1:]


# ---------------------------------------------------------------- train


@pytest.mark.parametrize("name", datasets.DATASETS)
def test_every_data_set(name: str, capsys: Capture) -> None:
    assert main(["train", name, *QUICK]) == 0
    said = capsys.readouterr()
    assert said.err == ""
    numbers = name in ("linear", "sine")
    assert said.out.startswith("off by (root mean square): " if numbers else "right: ")
    assert len(said.out.splitlines()) == 1


def test_what_is_said_and_written(capsys: Capture) -> None:
    pytest.importorskip("matplotlib")
    files = {"save": "m.json", "plot": "m.png", "page": "m.html", "history": "m.csv"}
    words = [word for what, name in files.items() for word in (f"--{what}", name)]
    learn = ["--hidden", "8,8", "--epochs", "60", "--validation", "0.2", "--seed", "1"]
    assert main(["train", "moons", *learn, *words]) == 0
    said = capsys.readouterr()
    lines = said.out.splitlines()
    assert lines[0].startswith("moons: 80 samples; to learn: labels 0 and 1 (binary_cross_entropy")
    assert lines[1].startswith("MLP(2, [8, 8, 1]")
    assert lines[2].startswith("History(60 epochs, loss ")
    assert "The gradient is in good health." in lines
    assert "right: 80 of 80 samples, 20 of 20 kept for validation" in lines
    assert lines[-4:] == [f"wrote {name}" for name in files.values()]
    assert "epoch 60/60" in said.err
    assert Path("m.png").read_bytes().startswith(b"\x89PNG")
    assert "<html" in Path("m.html").read_text(encoding="utf-8")
    assert len(Path("m.csv").read_text(encoding="utf-8").splitlines()) == 61


def test_it_is_fit_with_the_same_numbers() -> None:
    words = "--hidden 4,3 --activation sigmoid --optimizer sgd --rate 0.3 --seed 5 --epochs 4"
    assert main(["train", "circles", *words.split(), "--quiet", "--save", "m.json"]) == 0
    X, y = datasets.circles(seed=5)
    model = nn.MLP(2, [4, 3, 1], "sigmoid", "linear", seed=5)
    loss = "binary_cross_entropy_with_logits"
    nn.fit(model, X, y, loss=loss, rate=0.3, epochs=4, seed=5, progress=False)
    assert nn.load("m.json").predict(X) == model.predict(X)


def test_a_network_without_hidden_layers() -> None:
    assert main(["train", "linear", "--hidden", "none", "--save", "line.json", "--quiet"]) == 0
    [w, b] = [p.data for p in nn.load("line.json").parameters()]
    assert [w, b] == pytest.approx([2.0, 1.0], abs=0.1)


def test_patience_ends_training(capsys: Capture) -> None:
    assert main(["train", "blobs", "--validation", "0.3", "--patience", "5"]) == 0
    assert "no better loss for 5 epochs" in capsys.readouterr().out


def test_no_epochs_at_all() -> None:
    assert main(["train", "xor", "--epochs", "0"]) == 0


# ---------------------------------------------------------------- files


def test_a_file_of_any_scale(capsys: Capture) -> None:
    X, y = datasets.moons(60, seed=1)
    table("m.csv", [[1e6 + 1e3 * a, 7.0, 1e-4 * b] for a, b in X], y, "a,same,b,class")
    assert main(["train", "m.csv", "--epochs", "150", "--save", "m.json", "--quiet"]) == 0
    assert "right: 60 of 60 samples" in capsys.readouterr().out
    found = answers(capsys, "m.json", "m.csv", "--target", "class", "--classes")
    assert [float(k) for [k] in found] == y


def test_numbers_come_back_in_their_own_units(capsys: Capture) -> None:
    X = [[k / 10] for k in range(40)]
    y = [5000.0 + 300.0 * x for [x] in X]
    table("line.csv", X, y)
    assert main(["train", "line.csv", "--hidden", "none", "--save", "m.json", "--quiet"]) == 0
    found = answers(capsys, "m.json", "line.csv", "--target", "2")
    assert [float(o) for [o] in found] == pytest.approx(y, rel=1e-3)
    assert answers(capsys, "m.json", "line.csv", "--target", "2") == found


@pytest.mark.parametrize("constant", [0.1, 1e10 / 3])
def test_a_constant_column_stays_harmless(constant: float) -> None:
    table("c.csv", [[constant, k] for k in range(11)], range(11))
    assert main(["train", "c.csv", *QUICK, "--loss", "mse", "--save", "m.json"]) == 0
    first = nn.load("m.json").layers[0]
    assert all(abs(neuron.weights[0].data) < 10 for neuron in first.neurons)


def test_classes_and_the_column_to_learn(capsys: Capture) -> None:
    X, y = datasets.blobs(60, seed=2)
    lines = [f"{int(k)},{a!r},{b!r}" for (a, b), k in zip(X, y, strict=True)]
    Path("b.csv").write_text("kind,a,b\n" + "\n".join(lines))
    for target in ("kind", "1"):
        assert main(["train", "b.csv", "--target", target, "--save", "m.json", "--quiet"]) == 0
        found = answers(capsys, "m.json", "b.csv", "--target", target, "--classes")
        assert [float(k) for [k] in found] == y
    model = nn.load("m.json")
    assert model.sizes[-1] == 3
    table("rows.csv", [row[:-1] for row in X], [row[-1] for row in X])
    assert main(["predict", "m.json", "rows.csv", "--output", "out.csv"]) == 0
    assert capsys.readouterr().out == "wrote out.csv\n"
    first, *rows = csv.reader(Path("out.csv").read_text().splitlines())
    assert first == ["output0", "output1", "output2"]
    assert [list(map(float, row)) for row in rows] == model.predict(X)


@pytest.mark.parametrize(
    ("targets", "loss"),
    [
        ([0, 1, 1, 0], "binary_cross_entropy_with_logits"),
        ([0, 1, 2, 1], "cross_entropy"),
        ([0, 2, 2, 0], "mse"),
        ([1, 2, 3, 1], "mse"),
        ([0.5, 1, 0, 1], "mse"),
        (range(30), "mse"),
    ],
)
def test_the_targets_choose_the_loss(targets: Any, loss: str, capsys: Capture) -> None:
    table("t.csv", [[float(k)] for k in range(len(targets))], targets)
    assert main(["train", "t.csv", "--hidden", "2", "--epochs", "1"]) == 0
    assert f"({loss})" in capsys.readouterr().out.splitlines()[0]


def test_classes_of_any_network(capsys: Capture) -> None:
    Path("x.csv").write_text("-1\n0.2\n0.8\n")
    for output, classes in (("linear", "011"), ("sigmoid", "011"), ("relu", "001")):
        nn.save(nn.MLP(1, [1], output, weights=[[[1.0]]]), "m.json")
        assert "".join(k for [k] in answers(capsys, "m.json", "x.csv", "--classes")) == classes


# ---------------------------------------------------------------- Ctrl-C


def test_ctrl_c_keeps_what_was_learnt(capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    def show(self: Any, done: int, *_: Any) -> None:
        if done == 5:
            raise KeyboardInterrupt

    monkeypatch.setattr(training.Progress, "show", show)
    assert main(["train", "moons", "--save", "m.json"]) == 130
    said = capsys.readouterr().out
    assert "interrupted in epoch" in said
    assert said.endswith("wrote m.json\n")
    assert nn.load("m.json").sizes == [2, 8, 8, 1]


# ---------------------------------------------------------------- bad input

CSV = "a,b,t\n1,2,0\n3,4,1\n5,6,1\n7,8,0\n"
COMPLAINTS = {
    "train": "the following arguments are required: data",
    "train|moon": "moon is neither a .csv file nor one of xor, logical_and,",
    "train|gone.csv": "gone.csv: No such file or directory",
    "train|bad.csv": "bad.csv, line 2, column 2: 'tall' is no number",
    "train|one.csv": "one.csv has one column, and that is the target",
    "train|t.csv|--target|z": "t.csv: the column 'z' is not there; columns: a, b, t",
    "train|t.csv|--target|9": "t.csv has 3 columns, and the target is number",
    "train|t.csv|--target|b|--loss|binary_cross_entropy_with_logits": "y[0]: target 1 is 2; binary",
    "train|huge.csv": "the file has numbers too large for one scale",
    "train|huge.csv|--loss|cross_entropy": "the network would have more than 1,000,000 parameters",
    "train|.": ".: Is a directory",
    "train|xor|--target|1": "--target names a column of a file",
    "train|xor|--hidden|16,x": "argument --hidden: '16,x' should look like 16,16, or be none",
    "train|xor|--hidden|0": "argument --hidden: '0' should look like",
    "train|xor|--hidden|9999,9999": "the network would have more than 1,000,000 parameters",
    "train|xor|--activation|sigmund": "there is no activation 'sigmund' (did you mean",
    "train|xor|--optimizer|adman": "optimizer='adman' is unknown; use one of sgd,",
    "train|xor|--loss|hinge": "argument --loss: invalid choice: 'hinge'",
    "train|xor|--rate|fast": "argument --rate: 'fast' is no number",
    "train|xor|--rate|-1": "rate",
    "train|xor|--epochs|-1": "epochs is a whole number from 0 on, not -1",
    "train|xor|--patience|0": "patience is a whole number from 1 on, not 0",
    "train|xor|--seed|s": "argument --seed: 's' is no whole number",
    "train|xor|--validation|0.01": "0.01 of 4 samples leaves nothing to validate with",
    "train|xor|--validation|2": "2.0 of 4 samples leaves nothing to train with",
    "train|linear|--hidden|none|--optimizer|sgd|--rate|1e200|--quiet": "in epoch ",
    "train|xor|--save|m.txt": "--save m.txt should end in .json",
    "train|xor|--plot|m.bmp": "--plot m.bmp should end in .png or .svg or .pdf",
    "train|xor|--page|m": "--page m should end in .html",
    "train|xor|--history|m.txt": "--history m.txt should end in .csv or .json",
    "train|xor|--save|no/m.json": "--save no/m.json: that is a directory, or in one that is not",
    "train|xor|--save|m.json|--history|m.json": "--history m.json: that file is written by --save",
    "train|t.csv|--history|./t.csv": "--history ./t.csv: that file is read; give another",
    "predict|m.json": "the following arguments are required: data",
    "predict|gone.json|t.csv": "gone.json: No such file or directory",
    "predict|t.csv|t.csv": "t.csv",
    "predict|m.json|gone.csv": "gone.csv: No such file or directory",
    "predict|m.json|t.csv": "t.csv has 3 columns of inputs, the network has 2 inputs; --target",
    "predict|m.json|bad.csv": "bad.csv, line 2, column 2: 'tall' is no number",
    "predict|m.json|t.csv|--target|t|--output|t.csv": "--output t.csv: that file is read",
    "predict|m.json|t.csv|--target|t|--output|o.txt": "--output o.txt should end in .csv",
}  # fmt: skip


@pytest.mark.parametrize("words", COMPLAINTS)
def test_bad_input(words: str, capsys: Capture) -> None:
    Path("t.csv").write_text(CSV)
    Path("one.csv").write_text("1\n2\n")
    Path("bad.csv").write_text("1,2\n3,tall\n")
    Path("huge.csv").write_text("1,1e300\n-1e300,2.5\n")
    nn.save(nn.MLP(2, [1], seed=1), "m.json")
    before = {path: path.read_text() for path in Path().iterdir()}
    assert main(words.split("|")) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("autodiff: ")
    assert COMPLAINTS[words] in said.err
    assert "Traceback" not in said.err
    assert {path: path.read_text() for path in Path().iterdir()} == before


def test_a_plot_without_matplotlib(capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    assert main(["train", "xor", "--plot", "m.png"]) == 2
    assert "plots need matplotlib: pip install" in capsys.readouterr().err


def test_control_characters_are_shown_escaped(capsys: Capture) -> None:
    assert main(["train", "\x1b[2J"]) == 2
    assert capsys.readouterr().err.startswith("autodiff: \\x1b[2J is neither")
    table("\x1b.csv", *datasets.xor())
    assert main(["train", "\x1b.csv", "--epochs", "1"]) == 0
    assert capsys.readouterr().out.startswith("\\x1b.csv: 4 samples (scaled); to learn: ")


def test_any_encoding(run_python: Any) -> None:
    done = run_python("-X", "utf8=0", "-c", ASCII)
    assert done.returncode == 0, done.stderr
    assert done.stdout.isascii()
    assert "U+" not in done.stdout


ASCII = """
import sys
sys.stdout.reconfigure(encoding="ascii")
from autodiff.cli import main
from autodiff.cli.training import TRAIN
raise SystemExit(main(["train", "xor", "--epochs", "50", "--save", "m.json"]))
"""


def test_the_page_has_the_network(capsys: Capture) -> None:
    assert main(["train", "xor", *QUICK, "--page", "x.html", "--save", "x.json"]) == 0
    assert capsys.readouterr().out.endswith("wrote x.json\nwrote x.html\n")
    assert json.loads(Path("x.json").read_text())["sizes"] == [2, 4, 1]


def test_the_help_lists_every_data_set() -> None:
    [data] = (o for o in TRAIN if o.spelled == ("data",))
    assert re.findall(r"\w+", data.meaning["help"].partition(" or ")[0].rstrip(",")) == [
        *datasets.DATASETS
    ]
