"""Pictures: what is folded into what, at each level, and the same source on every run."""

import re
from itertools import combinations
from pathlib import Path

import pytest

import autodiff as ad
from autodiff.drawing import Drawing, draw
from autodiff.names import values
from nn import MLP


def seed003() -> ad.Value:
    i1, i2 = values("i1 i2", [0.1, 0.5])
    w1, w2, w3, w4, w5, w6, w7, w8 = values("w1:9", [k / 10 for k in range(1, 9)])
    b1, b2 = values("b1 b2", [0.25, 0.35])
    target1, target2 = values("target1 target2", [0.05, 0.95])

    def neuron(path: str, total: ad.Value) -> ad.Value:
        name = path.rpartition(".")[2]
        return total.named(f"{path}.sum_{name}").sigmoid().named(f"{path}.out_{name}")

    h1 = neuron("hidden.h1", i1 * w1 + i2 * w3 + b1)
    h2 = neuron("hidden.h2", i1 * w2 + i2 * w4 + b1)
    o1 = neuron("output.o1", h1 * w5 + h2 * w6 + b2)
    o2 = neuron("output.o2", h1 * w7 + h2 * w8 + b2)
    e1 = (0.5 * (target1 - o1) ** 2).named("E1")
    e2 = (0.5 * (target2 - o2) ** 2).named("E2")
    return (e1 + e2).named("E_total")


def boxes(drawing: Drawing) -> dict:
    return {box.title: box for box in drawing.picture.boxes}


def arrows(drawing: Drawing) -> list[tuple[str, str]]:
    titles = {box.id: box.title for box in drawing.picture.boxes}
    return [(titles[edge.tail], titles[edge.head]) for edge in drawing.picture.edges]


# ---------------------------------------------------------------- what is folded


def test_named_level_of_seed_003() -> None:
    error = seed003()
    drawing = draw(error)
    found = boxes(drawing)
    assert len(found) == 25
    assert found["sum_o1"].formula == "out_h1·w5 + out_h2·w6 + b2"
    assert found["sum_o1"].number == pytest.approx(1.01977, abs=1e-5)
    assert found["w5"].gradient == pytest.approx(0.08020, abs=1e-5)
    assert found["w7"].gradient == pytest.approx(-0.01761, abs=1e-5)
    assert found["out_h1"].cluster == ("hidden", "h1")
    assert drawing.note == ""


def test_a_picture_touches_no_gradient_and_equals_backward() -> None:
    error = seed003()
    drawing = draw(error)
    assert all(box.node.grad == 0.0 for box in drawing.picture.boxes)
    error.backward()
    assert all(box.gradient == box.node.grad for box in drawing.picture.boxes)


def test_flows_into_a_box_add_up_to_its_gradient() -> None:
    drawing = draw(seed003())
    for box in drawing.picture.boxes[:-1]:
        arriving = [edge.flow for edge in drawing.picture.edges if edge.tail == box.id]
        assert sum(arriving) == pytest.approx(box.gradient, abs=1e-15)


def test_a_number_used_twice_has_two_edges() -> None:
    a = ad.Value(3.0, "a")
    for level in ("named", "op"):
        drawing = draw((a * a).named("y"), level)
        assert arrows(drawing) == [("a", "y"), ("a", "y")]
        assert len({edge.id for edge in drawing.picture.edges}) == 2


def test_names_come_from_the_callers_variables() -> None:
    w, x = ad.Value(0.5), ad.Value(2.0)
    y = w * x + 1.0
    assert set(boxes(draw(y))) == {"w", "x", "y"}
    assert not y.name
    assert set(boxes(draw(y, names={w: "weight"}))) == {"weight", ""}


def test_a_shared_value_without_a_name_is_a_box_that_formulas_refer_to() -> None:
    a, b = values("a b", [2.0, 3.0])
    parts = [(a * b + 1.0).named("p"), (a * b * 0.0).named("zero")]
    shared = a - b
    y = (shared.exp().named("q") + (shared * 2.0).named("r") + parts[0]).named("y")
    del shared
    found = boxes(draw(y))
    assert found["v1"].formula == "a − b"
    assert found["q"].formula == "exp(v1)"
    assert found["p"].formula == "a·b + 1"


def test_op_level_shows_every_node_and_constants_without_a_box() -> None:
    drawing = draw(seed003(), "op")
    kinds = [box.kind for box in drawing.picture.boxes]
    assert (kinds.count("leaf"), kinds.count("op"), kinds.count("constant")) == (14, 27, 4)
    constants = {box.id for box in drawing.picture.boxes if box.kind == "constant"}
    assert all(f"{name} [width" in drawing.source for name in constants)
    assert drawing.source.count("shape=plaintext") == len(constants)
    unnamed = [box for box in drawing.picture.boxes if box.formula == "out_h1 · w5"]
    assert unnamed[0].cluster == ("output", "o1")


def test_a_branch_not_taken_gets_nothing() -> None:
    x = ad.Value(0.0, "x")
    found = boxes(draw(ad.where(x > 0, ad.log(x).named("l"), 0.0 * x).named("y")))
    assert found["x"].gradient == 0.0


def test_the_source_is_the_same_on_every_run(run_python) -> None:
    code = "from test_drawing import *; print(draw(seed003(), {!r}).source)"
    for level in ("named", "op", "network"):
        prelude = f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r}); "
        runs = {run_python("-c", prelude + code.format(level)).stdout for _ in range(2)}
        assert runs == {draw(seed003(), level).source + "\n"}


def test_stale_graphs_and_wrong_arguments_are_refused() -> None:
    w = ad.Value(1.0, "w")
    y = (w * 2.0).named("y")
    w.data = 3.0
    with pytest.raises(ValueError, match=r"w changed since y was computed"):
        draw(y)
    y.forward()
    assert boxes(draw(y))["y"].number == 6.0
    with pytest.raises(ValueError, match="named"):
        draw(y, "neurons")
    with pytest.raises(ValueError, match=r"layer\.neuron\.name"):
        draw(y, "network")
    with pytest.raises(TypeError, match="float"):
        draw(1.0)


# ---------------------------------------------------------------- big graphs


def network_of(*sizes: int) -> ad.Value:
    signals = [ad.Value(0.1 * k, f"i{k}") for k in range(sizes[0])]
    for depth, size in enumerate(sizes[1:], 1):
        layer = []
        for n in range(size):
            path = f"layer{depth}.n{n}"
            weights = [ad.Value(0.01 * k, f"{path}.w{k}") for k in range(len(signals))]
            total = sum(x * w for x, w in zip(signals, weights, strict=True))
            layer.append(total.sigmoid().named(f"{path}.out"))
        signals = layer
    return (sum(signals) * 0.5).named("E")


def test_many_boxes_fold_into_neurons_and_the_note_says_so() -> None:
    drawing = draw(network_of(2, 18, 18, 1))
    assert drawing.note == "757 ops folded into 37 neurons; level='op' to force"
    assert len(drawing.picture.boxes) == 40
    assert boxes(drawing)["n3"].size > 4
    assert drawing.note in drawing.source
    assert drawing.note in repr(drawing)
    assert len(draw(network_of(2, 18, 18, 1), "op").picture.boxes) > 900


def test_a_folded_neuron_names_its_output_though_it_is_0() -> None:
    out = MLP(2, [16, 16, 1], activation="relu", seed=1)([0.5, -0.5])
    folded = [box for box in draw(out).picture.boxes if box.formula]
    assert {box.number == 0.0 for box in folded} == {True, False}
    assert all(", last out_" in box.formula for box in folded)


def test_65_000_nodes_fold_into_layers() -> None:
    drawing = draw(network_of(32, 160, 160, 10))
    assert sum(box.size for box in drawing.picture.boxes) > 65_000
    assert len(drawing.picture.boxes) < 10
    assert "layers" in drawing.note


def test_graphs_without_structure_fold_too() -> None:
    many = [ad.Value(1.0, f"x{k}") for k in range(2_000)]
    drawing = draw(sum(x * x for x in many))
    assert len(drawing.picture.boxes) == 2
    many = [ad.Value(1.0, f"{k}x") for k in range(2_000)]
    drawing = draw(sum(x * x for x in many))
    assert len(drawing.picture.boxes) <= 400
    assert "3,999 ops folded into" in drawing.note


def test_depth_and_doubling_are_no_trouble() -> None:
    x = ad.Value(1.0, "x")
    y = x
    for _ in range(100_000):
        y = y * 1.0001
    assert boxes(draw(y))["y"].formula == "100,000 ops"
    assert "100,000 nodes without a name" in draw(y).note
    z = x
    for _ in range(60):
        z = z + z
    assert boxes(draw(z))["x"].gradient == 2.0**60
    path = ad.Value(1.0, "a." * 3_000 + "x")
    assert len(draw((path * path).named("y")).picture.boxes[0].cluster) == 5


# ---------------------------------------------------------------- the network level


def test_network_level_of_seed_003() -> None:
    drawing = draw(seed003(), "network")
    cells = {spot.cell.title: spot for spot in drawing.picture.boxes}
    assert set(cells) == {"i1", "i2", "h1", "h2", "o1", "o2", "E_total"}
    columns = [cells[name].x for name in ("i1", "h1", "o1", "E_total")]
    assert columns == sorted(set(columns))
    assert cells["i1"].x == cells["i2"].x
    weights = {
        (edge.tail.cell.title, edge.head.cell.title): edge.label for edge in drawing.picture.edges
    }
    assert weights["h1", "o2"] == "w7 0.7"
    assert weights["i2", "h1"] == "w3 0.3"
    assert weights["o1", "E_total"] == ""
    assert cells["h1"].cell.biases[0].name == "b1"
    assert drawing.engine == "own"
    by_gradient = draw(seed003(), "network", edges="gradient").picture.edges
    assert any(edge.number < 0 for edge in by_gradient)
    assert "stroke-dasharray" in draw(seed003(), "network", edges="gradient").svg()


def test_samples_of_one_network_share_their_neurons() -> None:
    w, v = ad.Value(0.5, "hidden.h1.w"), ad.Value(-0.5, "output.o1.v")
    total = 0.0
    for number in (1.0, 2.0, 3.0):
        h = (w * ad.Value(number, "i1")).tanh().named("hidden.h1.out")
        total = total + (h * v).named("output.o1.out") ** 2
    drawing = draw(total.named("E"), "network")
    titles = [spot.cell.title for spot in drawing.picture.boxes]
    assert sorted(titles) == ["E", "h1", "i1", "o1"]
    assert drawing.note == "values are means of 3 samples"
    cell = next(s.cell for s in drawing.picture.boxes if s.cell.title == "i1")
    assert cell.number == pytest.approx(2.0)


def test_labels_of_edges_do_not_cover_each_other() -> None:
    """Twenty edges are labelled; between the inputs and four neurons they are close together."""
    svg = draw(network_of(3, 4, 2), "network").svg()
    paper = re.findall(
        r'<rect x="([-\d.]+)" y="([-\d.]+)" width="([\d.]+)" height="14" rx="3"', svg
    )
    places = [tuple(map(float, place)) for place in paper]
    assert len(places) == 20
    for (x, y, wide), (x2, y2, wide2) in combinations(places, 2):
        assert abs(y - y2) >= 13.9 or x + wide <= x2 + 0.1 or x2 + wide2 <= x + 0.1


def test_wide_columns_leave_out_their_middle() -> None:
    drawing = draw(network_of(3, 100, 2), "network")
    assert len(drawing.picture.boxes) == 3 + 24 + 2 + 1
    assert "76 neurons left out" in drawing.note
