"""What the parts of a network are called, in each vocabulary."""

import pytest

from nn.vocabulary import VOCABULARIES, network_names


def shown(vocabulary: object, sizes: list[int], linear: bool = False) -> str:
    """All names that are shown, without their paths: per neuron `weights, bias: sum output`."""
    names = network_names(vocabulary, sizes, linear)  # type: ignore[arg-type]

    def last(path: str) -> str:
        return path.rpartition(".")[2]

    lines = [" ".join(names.inputs)]
    for layer in names.layers:
        aliases = f"{' '.join(map(last, layer.aliases))} = " if layer.aliases else ""
        neurons = [
            f"{' '.join(map(last, n.weights))}, {last(n.bias)}: {last(n.sum)} {last(n.output)}"
            for n in layer.neurons
        ]
        lines.append(f"{aliases}{' | '.join(neurons)} ({last(layer.shared_bias)})")
    return "\n".join([*lines, " ".join(names.targets)])


NAMES = {
    ("out", (2, 2, 2)): """
        i1 i2
        w1 w2, b_h1: sum_h1 out_h1 | w3 w4, b_h2: sum_h2 out_h2 (b1)
        w5 w6, b_o1: sum_o1 out_o1 | w7 w8, b_o2: sum_o2 out_o2 (b2)
        target1 target2""",
    ("out", (1, 2, 1, 1)): """
        i1
        w1, b_h1_1: sum_h1_1 out_h1_1 | w2, b_h1_2: sum_h1_2 out_h1_2 (b1)
        w3 w4, b_h2_1: sum_h2_1 out_h2_1 (b2)
        w5, b_o1: sum_o1 out_o1 (b3)
        target1""",
    ("layer", (1, 2, 1)): """
        x_1
        w_11^(1), b_1^(1): z_1^(2) a_1^(2) | w_21^(1), b_2^(1): z_2^(2) a_2^(2) (b^(1))
        w_11^(2) w_12^(2), b_1^(2): z_1^(3) a_1^(3) (b^(2))
        y""",
    ("delta", (1, 1)): """
        i_f
        w_f, b_f: p_f o_f (b_f)
        d""",
    ("delta", (1, 1, 1)): """
        i_l
        w_l, b_l: p_l o_l (b_l)
        i_r = w_r, b_r: p_r o_r (b_r)
        d""",
    ("delta", (1, 1, 1, 1)): """
        i_a
        w_a, b_a: p_a o_a (b_a)
        i_b = w_b, b_b: p_b o_b (b_b)
        i_f = w_f, b_f: p_f o_f (b_f)
        d""",
    ("delta", (2, 1, 2)): """
        i_1 i_2
        w_i1->l1 w_i2->l1, b_l1: p_l1 o_l1 (b_l)
        w_l1->r1, b_r1: p_r1 o_r1 | w_l1->r2, b_r2: p_r2 o_r2 (b_r)
        d_1 d_2""",
}


@pytest.mark.parametrize(("vocabulary", "sizes"), NAMES)
def test_names(vocabulary: str, sizes: tuple[int, ...]) -> None:
    expected = "\n".join(line.strip() for line in NAMES[vocabulary, sizes].strip().splitlines())
    assert shown(vocabulary, list(sizes)) == expected


def test_a_linear_output_of_seed_001_is_s() -> None:
    assert shown("layer", [1, 1], linear=True).splitlines()[1].endswith(" s (b^(1))")
    assert " s_2 (" in shown("layer", [1, 2], linear=True)


@pytest.mark.parametrize("vocabulary", VOCABULARIES)
@pytest.mark.parametrize("sizes", [[2, 2, 2], [12, 11, 13, 2], [1, 1, 1], [3, 1], [1] * 60])
def test_no_two_things_have_one_name(vocabulary: str, sizes: list[int]) -> None:
    """Not even without their paths, so that formulas can show the last part alone."""
    names = network_names(vocabulary, sizes)
    neurons = [neuron for layer in names.layers for neuron in layer.neurons]
    every = [*names.inputs, *names.targets]
    every += [a for layer in names.layers for a in layer.aliases]
    every += [name for n in neurons for name in (*n.weights, n.bias, n.sum, n.output)]
    assert len({name.rpartition(".")[2] for name in every}) == len(every)


def test_a_function_is_told_everything() -> None:
    seen = []

    def spell(kind: str, layer: int, neuron: int, source: int) -> str:
        seen.append((kind, layer, neuron, source))
        return f"{kind}{layer}{neuron}{source}"

    names = network_names(spell, [2, 1])
    assert set(seen) == {
        *(("input", 0, 1, 0), ("input", 0, 2, 0), ("target", 1, 1, 0)),
        *(("weight", 1, 1, 1), ("weight", 1, 1, 2), ("bias", 1, 1, 0), ("bias", 1, 0, 0)),
        *(("sum", 1, 1, 0), ("output", 1, 1, 0)),
    }
    assert names.layers[0].neurons[0].output == "output.o1.output110"
    assert names.layers[0].neurons[0].weight_first
    spell.weight_first = False  # type: ignore[attr-defined]
    assert not network_names(spell, [2, 1]).layers[0].neurons[0].weight_first
