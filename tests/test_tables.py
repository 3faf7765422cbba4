"""Tables: CSV in, one scale, samples apart; errors name line and column."""

from pathlib import Path
from typing import Any

import pytest

from nn.tables import Standardise, read_csv, split


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "data.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_with_and_without_a_header(tmp_path: Path) -> None:
    plain = ([[1.0, 2.0], [4.0, -5e-1]], [3.0, 6.0])
    assert read_csv(written(tmp_path, "1,2,3\n4,-5e-1,6\n")) == plain
    named = written(tmp_path, "\ufeffa, b ,price\r\n\r\n1, 2,3\r\n4,-.5,6")
    assert read_csv(named) == read_csv(named, "price") == read_csv(named, 2) == plain
    assert read_csv(named, "a") == ([[2.0, 3.0], [-0.5, 6.0]], [1.0, 4.0])
    assert read_csv(named, None) == ([[1.0, 2.0, 3.0], [4.0, -0.5, 6.0]], [])


WRONG = [
    ("", {}, "no rows of numbers"),
    ("a,b\n", {}, "no rows of numbers"),
    ("a,b\n1,2\n3\n", {}, "line 3: 1 columns, and 2 in the lines before"),
    ("a,b\n1,2,3\n", {}, "line 2: 3 columns, and 2"),
    ("a,b\n1,x\n", {}, r"line 2, column 2 .b.: 'x' is no number .for classes write 0, 1"),
    ("1,2\n3,\n", {}, "line 2, column 2: a number is missing"),
    ("1,2\n3,nan\n", {}, "line 2, column 2: nan cannot be learnt from"),
    ("1,2\n3,1e999\n", {}, "1e999 cannot be learnt from"),
    ("1,2\n3,1_0\n", {}, "'1_0' is no number"),
    ("a;b\n1;2\n", {}, "'1;2' is no number .commas separate columns"),
    ('1,2\n3,"4\n', {}, "line 2: unexpected end of data"),
    ("a,b\n1,2\n", {"target": "c"}, "the column 'c' is not there; columns: a, b"),
    ("a,a\n1,2\n", {"target": "a"}, "the column 'a' is twice"),
    ("1,2\n", {"target": "c"}, "the first line holds numbers"),
    ("1,2\n", {"target": 2}, "has 2 columns, and the target is number 2"),
    ("1\n2\n", {}, "one column, and that is the target"),
]


@pytest.mark.parametrize(("text", "options", "message"), WRONG)
def test_wrong_files(text: str, options: Any, message: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=message) as caught:
        read_csv(written(tmp_path, text), **options)
    assert "data.csv" in str(caught.value)


def test_no_text(tmp_path: Path) -> None:
    (tmp_path / "data.csv").write_bytes(b"1,\xff\n")
    with pytest.raises(ValueError, match="no text in UTF-8"):
        read_csv(tmp_path / "data.csv")


def test_standardise() -> None:
    X = [[1.0, 5.0], [2.0, 5.0], [6.0, 5.0]]
    scale = Standardise(X)
    Z = scale(X)
    assert sum(row[0] for row in Z) == pytest.approx(0.0)
    assert sum(row[0] ** 2 for row in Z) == pytest.approx(3.0)
    assert [row[1] for row in Z] == [0.0] * 3
    assert scale.back(Z) == [pytest.approx(row) for row in X]
    with pytest.raises(ValueError, match="no rows"):
        Standardise([])
    with pytest.raises(ValueError, match="zip"):
        scale([[1.0]])


def test_split() -> None:
    X, y = [[k] for k in range(10)], list(range(10))
    (a, b), (c, d) = split(X, y, 0.3, seed=1)
    assert (len(a), len(c)) == (7, 3)
    assert sorted(b + d) == y
    assert [[t] for t in b + d] == a + c
    assert split(X, y, 0.3, seed=1) == ((a, b), (c, d))
    assert split(X, y, 0.3, seed=2) != ((a, b), (c, d))
    for fraction in (0.0, 1.0, 0.01):
        with pytest.raises(ValueError, match="leaves nothing"):
            split(X, y, fraction)


def test_a_constant_column_is_only_shifted():
    # the mean of three 0.1 is off by a rounding, which must not become a deviation
    scale = Standardise([[0.1], [0.1], [0.1]])
    assert scale.deviations == [1.0]
    assert abs(scale([[0.1]])[0][0]) < 1e-15
