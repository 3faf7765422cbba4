"""The four seed documents as worked examples: what they print, and where they slip."""

from collections.abc import Callable
from typing import Any

from nn.layers import MLP
from nn.worked import Example, of_network, spelled

WEIGHTS_003 = [[[0.1, 0.3], [0.2, 0.4]], [[0.5, 0.6], [0.7, 0.8]]]


def seed_000() -> Example:
    names = spelled("w1 w2 w3 w4 w5 w6 w7 w8", ("in_{}", "out_{}", "target_{}"))
    weights = [[[0.1, 0.2], [0.3, 0.4]], [[0.5, 0.6], [0.7, 0.8]]]
    model = MLP(2, [2, 2], weights=weights, biases=[0.25, 0.35], names=names)
    output = "-(target_{o} - out_{o})*out_{o}*(1 - out_{o})*{last}"
    branch = "(target_{o} - out_{o})*out_{o}*(1 - out_{o})*{w}"
    both = branch.format(o="o1", w="w5") + " + " + branch.format(o="o2", w="w6")
    return of_network(
        seed_000,
        model,
        [0.1, 0.5],
        [0.05, 0.95],
        rate=0.6,
        source="Neural Networks: The mechanics of backpropagation (2-2-2 network, formulas only)",
        notes="The document has no numbers; those of 003 are used, in this document's wiring.",
        formulas={
            "w5": output.format(o="o1", last="out_h1"),
            "w6": output.format(o="o2", last="out_h2"),
            "w1": f"-({both})*out_h1*(1 - out_h1)*i1",
        },
        wrong={
            "w6": "w6 leads to o1: the target and the output must be those of o1",
            "w1": "the way from h1 to o2 is w7, not w6 (equation F)",
        },
    )


def seed_001() -> Example:
    model = MLP(
        4,
        [2, 2, 1],
        "sigmoid",
        output="linear",
        weights=[
            [[0.2, -0.3, 0.4, 0.1], [-0.5, 0.2, 0.1, 0.3]],
            [[0.3, -0.2], [0.6, 0.5]],
            [[0.7, -0.4]],
        ],
        biases=[[0.1, -0.1], [0.2, 0.05], None],
        names="layer",
    )
    return of_network(
        seed_001,
        model,
        [0.5, -0.3, 0.8, 0.1],
        0.25,
        loss="C",
        rate=0.1,
        source="Simeon Kostadinov, Understanding Backpropagation Algorithm, "
        "Towards Data Science (4-2-2-1 network in matrix form, formulas only)",
        notes="The document has no numbers; these are ours. It stops at ∂C/∂a_2^(3): "
        "derive(C, 'w_22^(2)', stop=['a_2^(3)']).",
        wrong={
            "∂C/∂w_jk^(l) = ∂C/∂z_j^(l)·a_k^(l−1)": "W is counted by the layer that it leads to "
            "here, and by the layer that it starts from everywhere else in the document"
        },
    )


def seed_002() -> Example:
    model = MLP(1, [1, 1], weights=[[[0.5]], [[0.7]]], biases=None, names="delta")
    return of_network(
        seed_002,
        model,
        1.0,
        0.9,
        loss="P",
        rate=0.5,
        sense="ascent",
        source="Neural Networks: Derivation of the Backpropagation Weight-Update Formulas, "
        "MIT OpenCourseWare (two neurons in a row, formulas only)",
        notes="The document has no numbers; these are ours. It climbs: P = −½(d − o)².",
        formulas={
            "w_r": "(d - o_r)*o_r*(1 - o_r)*i_r",
            "w_l": "(d - o_r)*o_r*(1 - o_r)*w_r*o_l*(1 - o_l)*i_l",
        },
    )


def seed_003() -> Example:
    model = MLP(
        2,
        [2, 2],
        weights=WEIGHTS_003,
        biases=[0.25, 0.35],
        names=_input_first(spelled("w1 w3 w2 w4 w5 w6 w7 w8")),
    )
    return of_network(
        seed_003,
        model,
        [0.1, 0.5],
        [0.05, 0.95],
        rate=0.6,
        source="A step by step forward pass and backpropagation example (2-2-2 network)",
        notes="Numbers are cut off after five decimals, not rounded: rounding='truncate' prints "
        "them as the document does. The biases stay as they are.",
        printed={
            "sum_h1": 0.41, "out_h1": 0.60108, "sum_h2": 0.47, "out_h2": 0.61538,
            "sum_o1": 1.01977, "out_o1": 0.73492, "sum_o2": 1.26306, "out_o2": 0.77955,
            "E1": 0.23456, "E2": 0.01452, "E_total": 0.24908,
            "dE_total/dout_o1": 0.68492, "dout_o1/dsum_o1": 0.19480, "dsum_o1/dw5": 0.60108,
            "dE_total/dout_o2": -0.17044, "dout_o2/dsum_o2": 0.17184,
            "dout_h1/dsum_h1": 0.23978, "dE1/dw1": 0.00159, "dE2/dw1": -0.00049,
            "dE_total/dw1": 0.00110, "dE_total/dw5": 0.08020, "dE_total/dw6": 0.08211,
            "dE_total/dw7": -0.01760, "dE_total/dw8": -0.01802,
            "new w1": 0.09933, "new w2": 0.19919, "new w3": 0.29667, "new w4": 0.39597,
            "new w5": 0.45187, "new w6": 0.55073, "new w7": 0.71056, "new w8": 0.81081,
        },
        wrong={
            "new w5": "cut off, not rounded: 0.5 - 0.6*0.08020 by hand is 0.45188, and so is the "
            "exact number, rounded",
        },
    )  # fmt: skip


def _input_first(spell: Callable[[str, int, int, int], str]) -> Any:
    spell.weight_first = False  # type: ignore[attr-defined]
    return spell
