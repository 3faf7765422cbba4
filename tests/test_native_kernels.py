"""The kernels of the native core: every row of the table, on every instruction set of this machine.

tests/data/kernels.c is compiled for each width of lanes and run on adversarial points. What is held
against what: the table of kernels against the table of ops; each kernel against mpmath, within the
bounds of its row, and against the row's own forward at special numbers; each width against the
plain C of one lane, bit for bit; and a build with sanitizers against silence.
"""

import math
import re
import shutil
import struct
import subprocess
import sys
from array import array
from functools import cache
from itertools import product
from pathlib import Path

import pytest
from bounds import allowed
from mpmath import mp, mpf
from oracle import PRECISIONS, ROWS, SMALLEST, Jet, representable, settled, ulps
from test_accuracy import NAMES, SLOPES
from test_edges import EDGES, agrees
from test_lowering import SPECIAL, alike

from autodiff.op import TABLE
from autodiff.ops import each_first

ROOT = Path(__file__).parent.parent
NATIVE = ROOT / "autodiff" / "native"
DRIVER = Path(__file__).parent / "data" / "kernels.c"
COMPILER = shutil.which("cc")

FLAGS = "-std=c99 -O2 -ffp-contract=off -Wall -Wextra -Werror".split()
WIDTHS = {
    "avx512": "-mavx512f -mavx512dq",
    "avx2": "-mavx2 -mfma",
    "baseline": "",
    "plain": "-DLANES=1",
}
SANITIZERS = "-O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all"

needs_compiler = pytest.mark.skipif(COMPILER is None, reason="there is no C compiler")


class Build:
    """The driver, compiled with some flags; None where this machine cannot run it."""

    def __init__(self, directory, flags):
        self.program = directory / f"kernels{abs(hash(flags))}"
        self.points = {}
        command = [COMPILER, *FLAGS, *flags.split(), f"-I{NATIVE}", DRIVER, "-o", self.program]
        done = subprocess.run([*command, "-lm"], capture_output=True, encoding="utf-8")
        if done.returncode and re.search("unrecognized|unsupported|unknown arg", done.stderr):
            pytest.skip(f"this compiler does not know {flags}")
        assert done.returncode == 0, done.stderr[-4000:]
        names = subprocess.run([self.program, "names"], capture_output=True, encoding="utf-8")
        if names.returncode < 0:
            pytest.skip(f"this machine does not run {flags}")
        self.table, self.codes = {"row": [], "pair": [], "shares": []}, {}
        for line in names.stdout.splitlines():
            kind, name, arity = line.split()
            rows = self.table[kind]
            self.codes[kind, name] = 1000 * list(self.table).index(kind) + len(rows)
            rows.append((name, int(arity)))

    def run(self, requests, kind="row"):
        """The results of [(name, points of one length), ...], a list of numbers for each; those of
        a point stand together.
        """
        sent, counts = [], []
        for name, points in requests:
            size = len(points[0])
            sent.append(struct.pack("3i", self.codes[kind, name], size, len(points)))
            sent += [array("d", column).tobytes() for column in zip(*points, strict=True)]
            counts.append(len(points) * {"row": 1, "pair": 2, "shares": size}[kind])
        done = subprocess.run([self.program], input=b"".join(sent), capture_output=True)
        assert done.returncode == 0, done.stderr.decode()[-4000:]
        assert not done.stderr
        numbers = iter(array("d", done.stdout))
        return [[next(numbers) for _ in range(count)] for count in counts]


@pytest.fixture(scope="session")
def builds(tmp_path_factory):
    """A function: the build of that name, made once."""
    if COMPILER is None:
        pytest.skip("there is no C compiler")
    directory = tmp_path_factory.mktemp("kernels")
    return cache(lambda name: Build(directory, (WIDTHS | {"sanitized": SANITIZERS})[name]))


def points(name, count=4, seed=0):
    """Points of the oracle and special numbers, those of each length together."""
    found = {}
    for point in [*ROWS[name].sample(count, seed), *special(name)]:
        found.setdefault(len(point), []).append(tuple(map(float, point)))
    return list(found.values())


def special(name):
    """Special numbers in all combinations, fewer of them where there are many operands."""
    count = TABLE[name].arity or (4 if name == "inner" else 3)
    return product(SPECIAL[:: (1, 2, 3, 5)[count - 1]], repeat=count)


def requests(names, count=4, seed=0):
    return [(name, group) for name in names for group in points(name, count, seed)]


def bits(numbers):
    """Comparable to the last bit; one nan is like another."""
    return array("d", [math.nan if math.isnan(x) else x for x in numbers]).tobytes()


# ---------------------------------------------------------------- the table


def test_every_row_has_its_kernel_in_the_order_of_the_table():
    text = (NATIVE / "rows.h").read_text(encoding="utf-8")
    found = re.findall(r"^    (UNARY|BINARY|TERNARY|NARY)\((\w+), (\w+)\)", text, re.M)
    kinds = {1: ("UNARY", "v"), 2: ("BINARY", "v"), 3: ("TERNARY", "v"), None: ("NARY", "row")}
    rows = [(*kinds[TABLE[name].arity], name) for name in NAMES]
    assert found == [(kind, name, f"{prefix}_{name}") for kind, prefix, name in rows]


def test_the_generated_rows_are_fresh():
    script = ROOT / "docs" / "make_kernels.py"
    done = subprocess.run(
        [sys.executable, str(script), "--check"], capture_output=True, encoding="utf-8"
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_compiled_table_is_the_table(builds):
    assert builds("plain").table["row"] == [(name, TABLE[name].arity or 0) for name in NAMES]


# ---------------------------------------------------------------- digits


def exact_value(row, point):
    """The exact value, to 30 digits, without the partials that `oracle.exact` finds as well."""
    before = None
    for digits in PRECISIONS:
        try:
            with mp.workdps(digits):
                inputs = [Jet(mpf(x)) for x in point]
                out = row.definition(inputs) if row.takes_list else row.definition(*inputs)
                value = +out.value
        except ZeroDivisionError:
            value = None
        if before is not None and value is not None and settled(before, value, digits):
            return value
        before = value
    raise ArithmeticError(f"no agreement at {PRECISIONS[-1]} digits: {point}")


def errors(build, name, count=4, seed=0):
    """(ulps, ulps allowed, point, computed) at each point with an exact value."""
    row, order = ROWS[name], SLOPES.get(name, 0)
    by_length = {}
    for point in row.sample(count, seed):
        by_length.setdefault(len(point), []).append(tuple(map(float, point)))
    groups = list(by_length.values())
    for group, found in zip(groups, build.run([(name, g) for g in groups]), strict=True):
        for point, computed in zip(group, found, strict=True):
            value = exact_value(row, point)
            if representable(value):
                limit, scale = allowed(name, order, "", point)
                yield ulps(computed, value, scale), limit, point, computed


@pytest.mark.parametrize("name", NAMES)
def test_no_digit_is_lost(builds, name):
    wrong = [e for e in errors(builds("plain"), name) if not e[0] <= e[1]]
    assert not wrong, f"{name}: {len(wrong)} points, {sorted(wrong, reverse=True)[:5]}"


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("name", NAMES)
def test_campaign(builds, name, seed):
    wrong = [e for e in errors(builds("plain"), name, 60, seed) if not e[0] <= e[1]]
    assert not wrong, f"{name}: {len(wrong)} points, {sorted(wrong, reverse=True)[:5]}"


# Measured over many more points than here; the bound of these is tighter than that of their rows.
TIGHT = {"exp": 0.75, "expm1": 1.25, "log": 0.9, "log1p": 0.9, "tanh": 1.0, "sigmoid": 1.2}
TIGHT |= {
    "gelu": 3.0,
    "gelu_slope": 3.0,
    "tanh_slope": 2.5,
    "sigmoid_slope": 2.5,
    "softplus": 1.6,
    "logsigmoid": 1.6,
}


@pytest.mark.parametrize("name", TIGHT)
def test_the_hot_kernels_are_better_than_they_must_be(builds, name):
    worst = max(errors(builds("plain"), name, 60, seed=7))
    assert worst[0] <= TIGHT[name], worst


# ---------------------------------------------------------------- special numbers


@needs_compiler
@pytest.mark.parametrize("name", NAMES)
def test_special_numbers(builds, name):
    groups = {}
    for point in special(name):
        groups.setdefault(len(point), []).append(point)
    found = builds("plain").run([(name, group) for group in groups.values()])
    forward = TABLE[name].forward
    for group, numbers in zip(groups.values(), found, strict=True):
        for point, number in zip(group, numbers, strict=True):
            right = forward(*point)
            tie = abs(number - right) == SMALLEST  # half of the smallest number is either 0 or it
            assert tie or alike(number, right), f"{name}{point}: {number!r}, the row {right!r}"


# Rows whose sign of zero is part of the contract: odd functions, and arithmetic.
SIGNED = (
    "add sub mul div neg sqrt cbrt sign alias expm1 log1p sin tan asin atan atan2 sinh tanh asinh "
    "atanh erf"
).split()


@pytest.mark.parametrize("name", SIGNED)
def test_the_sign_of_zero(builds, name):
    group = list(special(name))
    (found,) = builds("plain").run([(name, group)])
    for point, number in zip(group, found, strict=True):
        right = TABLE[name].forward(*point)
        if right == 0.0:
            assert math.copysign(1.0, number) == math.copysign(1.0, right), point


def edges():
    """(row, point, value) of the edges that are one call of a row: ad.exp(x), ad.hypot(x, y)."""
    for edge in EDGES:
        expression, point, value, _ = edge.values
        called = re.fullmatch(r"ad\.(\w+)\((\w(?:, \w)*)\)", expression)
        if called and called[1] in NAMES and called[2].split(", ") == ["x", "y"][: len(point)]:
            yield called[1], TABLE[called[1]].unpack(point), value


def test_the_table_of_edges(builds):
    cases = list(edges())
    assert len(cases) > 100
    found = builds("plain").run([(name, [point]) for name, point, _ in cases])
    wrong = [
        (*case, number)
        for case, (number,) in zip(cases, found, strict=True)
        if not agrees(number, case[2])
    ]
    assert not wrong, wrong


# ---------------------------------------------------------------- all widths alike


@pytest.mark.parametrize("width", [width for width in WIDTHS if width != "plain"])
def test_every_width_gives_the_same_bits(builds, width):
    asked = requests(NAMES)
    for (name, group), found, right in zip(
        asked, builds(width).run(asked), builds("plain").run(asked), strict=True
    ):
        differing = [
            (*point, a, b)
            for point, a, b in zip(group, found, right, strict=True)
            if bits([a]) != bits([b])
        ]
        assert not differing, f"{name}: {differing[:5]}"


@pytest.mark.slow
@pytest.mark.parametrize("width", [width for width in WIDTHS if width != "plain"])
def test_every_width_gives_the_same_bits_in_a_campaign(builds, width):
    for seed in range(5):
        asked = requests(NAMES, 100, seed)
        for (name, _), found, right in zip(
            asked, builds(width).run(asked), builds("plain").run(asked), strict=True
        ):
            assert bits(found) == bits(right), name


@pytest.mark.parametrize("width", WIDTHS)
def test_a_pair_is_its_two_rows(builds, width):
    build = builds(width)
    assert build.table["pair"]
    for name, _ in build.table["pair"]:
        first, second = name.split("+")
        group = points(first)[0]
        (pair,) = build.run([(name, group)], kind="pair")
        a, b = build.run([(first, group), (second, group)])
        assert bits(pair[::2]) == bits(a)
        assert bits(pair[1::2]) == bits(b)


@pytest.mark.parametrize("width", WIDTHS)
def test_all_shares_at_once_are_the_shares_one_by_one(builds, width):
    """But for the order in which the weights are added up."""
    build = builds(width)
    assert build.table["shares"]
    for name, _ in build.table["shares"]:
        for group in [*points(name), [point[:1] for point in points(name)[0]]]:
            n = len(group[0])
            (found,) = build.run([(name, group)], kind="shares")
            single = build.run([(name, [each_first(p, i) for p in group]) for i in range(n)])
            for i, numbers in enumerate(single):
                for point, a, b in zip(group, found[i::n], numbers, strict=True):
                    assert alike(a, b, most=2), f"{name}{point} {i}: {a!r}, alone {b!r}"


def test_sanitizers_find_nothing(builds):
    """No address and no undefined operation at any point; subnormal numbers included."""
    asked = requests(NAMES)
    sanitized = builds("sanitized").run(asked)
    for (name, _), found, right in zip(asked, sanitized, builds("plain").run(asked), strict=True):
        assert bits(found) == bits(right), name
