"""The page of seed 003 in a real browser: every number it shows is the engine's."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pages import seed003

import autodiff as ad
from autodiff.drawing import explore
from autodiff.drawing.waypoints import Waypoints
from autodiff.graph import local_slopes, sweep, topological
from browser.reader import Reader

pytestmark = pytest.mark.browser
RATE = 0.6


class Seed:
    """Seed 003, its page, and which box of the page stands for which Value."""

    def __init__(self, folder: Path) -> None:
        self.E, self.weights = seed003()
        self.path = folder / "page.html"
        explore(self.E, self.path, weights=self.weights, rate=RATE)
        graph = Waypoints(self.E, {})
        self.nodes = {box.id: box.node for box in graph.boxes if box.node is not None}
        names = {node: name for name, node in self.nodes.items()}
        self.users: dict[str, set[str]] = {name: set() for name in self.nodes}
        for pair in graph.pairs:
            self.users[names[pair.lower]].add(names[pair.upper])
        self.ids = {node.name.rpartition(".")[2]: name for name, node in self.nodes.items()}

    def gradients(self) -> dict[str, float]:
        found = sweep(self.E, 1.0, topological(self.E), local_slopes)
        return {name: found.get(node, 0.0) for name, node in self.nodes.items()}


@pytest.fixture
def seed(tmp_path: Path) -> Seed:
    return Seed(tmp_path)


@pytest.fixture
def page(reader: Reader, seed: Seed) -> Iterator[Reader]:
    yield reader.open(seed.path)
    assert reader.complaints() == []


def close(text: str, number: float) -> bool:
    return abs(float(text) - number) <= 1e-12 * max(1.0, abs(number))


def test_every_step_shows_the_numbers_of_the_engine(page: Reader, seed: Seed) -> None:
    gradients = seed.gradients()
    computed = [name for name, node in seed.nodes.items() if node.args]
    page.click("#first")
    known = {name for name, node in seed.nodes.items() if not node.args}
    final: set[str] = set()
    steps = int(page.run("return document.getElementById('scrub').max"))
    assert steps == 2 * len(computed) + 1
    order = [*computed, "", *reversed(computed)]
    for time in range(steps + 1):
        if time:
            page.press("\ue014") if time % 2 else page.click("#next")
            box = order[time - 1]
            if time <= len(computed):
                known.add(box)
            elif not box:
                final.add(computed[-1])
            else:
                assert box in final, "a box hands on a gradient that is complete"
                done = set(order[len(computed) : time])
                final |= {
                    name for name in seed.nodes if seed.users[name] <= done and time > len(computed)
                }
        for name, (value, gradient, words) in page.boxes().items():
            assert (value != "?") == (name in known)
            assert (gradient != "?") == (name in final)
            assert value == "?" or close(value, seed.nodes[name].data)
            assert gradient == "?" or close(gradient, gradients[name])
            assert words.endswith("?") == (name not in final)
    assert known == final == set(seed.nodes)


def test_a_backward_step_shows_how_a_gradient_adds_up(page: Reader, seed: Seed) -> None:
    page.click("#first")
    page.press("\ue010")  # End
    page.click("#back")  # sum_h2 has handed on, sum_h1 not yet: i1 waits for the second half
    assert page.text("#step h2") == "Backward 10 of 11: out_h1"
    assert "+ ?" in page.shown(seed.ids["i1"])
    page.click("#next")
    assert page.text("#step h2") == "Backward 11 of 11: sum_h1"
    row = page.run(
        "return [...document.querySelectorAll('#step tbody tr')]"
        ".map(r => [...r.cells].map(c => c.textContent))"
    )[1]
    assert row == ["i1", "∂sumh1∂i1=w1=0.1", "0.01108·0.1≈0.00111", "0.00268→0.00379"]


def test_scrubbing_and_playing(page: Reader, seed: Seed) -> None:
    move = (
        "const s = document.getElementById('scrub'); s.value = arguments[0];"
        "s.dispatchEvent(new Event('input', {bubbles: true}))"
    )
    page.run(move, 5)
    assert page.text("#progress") == "step 5 of 23"
    assert page.shown(seed.ids["E_total"]).count("?") == 2
    page.click("#play")
    assert page.text("#play") == "Pause"
    page.click("#play")
    assert page.text("#play") == "Play"


def test_moving_a_leaf_recomputes_everything(page: Reader, seed: Seed) -> None:
    leaf = next(node for node in seed.nodes.values() if node.name == "w1")
    for selector, number in ((".slider", 0.73125), (".field", -2.5)):
        page.run(
            "const e = document.querySelector(arguments[0]); e.value = arguments[1];"
            "e.dispatchEvent(new Event('input', {bubbles: true}));"
            "e.dispatchEvent(new Event('change', {bubbles: true}))",
            f"#leaves [data-n={seed.ids['w1']}] {selector}",
            str(number),
        )
        leaf.data = number
        seed.E.forward()
        gradients = seed.gradients()
        for name, (value, gradient, _) in page.boxes().items():
            assert close(value, seed.nodes[name].data)
            assert close(gradient, gradients[name])
    page.click("#undo")
    assert page.boxes()[seed.ids["w1"]][0] == "0.73125"
    page.click("#undo")
    assert page.boxes()[seed.ids["w1"]][0] == "0.1"


def test_a_hundred_gradient_steps(page: Reader, seed: Seed) -> None:
    losses = []
    for _ in range(100):
        gradients = ad.grad(seed.E, seed.weights)
        for weight, gradient in zip(seed.weights, gradients, strict=True):
            weight.data -= RATE * gradient.data
        losses.append(seed.E.forward())
    page.click("[data-steps='1']")
    assert close(page.find("#loss").get_attribute("data-loss"), losses[0])
    assert page.text("#loss") == "E_total 0.24909 → 0.24072 after 1 step"
    page.click("#undo")
    page.click("[data-steps='100']")
    assert close(page.find("#loss").get_attribute("data-loss"), losses[-1])
    points = page.run("return document.querySelector('#curve polyline').points.length")
    assert points == 101
    gradients = seed.gradients()
    for name, (value, gradient, _) in page.boxes().items():
        assert close(value, seed.nodes[name].data)
        assert close(gradient, gradients[name])
    page.click("#undo")
    assert page.text("#loss") == "E_total = 0.24909"
    assert not page.find("#undo").is_enabled()


def test_formula_and_picture_light_each_other(page: Reader, seed: Seed) -> None:
    page.click(f"#{seed.ids['w1']}")
    rows = "#derivation tr[data-pair]"
    count = page.run("return document.querySelectorAll(arguments[0]).length", rows)
    assert count == 10  # E_total to E1 and E2, each down to out_h1, then two that both share
    page.hover(f"{rows}:last-child")
    lit = "return [...document.querySelectorAll('#picture .edge.lit')].map(e => e.dataset.pair)"
    assert page.run(lit) == [page.find(f"{rows}:last-child").get_attribute("data-pair")]
    assert "lit" in page.find(f"#{seed.ids['sum_h1']}").get_attribute("class")
    page.hover("h1")
    assert page.run(lit) == []
    edge = page.find("#derivation tr[data-pair]").get_attribute("data-pair")
    page.hover(f"#picture .edge[data-pair='{edge}'] .tip")
    glowing = "return [...document.querySelectorAll('#derivation tr.lit')].map(e => e.dataset.pair)"
    assert page.run(glowing) == [edge]


def test_the_derivation_follows_the_numbers(page: Reader, seed: Seed) -> None:
    page.click(f"#{seed.ids['w5']}")
    assert page.text("#derivation .result").endswith("≈0.0802")
    assert "w5+=w5−η·∂Etotal∂w5" in page.text("#derivation .update")
    page.click("[data-steps='1']")
    gradient = page.boxes()[seed.ids["w5"]][1]
    assert page.text("#derivation .result").endswith(f"≈{float(gradient):.5f}".rstrip("0"))
    page.click(f"#{seed.ids['w1']}")
    results = page.run(
        "return [...document.querySelectorAll('#derivation .result')].map(r => r.textContent)"
    )
    assert [text.partition(":")[0] for text in results[:2]] == ["path A", "path B"]


def test_neurons_and_layers_fold(page: Reader, seed: Seed) -> None:
    visible = "return document.querySelectorAll('#picture .box:not(.hidden)').length"
    assert page.run(visible) == 25
    page.click("[data-fold=neurons]")
    assert page.run(visible) == 17
    folded = (
        "return [...document.querySelectorAll('#picture .fold:not(.hidden)')]"
        ".map(f => f.textContent)"
    )
    assert page.run(folded)[0] == "Unfold+ h1out_h1 0.60109∂ 0.04621"
    page.click("#picture .fold:not(.hidden)")
    assert page.run(visible) == 19
    page.click("[data-fold=layers]")
    assert page.run(folded) == [
        "Unfold+ hiddenout_h1 0.60109, out_h2 0.61538∂ 0.04621, ∂ 0.05663",
        "Unfold+ outputout_o1 0.73493, out_o2 0.77955∂ 0.68493, ∂ −0.17045",
    ]
    page.click("[data-fold=nothing]")
    assert page.run(visible) == 25


def test_nothing_is_loaded_and_nothing_is_cut_off(page: Reader, seed: Seed) -> None:
    loaded = page.run("return performance.getEntriesByType('resource').length")
    assert loaded == 0
    for width in (1400, 700, 420):
        page.driver.set_window_size(width, 900)
        assert page.run("return document.documentElement.scrollWidth <= innerWidth")
    page.driver.set_window_size(1400, 1000)


def test_words_stay_in_their_boxes(page: Reader) -> None:
    outside = page.run(
        """return [...document.querySelectorAll('#picture .box')].filter(box => {
             const card = box.querySelector('.card').getBoundingClientRect();
             return [...box.querySelectorAll('text')].some(t => {
               const r = t.getBoundingClientRect();
               return r.right > card.right || r.left < card.left || r.bottom > card.bottom + 1;
             });
           }).map(box => box.textContent)"""
    )
    assert outside == []


def test_a_power_of_ten_that_is_raised_has_brackets(reader: Reader, tmp_path: Path) -> None:
    a, m = ad.values("a m", [2e-9, -1e15])
    x = ad.Value(1e7, "x")
    b = (a * m**2 * x**2).named("b")
    explore(b, tmp_path / "page.html")
    reader.open(tmp_path / "page.html")
    ids = {box.node.name: box.id for box in Waypoints(b, {}).boxes if box.node is not None}
    reader.click(f"#{ids['a']}")
    assert "(−1·1015)2·(1·107)2=" in reader.text("#derivation")
    assert reader.text("#derivation .result") == "∂b∂a=1·1044"  # not = 1·10⁴⁴ twice
    reader.click(f"#{ids['m']}")
    assert "2·2·10−9·(−1·1015)·(1·107)2=" in reader.text("#derivation")
    assert reader.complaints() == []


def test_a_path_of_one_step_has_its_number_once(reader: Reader, tmp_path: Path) -> None:
    x = ad.Value(2.0, "x")
    y = (x**2).named("y")
    z = (y + 3 * x).named("z")
    explore(z, tmp_path / "page.html")
    reader.open(tmp_path / "page.html")
    ids = {box.node.name: box.id for box in Waypoints(z, {}).boxes if box.node is not None}
    reader.click(f"#{ids['x']}")
    results = reader.run(
        "return [...document.querySelectorAll('#derivation .result')].map(r => r.textContent)"
    )
    assert results == ["path A: 1·4=4", "path B: 3", "∂z∂x=4+3=7"]
    assert reader.complaints() == []
