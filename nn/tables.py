"""Tables of numbers: a CSV file as samples, columns brought to one scale, samples put apart.

X, y = read_csv("measurements.csv", target="price")
scale = Standardise(X)
(X, y), validation = split(scale(X), y, 0.2, seed=1)
"""

import csv
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from nn.initialisers import Seed
from nn.leaves import is_row
from nn.samples import Samples, apart

Rows = list[list[float]]


def read_csv(path: str | Path, target: str | int | None = -1) -> tuple[Rows, list[float]]:
    """Inputs and targets of a CSV file: a row for each sample, numbers separated by commas.

    The first line may name the columns. `target` is the column to learn, by name or number (-1 is
    the last); None takes all columns as inputs, and y is empty.

    Raises OSError when there is no such file, ValueError with line and column for what is no
    number or missing, and when rows differ in length.
    """
    header, rows = _read(Path(path))
    width = len(rows[0])
    if target is None:
        return rows, []
    column = _column(target, header, width, path)
    if width < 2:
        raise ValueError(f"{path} has one column, and that is the target: nothing to learn from")
    return [[x for k, x in enumerate(row) if k != column] for row in rows], [
        row[column] for row in rows
    ]


def _read(path: Path) -> tuple[list[str], Rows]:
    header: list[str] = []
    rows: Rows = []
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.reader(file, strict=True, skipinitialspace=True)
            for cells in reader:
                if not cells or not any(cell.strip() for cell in cells):
                    continue  # an empty line
                if not rows and not header and not any(map(_is_number, cells)):
                    header = [cell.strip() for cell in cells]
                    continue
                width = len(rows[0]) if rows else len(header) or len(cells)
                if len(cells) != width:
                    raise ValueError(
                        f"{path}, line {reader.line_num}: {len(cells)} columns, "
                        f"and {width} in the lines before"
                    )
                rows.append(
                    [
                        _number(cell, f"{path}, line {reader.line_num}, {_called(header, k)}")
                        for k, cell in enumerate(cells)
                    ]
                )
    except csv.Error as error:
        raise ValueError(f"{path}, line {reader.line_num}: {error}") from None
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} is no text in UTF-8 ({error.reason})") from None
    if not rows:
        raise ValueError(f"{path} has no rows of numbers")
    return header, rows


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _number(cell: str, where: str) -> float:
    text = cell.strip()
    if not text:
        raise ValueError(f"{where}: a number is missing; leave the line out or fill it in")
    if not _is_number(text) or "_" in text:
        shown = text if len(text) <= 40 else text[:37] + "..."
        advice = " (for classes write 0, 1, 2, ...)" if text[0].isalpha() else ""
        advice = " (commas separate columns)" if ";" in text or "\t" in text else advice
        raise ValueError(f"{where}: {shown!r} is no number{advice}")
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{where}: {text} cannot be learnt from; leave the line out")
    return number


def _called(header: list[str], k: int) -> str:
    return f"column {k + 1}" + (f" ({header[k]})" if k < len(header) and header[k] else "")


def _column(target: str | int, header: list[str], width: int, path: str | Path) -> int:
    if isinstance(target, str):
        if header.count(target) != 1:
            known = ", ".join(header) or "none: the first line holds numbers"
            problem = "twice" if target in header else "not there"
            raise ValueError(f"{path}: the column {target!r} is {problem}; columns: {known}")
        return header.index(target)
    if not -width <= target < width:
        raise ValueError(f"{path} has {width} columns, and the target is number {target}")
    return target % width


class Standardise:
    """Columns shifted and stretched to mean 0 and standard deviation 1, as they were in X.

    Apply the same object to everything that the network sees later.

    >>> scale = Standardise([[1.0, 5.0], [3.0, 5.0]])
    >>> scale([[1.0, 5.0], [5.0, 6.0]])
    [[-1.0, 0.0], [3.0, 1.0]]

    A column that is constant is only shifted. Raises ValueError for no rows or uneven ones.
    """

    def __init__(self, X: Any) -> None:
        rows = [list(row) if is_row(row) else [row] for row in X]
        if not rows:
            raise ValueError("there are no rows to take a mean of")
        columns = list(zip(*rows, strict=True))
        self.means = [math.fsum(column) / len(column) for column in columns]
        self.deviations = [
            _deviation(column, mean) for column, mean in zip(columns, self.means, strict=True)
        ]

    def __call__(self, X: Any) -> Rows:
        return [self._row(list(row) if is_row(row) else [row]) for row in X]

    def _row(self, row: Sequence[float]) -> list[float]:
        scales = zip(row, self.means, self.deviations, strict=True)
        return [float((x - mean) / deviation) for x, mean, deviation in scales]

    def back(self, X: Any) -> Rows:
        """The numbers as they were before."""
        return [
            [
                float(x * deviation + mean)
                for x, mean, deviation in zip(row, self.means, self.deviations, strict=True)
            ]
            for row in X
        ]


def split(
    X: Any, y: Any, fraction: float = 0.25, *, seed: Seed = 0
) -> tuple[tuple[Any, Any], tuple[Any, Any]]:
    """((X, y), (X, y)): samples to train with, and a `fraction` of them, drawn by seed, kept apart.

    >>> training, validation = split([[1], [2], [3], [4]], [1, 2, 3, 4], 0.25, seed=0)
    >>> len(training[1]), len(validation[1])
    (3, 1)

    Raises ValueError when nothing is left for one of the two.
    """
    if len(X) != len(y):
        raise ValueError(
            f"X has {len(X)} samples and y has {len(y)} targets; every sample needs one"
        )
    training, validation = apart(Samples(list(X), list(y)), fraction, seed)
    return (training.X, training.y), (validation.X, validation.y)


def _deviation(column: Sequence[float], mean: float) -> float:
    """The standard deviation; 1 for a constant column, whose mean may be off by a rounding."""
    if min(column) == max(column):
        return 1.0
    return math.sqrt(math.fsum((x - mean) ** 2 for x in column) / len(column))
