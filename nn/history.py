"""A History: what training left behind, one row for each epoch.

Printed, it shows the loss as a row of little bars; `table()` has numbers, `save` writes CSV or
JSON, `plot()` draws. Epochs count from 1 in everything that is shown.
"""

import csv
import io
import json
import math
from pathlib import Path
from typing import Any, NamedTuple

from nn.writing import write_atomically

BARS = "▁▂▃▄▅▆▇█"


class Epoch(NamedTuple):
    """One epoch: the mean loss of its samples as they were met, and what else was measured.

    `validation` is the loss on the samples kept apart, after the epoch; `gradient_norm` and
    `layer_norms` are lengths of the gradient of the last batch, before clipping.
    """

    epoch: int
    loss: float
    validation: float | None
    rate: float
    gradient_norm: float
    layer_norms: tuple[float, ...] = ()


class History:
    """The epochs of one training run, why it ended, and the state to go on from.

    * `rows`: an `Epoch` each; `loss`, `validation`, `rate`, `gradient_norm` are its columns, and
      `layer_norms` has a column for each layer, by name.
    * `stopped`: the reason for the end, in words.
    * `best`: the epoch whose weights were kept, counted from 1; None unless `patience` was given.
    * `backend`: "eager", or what ran the compiled steps.
    * `state`: what `fit(..., resume=history)` goes on from.
    """

    def __init__(self, layers: tuple[str, ...] = (), unit: str = "epoch") -> None:
        self.rows: list[Epoch] = []
        self.layers = layers
        self.unit = unit
        self.stopped = ""
        self.best: int | None = None
        self.backend = "eager"
        self.state: Any = None

    def all_done(self, n: int) -> str:
        """Why training has stopped that has had all of its n epochs or steps."""
        few = {0: f"no {self.unit} was asked for", 1: f"the one {self.unit} is done"}
        return few.get(n, f"all {n} {self.unit}s are done")

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def loss(self) -> list[float]:
        return [row.loss for row in self.rows]

    @property
    def validation(self) -> list[float]:
        return [row.validation for row in self.rows if row.validation is not None]

    @property
    def rate(self) -> list[float]:
        return [row.rate for row in self.rows]

    @property
    def gradient_norm(self) -> list[float]:
        return [row.gradient_norm for row in self.rows]

    @property
    def layer_norms(self) -> dict[str, list[float]]:
        """The length of the gradient of each layer, over time."""
        return {name: [row.layer_norms[k] for row in self.rows] for k, name in self._numbered()}

    def _numbered(self) -> list[tuple[int, str]]:
        return list(enumerate(self.layers))

    # ------------------------------------------------------------ shown

    def sparkline(self, width: int = 40) -> str:
        """The loss as a row of bars, the last number of each stretch of epochs; `?` is no number.

        >>> history = History()
        >>> history.rows = [Epoch(i, 1 / i, None, 0.1, 1.0) for i in range(1, 9)]
        >>> history.sparkline(8)
        '█▄▃▂▂▁▁▁'
        """
        return sparkline(self.loss, width)

    def table(self, rows: int = 10) -> str:
        """Up to so many epochs, evenly spread, the first and the last among them."""
        columns = self._columns()
        picked = _spread(len(self.rows), rows)
        shown = [list(columns)] + [
            [_shown(column[i]) for column in columns.values()] for i in picked
        ]
        widths = [max(len(line[k]) for line in shown) for k in range(len(columns))]
        return "\n".join(
            "  ".join(cell.rjust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
            for line in shown
        )

    def __str__(self) -> str:
        return f"{self!r}\n{self.table()}"

    def __repr__(self) -> str:
        if not self.rows:
            return f"History(no {self.unit}s{': ' if self.stopped else ''}{self.stopped})"
        first, last = self.rows[0].loss, self.rows[-1].loss
        end = f": {self.stopped}" if self.stopped else ""
        done = self.rows[-1].epoch if self.unit == "step" else len(self.rows)  # step 0 is the start
        return (
            f"History({done} {self.unit}{'s' * (done != 1)}, "
            f"loss {first:.4g} {self.sparkline(24)} {last:.4g}{end})"
        )

    def plot(self) -> Any:
        """Draw the losses over the epochs (matplotlib); see `nn.plots.plot_loss`."""
        from nn.plots import plot_loss

        return plot_loss(self)

    # ------------------------------------------------------------ saved

    def _columns(self) -> dict[str, list[Any]]:
        """All columns that have numbers, by name."""
        found: dict[str, list[Any]] = {
            self.unit: [row.epoch for row in self.rows],
            "loss": self.loss,
            "validation": [row.validation for row in self.rows],
            "rate": self.rate,
            "gradient": self.gradient_norm,
        }
        if not any(x is not None for x in found["validation"]):
            del found["validation"]
        return found

    def to_csv(self) -> str:
        """The rows as CSV, floats exact, with the layers' gradient norms."""
        layers = {f"gradient {name}": column for name, column in self.layer_norms.items()}
        columns = self._columns() | layers
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(zip(*columns.values(), strict=True))
        return text.getvalue()

    def to_dict(self) -> dict[str, Any]:
        """Everything but the state, as lists, numbers and texts."""
        return {
            "unit": self.unit,
            "layers": list(self.layers),
            "rows": [[*row[:-1], list(row.layer_norms)] for row in self.rows],
            "stopped": self.stopped,
            "best": self.best,
        }

    def save(self, path: str | Path) -> None:
        """Write `x.csv` or `x.json`, by the ending; inf and nan become null in JSON."""
        ending = Path(path).suffix
        if ending == ".csv":
            write_atomically(path, self.to_csv())
        elif ending == ".json":
            columns = self._columns() | {"gradient by layer": self.layer_norms}
            content = {"stopped": self.stopped, "best": self.best} | _without_nan(columns)
            write_atomically(path, json.dumps(content, indent=1, allow_nan=False) + "\n")
        else:
            raise ValueError(f"a history is saved as .csv or .json, not {ending or path!r}")


def sparkline(numbers: list[float], width: int = 40) -> str:
    """Numbers as bars of eight heights, from the smallest to the largest of those shown."""
    picked = [numbers[i] for i in _spread(len(numbers), width)]
    finite = [x for x in picked if math.isfinite(x)]
    if not finite:
        return "?" * len(picked)
    low, high = min(finite), max(finite)
    span = (high / 2 - low / 2) or 1.0  # halves: high - low may overflow

    def bar(x: float) -> str:
        return BARS[round((x / 2 - low / 2) / span * (len(BARS) - 1))]

    return "".join(bar(x) if math.isfinite(x) else "?" for x in picked)


def _spread(count: int, wanted: int) -> list[int]:
    """Up to `wanted` of the indices below `count`, the first and the last among them."""
    if count <= wanted:
        return list(range(count))
    if wanted < 2:
        return [count - 1][:wanted]
    return [round(i * (count - 1) / (wanted - 1)) for i in range(wanted)]


def _shown(x: Any) -> str:
    return "" if x is None else str(x) if isinstance(x, int) else f"{x:.5g}"


def _without_nan(x: Any) -> Any:
    if isinstance(x, dict):
        return {key: _without_nan(item) for key, item in x.items()}
    if isinstance(x, list):
        return [_without_nan(item) for item in x]
    return None if isinstance(x, float) and not math.isfinite(x) else x
