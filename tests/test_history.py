"""History: columns, what is printed, and what is saved."""

import csv
import json
import math
from pathlib import Path

import pytest

from nn.history import Epoch, History, sparkline


def history() -> History:
    made = History(("hidden", "output"))
    made.rows = [Epoch(i, 1 / i, 2 / i, 0.1, 3.0 / i, (1.0 / i, 2.0 / i)) for i in range(1, 31)]
    made.stopped = "all 30 epochs are done"
    return made


def test_columns() -> None:
    h = history()
    assert (h.loss[1], h.validation[1], h.rate[1], h.gradient_norm[1]) == (0.5, 1.0, 0.1, 1.5)
    assert h.layer_norms["output"][1] == 1.0
    assert len(h) == 30


def test_what_is_printed() -> None:
    h = history()
    assert repr(h) == (
        "History(30 epochs, loss 1 █▄▃▂▂▂▂▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁ 0.03333: all 30 epochs are done)"
    )
    lines = h.table(3).splitlines()
    assert lines[0].split() == ["epoch", "loss", "validation", "rate", "gradient"]
    assert [line.split()[0] for line in lines[1:]] == ["1", "15", "30"]
    assert str(h).splitlines()[0] == repr(h)
    assert repr(History()) == "History(no epochs)"
    assert History().table().split() == ["epoch", "loss", "rate", "gradient"]
    one = History()
    one.rows = [Epoch(1, 0.5, None, 0.1, 1.0)]
    assert repr(one) == "History(1 epoch, loss 0.5 ▁ 0.5)"


def test_sparkline() -> None:
    assert sparkline([1.0, 2.0, 3.0]) == "▁▅█"
    assert sparkline([1.0, math.nan, math.inf, 2.0]) == "▁??█"
    assert sparkline([math.nan]) == "?"
    assert sparkline([-1.7e308, 1.7e308]) == "▁█"
    assert sparkline([5.0, 5.0]) == "▁▁"
    assert sparkline([]) == ""
    assert len(sparkline(list(map(float, range(1000))), 40)) == 40


def test_csv_is_exact(tmp_path: Path) -> None:
    h = history()
    h.save(tmp_path / "h.csv")
    with (tmp_path / "h.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [float(row["loss"]) for row in rows] == h.loss
    assert [float(row["gradient hidden"]) for row in rows] == h.layer_norms["hidden"]


def test_json(tmp_path: Path) -> None:
    h = history()
    h.rows[0] = h.rows[0]._replace(loss=math.nan)
    h.save(tmp_path / "h.json")
    found = json.loads((tmp_path / "h.json").read_text())
    assert found["loss"] == [None, *h.loss[1:]]
    assert found["stopped"] == "all 30 epochs are done"
    with pytest.raises(ValueError, match=r"as .csv or .json, not '.txt'"):
        h.save(tmp_path / "h.txt")
