"""How numbers are shown: whole, short, rounded or with a power of ten, and when they are exact."""

import pytest

import autodiff as ad
from autodiff.formula.figures import Figures


@pytest.mark.parametrize(
    ("x", "shown", "exact"),
    [
        (0.5, "0.5", True),
        (1 / 3, "0.33333", False),
        (0.1 * 0.7, "0.07", True),  # 0.06999999999999999
        (0.1 + 0.2 - 0.3, "5.55112e-17", False),
        (1058.9600000000003, "1058.96", True),
        (-1034389718373.6165, "-1.03439e12", False),
        (1.9860282592773436e20, "1.98603e20", False),
        (123456.12345, "123456.12345", True),
        (1234567.12345, "1234567.12345", True),  # twelve figures
        (123456789.1234567, "123456789.12346", False),
        (1234567891.234567, "1.23457e9", False),
        (599584916.0, "599584916", True),
        (123456789012345.0, "123456789012345", True),
        (1e15, "1e15", True),
        (6.02214076e23, "6.02214e23", False),
        (1.5e-7, "1.5e-7", True),
        (-9.9999999e-10, "-1.00000e-9", False),
        (0.0, "0", True),
        (float("-inf"), "-∞", True),
    ],
)
def test_a_number_is_short_rounded_or_a_power_of_ten(x: float, shown: str, exact: bool) -> None:
    assert (Figures().text(x), Figures().exact(x)) == (shown, exact)


def test_who_asks_for_all_digits_sees_what_arithmetic_left_behind() -> None:
    assert Figures(12).text(0.1 + 0.2) == "0.3"
    assert Figures(13).text(0.1 + 0.2) == "0.3000000000000"
    assert Figures(17).text(0.1 + 0.2) == "0.30000000000000004"
    assert Figures(17).text(1e15) == "1000000000000000"
    assert Figures(17).text(1e22) == "1e22"


def test_digits_are_cut_off_where_the_number_has_more() -> None:
    cut = Figures(5, "truncate")
    assert [cut.text(x) for x in (0.7349261, -0.0205099, 0.7999999999999999)] == [
        "0.73492",
        "-0.02050",
        "0.8",
    ]


def test_a_power_of_ten_is_raised_in_brackets() -> None:
    m = ad.Value(1e15, "m")
    page = str(ad.derive((3 * m**3).named("b"), m))
    assert "= 9·(1e15)²  " in page
