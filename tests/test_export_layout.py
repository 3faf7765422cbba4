"""What an exported text looks like and offers: shapes, self-test, errors, sizes."""

import math
import subprocess

import pytest
from languages import Case, call, compile_c, load, needs, run_c, run_javascript

import autodiff as ad
from autodiff.export import LANGUAGES, export


@pytest.fixture
def neuron():
    x, w, b = ad.values("x w b", [1.0, 0.1, -0.2])
    out = (w * x + b).sigmoid().named("out")
    return (0.5 * (ad.Value(0.01, "target") - out) ** 2).named("E")


def test_a_neuron_in_c(neuron):
    text = export(neuron, ["w", "b"], gradient=True)
    assert "static inline double f(const double inputs[2], double gradient[2])" in text
    assert "const double out = f_sigmoid(t1);  /* sigmoid(w*x + b) */" in text
    assert "const double target = 0x1.47ae147ae147bp-7;" in text
    assert " * gradient = dE/dw, dE/db" in text
    assert "malloc" not in text
    assert [line for line in text.splitlines() if line.startswith("#include")] == [
        "#include <math.h>"
    ]


def test_the_self_test_of_c(neuron, tmp_path):
    needs("cc")
    text = export(neuron, ["w", "b"], "c", gradient=True, hessian=True, self_test=True)
    said = call(compile_c(text, tmp_path), cwd=tmp_path)
    assert said.splitlines()[0].startswith("E = 0.108122")
    assert "d2E/dw db = " in said
    worst = float(said.splitlines()[-1].split()[1])
    assert worst <= 16
    broken = text.replace("const double target = 0x1.47ae147ae147bp-7", "const double target = 1.0")
    program = compile_c(broken, tmp_path, "broken")
    assert subprocess.run([program], capture_output=True).returncode == 1


def test_fast_math_is_refused(neuron, tmp_path):
    needs("cc")
    with pytest.raises(AssertionError, match="ffast-math"):
        compile_c(export(neuron, ["w"], "c"), tmp_path, flags=["-ffast-math"])


def test_jacobian_and_hessian(tmp_path):
    x, y = ad.values("x y", [0.5, 2.0])
    one, two = (x * y**2).named("one"), (x / y).named("two")
    module = load(export([one, two], [x, y], "python", jacobian=True))
    assert module.f(0.5, 2.0) == [[2.0, 0.25], [[4.0, 2.0], [0.5, -0.125]]]
    module = load(export(one, [x, y], "python", hessian=True))
    assert module.f(x=0.5, y=2.0) == [2.0, [[0.0, 4.0], [4.0, 1.0]]]
    text = export([one, two], [x, y], "c", jacobian=True)
    assert (
        "static inline void f(const double inputs[2], double outputs[2], double jacobian[4])"
        in text
    )


def test_values_alone(tmp_path):
    x, y = ad.values("x y", [0.5, 2.0])
    assert load(export(x * y, [x, y], "python")).f(3.0, 4.0) == 12.0
    assert load(export([x * y, x], [x, y], "python")).f(3.0, 4.0) == [12.0, 3.0]
    text = export([x * y], [x, y], "javascript")
    assert "return [x * y];" in text


@pytest.mark.parametrize("to", LANGUAGES)
def test_constants_are_exact(to):
    for number in (0.1, 1e22, 5e-324, -0.0, math.inf, -math.inf, math.nan, 1 / 3, 123456789.0):
        x = ad.Value(1.0, "x")
        y = ad.where(x, ad.Value(number, "c"), x) if to == "python" else x * ad.Value(number, "c")
        text = export(y, [x], to)
        if to == "python":
            found = load(text).f(1.0)
            assert found == number or math.isnan(found) == math.isnan(number)
            assert math.copysign(1.0, found) == math.copysign(1.0, number) or math.isnan(number)


def test_constants_are_exact_in_c_and_javascript(tmp_path):
    numbers = (0.1, 1e22, 5e-324, -0.0, math.inf, -math.inf, 1 / 3, 123456789.0, 2**-1074 * 3)
    x = ad.Value(1.0, "x")
    cases = [
        Case(x * ad.Value(number, "c"), [x], [(1.0,)], f"f{i}") for i, number in enumerate(numbers)
    ]
    for run in (run_c, run_javascript):
        for number, [[found, _]] in zip(numbers, run(cases, tmp_path), strict=True):
            assert found == number
            assert math.copysign(1.0, found) == math.copysign(1.0, number)


def test_arithmetic_is_not_simplified():
    x = ad.Value(1.0, "x")
    text = export((x - x) + 0.0 * x + x / x, x, "javascript")
    assert "return x - x + 0.0 * x + x / x;" in text


def test_a_branch_not_taken_contributes_nothing():
    import numpy as np

    x = ad.Value(2.0, "x")
    y = ad.where(ad.less(0.0, x), x.log(), 0.0) + x.sqrt() ** 2
    f = load(export(y, x, "numpy", gradient=True)).f
    _, [slope] = f(np.array([2.0, 0.0, 4.0]))
    assert slope[0] == 1.5
    assert math.isnan(slope[1])
    assert slope[2] == pytest.approx(1.25)
    dead = load(export(ad.where(ad.less(0.0, x), x.log(), 0.0), x, "numpy", gradient=True)).f
    assert dead(np.array([2.0, 0.0, -1.0]))[1][0].tolist() == [0.5, 0.0, 0.0]


def test_errors_name_what_is_wrong(neuron):
    w = ad.Value(1.0, "lonely")
    for options, message in [
        ({"to": "cobol"}, "there are c, javascript"),
        ({"inputs": ["nix"]}, "nix"),
        ({"inputs": [w]}, "no output depends on lonely"),
        ({"inputs": ["out"]}, "out is computed"),
        ({"inputs": ["w", "w"]}, "w is given twice"),
        ({"inputs": []}, "no input"),
        ({"outputs": [], "inputs": [w]}, "no output"),
        ({"outputs": [neuron, neuron], "gradient": True}, "jacobian"),
        ({"to": "python", "self_test": True}, "for C only"),
    ]:
        with pytest.raises(ValueError, match=message):
            export(**{"outputs": neuron, "inputs": ["w"]} | options)


def test_what_is_no_output_or_input_is_named():
    x = ad.Value(2.0, "x")
    with pytest.raises(TypeError, match=r"an output is a Value of a graph, not 3 \(int\)$"):
        export(3, [x], "c")
    with pytest.raises(TypeError, match=r"a Value or the name of one is wanted, not 3 \(int\)"):
        export(x * x, 3, "c")


def test_stale_graphs_are_refused():
    x = ad.Value(1.0, "x")
    y = x.exp()
    x.data = 2.0
    with pytest.raises(ValueError, match="x changed"):
        export(y, x)


def test_a_deep_graph_exports():
    """Ten thousand nodes in a row: nothing recurses, and Python can still read the text."""
    x = ad.Value(0.5, "x")
    y = x
    for _ in range(10_000):
        y = y * 0.999 + 0.001
    assert load(export(y, x, "python")).f(0.5) == y.data


def test_a_network_exports(tmp_path):
    from nn import MLP

    model = MLP(2, [3, 2], activation="tanh")
    inputs = ad.values("i1 i2", [0.5, -0.3])
    outputs = model(inputs)
    found = load(export(outputs, inputs, "python")).f(0.5, -0.3)
    assert found == pytest.approx([o.data for o in outputs], rel=1e-14)


def test_the_text_forbids_fused_multiply_add(tmp_path):
    """Even where the compiler would fuse: x*x - 0.01 keeps the rounding error of x*x."""
    needs("cc")
    x = ad.Value(0.1, "x")
    main = """
#include <stdio.h>
int main(void)
{
    volatile double x = 0.1, c = 0.01;
    const double inputs[] = {x};
    printf("%.3g %.3g\\n", f(inputs), x * x - c);
    return 0;
}
"""
    flags = ["-O2", "-std=gnu99", "-ffp-contract=fast", "-march=native"]
    text = export(x * x - 0.01, x, "c") + main
    try:
        program = compile_c(text, tmp_path, flags=flags)
    except AssertionError as error:
        pytest.skip(f"this compiler does not know this machine: {error}")
    ours, fused = call(program, cwd=tmp_path).split()
    if fused == "1.73e-18":
        pytest.skip("this machine does not fuse")
    assert ours == "1.73e-18"
