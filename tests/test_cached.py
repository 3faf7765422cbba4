"""Cached losses against the eager engine: the same numbers whatever changes from call to call, and
what is kept of it."""

import copy
import gc
import math
import pickle
import random
import threading
import weakref
from functools import partial
from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from rows import user_rows

import autodiff as ad
import nn
from autodiff import Value
from autodiff.backends import usable
from autodiff.program.picks import stretch

# A backend that is asked for by name compiles small graphs too.
compile_cached = partial(ad.compile_cached, backend=usable("auto"))


def eager(function, parameters, *args):
    """Loss and gradient by `backward`."""
    before = [p.grad for p in parameters]
    ad.zero_grad(parameters)
    loss = function(*args)
    loss.backward()
    gradient = [p.grad for p in parameters]
    for p, grad in zip(parameters, before, strict=True):
        p.grad = grad
    return loss.data, gradient


def check(cached, *args, function=None):
    """Loss and gradient of one call, compared with the eager ones."""
    wanted, slopes = eager(function or cached.function, cached.parameters, *args)
    got, gradient = cached.value_and_grad(*args)
    assert got == pytest.approx(wanted, rel=1e-12, abs=1e-12, nan_ok=True)
    assert gradient == pytest.approx(np.array(slopes), rel=1e-9, abs=1e-11, nan_ok=True)
    return got, gradient


def matrix(rows, columns, seed):
    source = random.Random(seed)
    return [[Value(source.gauss(0.0, 0.5)) for _ in range(columns)] for _ in range(rows)]


def language_model(n_tokens=5, width=3):
    """A recurrent cell over tokens, in the way people write it: rows looked up, one probability of
    a list taken.
    """
    table, inner = matrix(n_tokens, width, 1), matrix(width, 2 * width, 2)
    outer = matrix(n_tokens, width, 3)

    def loss(tokens):
        state, losses = [0.0] * width, []
        for token, target in pairwise(tokens):
            seen = [*table[token], *state]
            state = [ad.tanh(sum(w * x for w, x in zip(row, seen, strict=True))) for row in inner]
            scores = [sum(w * x for w, x in zip(row, state, strict=True)) for row in outer]
            highest = max(score.data for score in scores)
            weights = [(score - highest).exp() for score in scores]
            total = sum(weights)
            probabilities = [weight / total for weight in weights]
            losses.append(-probabilities[target].log())
        return sum(losses) / len(losses)

    parameters = [p for m in (table, inner, outer) for row in m for p in row]
    return SimpleNamespace(loss=loss, parameters=parameters, table=table)


# ---------------------------------------------------------------- the same numbers


def test_words_of_different_length():
    model = language_model()
    cached = compile_cached(model.loss, model.parameters)
    source = random.Random(4)
    for _ in range(60):
        check(cached, [source.randrange(5) for _ in range(source.randint(2, 5))])
    info = cached.cache_info()
    assert info.programs == 4  # one for each length, whatever the tokens
    assert info.compiled + info.eager == 60
    assert info.compiled > 40
    assert info.compilations < 20


def test_a_row_that_is_looked_up_twice_gets_both_slopes():
    model = language_model()
    cached = compile_cached(model.loss, model.parameters)
    for tokens in ([0, 1, 2], [1, 2, 0], [3, 3, 3], [2, 2, 1]):
        check(cached, tokens)
    assert cached.cache_info().compiled == 3
    table = [[Value(1.0), Value(2.0)], [Value(3.0), Value(4.0)]]
    rows = compile_cached(lambda i, j: ad.dot(table[i], table[j]), [p for r in table for p in r])
    for i, j in ((0, 1), (1, 0), (1, 1), (0, 0)):
        check(rows, i, j)
    assert rows.value_and_grad(1, 1)[1].tolist() == [0.0, 0.0, 6.0, 8.0]
    assert rows.cache_info().compilations == 1


def test_a_row_used_at_several_places_is_one_until_calls_show_otherwise():
    table = [Value(0.1 * k) for k in range(6)]
    cached = compile_cached(lambda ids: sum(table[i] * table[j] for i, j in ids), table)
    check(cached, [(0, 1), (0, 2)])
    check(cached, [(3, 1), (3, 4)])  # the left ones seem to be one
    check(cached, [(5, 0), (5, 3)])
    check(cached, [(5, 0), (4, 3)])  # they are not
    assert cached.cache_info() == (2, 2, 0, 64, 1)
    check(cached, [(1, 2), (3, 0)])
    check(cached, [(4, 4), (4, 0)])
    assert cached.cache_info() == (4, 2, 1, 64, 2)


def test_numbers_are_data():
    w, b = ad.values("w b", [0.5, -0.2])
    cached = compile_cached(lambda x, t: (w * x + b - Value(t)) ** 2, [w, b])
    for x, t in ((1.0, 2.0), (3.0, 4.0), (-1.0, 0.0), (0.0, -0.0), (3, True), (1e3, 7.0)):
        check(cached, x, t)
    assert cached.cache_info()[:3] == (5, 1, 1)


def test_a_number_that_never_changed_may_change():
    w = Value(0.5, "w")
    cached = compile_cached(lambda x, n: (w * x) ** n, [w])
    for x, n in ((1.0, 2), (2.0, 2), (3.0, 2), (3.0, 3), (1.5, -1), (1.5, 0)):
        check(cached, x, n)
    assert cached.cache_info() == (4, 2, 1, 64, 2)


def test_labels_that_were_the_same_so_far_are_labels():
    """Half of the labels of two batches agree by chance; all of them may be others in the third."""
    w, b = ad.values("w b", [0.5, -0.2])
    points = [(0.1 * k, 1.0 if k % 3 else -1.0) for k in range(20)]

    def loss(batch):
        return sum(ad.relu(1.0 - label * ((w * x + b) ** 2)) for x, label in batch) / len(batch)

    cached = compile_cached(loss, [w, b])
    source = random.Random(2)
    for _ in range(8):
        check(cached, source.sample(points, 6))
    assert cached.cache_info() == (7, 1, 1, 64, 1)


def test_picks_from_a_list_are_guessed_from_two_of_them():
    ws = [Value(0.1 * k - 0.3) for k in range(9)]

    def loss(k, x):
        scores = [ad.sin(w * x) + w for w in ws]
        return ad.exp(scores[k]) / sum(ad.exp(s) for s in scores)

    cached = compile_cached(loss, ws)
    for k, x in ((2, 1.0), (6, 2.0), (0, 0.5), (8, 1.5), (4, -1.0), (6, 0.1)):
        check(cached, k, x)
    assert cached.cache_info() == (5, 1, 1, 64, 1)


def test_picks_that_were_not_guessed_compile_again():
    w = Value(0.7, "w")

    def loss(k):
        choices = [ad.sin(w), ad.cos(w), ad.tanh(w), ad.exp(w)]
        return choices[k] * w

    cached = compile_cached(loss, [w])
    for k in (0, 3, 1, 2, 0, 1, 2, 3):
        check(cached, k)
    assert cached.cache_info() == (5, 3, 1, 64, 2)


def test_a_pick_from_no_list_is_one_of_its_own():
    """Others of the same ops are left alone: there is no period after which they would pick."""
    w = Value(0.7, "w")

    def loss(k):
        choices = [ad.sin(w), ad.exp(ad.cos(w))]
        return choices[k] * w + ad.sin(w * 2.0) * 3.0

    cached = compile_cached(loss, [w])
    for k in (0, 1, 0, 1):
        check(cached, k)
    assert cached.cache_info() == (3, 1, 1, 64, 1)


@pytest.mark.parametrize(
    ("ops", "first", "last", "expected"),
    [
        ("xaaaaay", 2, 4, ([1, 2, 3, 4, 5], 1)),
        ("xbababay", 2, 6, ([2, 4, 6], 2)),
        ("xbababay", 2, 4, ([2, 4, 6], 2)),
        ("abcd", 0, 3, ([0, 3], 0)),
        ("aaaa", 0, 2, ([0, 1, 2, 3], 1)),
        ("ababa", 1, 4, ([1, 4], 0)),  # it repeats, but one is a and the other b
    ],
)
def test_stretch(ops, first, last, expected):
    assert stretch(list(ops), first, last, len(ops)) == expected


def test_a_candidate_that_is_not_finite_is_left_out():
    w = Value(2.0, "w")
    cached = compile_cached(lambda k: [ad.log(w - 2.0), ad.log(w)][k] * 1.0, [w])
    for k in (0, 1, 1, 0, 1):
        check(cached, k)
    assert math.isfinite(cached.value_and_grad(1)[0])


def test_the_functions_own_choices_are_not_frozen():
    w = Value(0.5, "w")

    def loss(x):
        y = w * x
        return y * y if y > 0 else ad.exp(y) * ad.sin(y)

    cached = compile_cached(loss, [w])
    for x in (1.0, 2.0, -1.0, 3.0, -2.0, -3.0, 4.0):
        check(cached, x)
    w.data = -0.5
    for x in (1.0, -1.0):
        check(cached, x)
    assert cached.cache_info()[:3] == (7, 2, 2)


def test_new_numbers_of_parameters_are_seen():
    w, v = ad.values("w v", [0.5, 2.0])
    cached = compile_cached(lambda x: ad.sin(w * x) + v * w, [w, v])
    for step in range(6):
        w.data, v.data = 0.3 * step, 1.0 - step
        check(cached, 1.5)
    assert cached.cache_info().compiled == 5


def test_a_parameter_that_changes_during_the_call():
    w = Value(0.5, "w")

    def loss(x):
        y = w * x
        w.data += 1.0
        return y * w

    cached = compile_cached(loss, [w])
    twin = Value(0.5, "w")
    for x in (1.0, 2.0, 3.0):
        y = twin * x
        twin.data += 1.0
        E = y * twin
        twin.grad = 0.0
        E.backward()
        value, [slope] = cached.value_and_grad(x)
        assert (value, slope) == pytest.approx((E.data, twin.grad))


@pytest.mark.parametrize("x", [0.0, -1.0, 710.0, math.inf, math.nan])
def test_numbers_that_are_not_finite_are_those_of_the_eager_engine(x):
    w = Value(1.0, "w")
    cached = compile_cached(lambda u: ad.exp(w * u) * ad.log(w * u), [w])
    for u in (1.0, 2.0, x, x, 3.0):
        check(cached, u)


def test_a_branch_that_is_not_taken_contributes_nothing():
    w = Value(1.0, "w")
    loss = lambda u: ad.where(ad.less(0.0, w * u), ad.log(w * u), 0.0) + w  # noqa: E731
    cached = compile_cached(loss, [w])
    for u in (1.0, 2.0, 0.0, -1.0, 3.0):
        check(cached, u)
    assert cached.value_and_grad(0.0)[1].tolist() == [1.0]


# ---------------------------------------------------------------- random structures

UNARY = [ad.tanh, ad.sin, ad.exp, ad.relu, ad.sigmoid, ad.softplus, lambda x: -x, abs]
BINARY = [
    lambda x, y: x + y,
    lambda x, y: x - y,
    lambda x, y: x * y,
    ad.maximum,
    lambda x, y: x / (y * y + 1.0),
]
TABLE = 4
instruction = st.tuples(st.integers(0, 99), st.integers(0, 99), st.integers(0, 99))
calls = st.lists(
    st.lists(st.tuples(st.integers(0, TABLE - 1), st.floats(-2, 2)), min_size=12, max_size=12),
    min_size=3,
    max_size=6,
)


@settings(max_examples=50)
@given(st.lists(instruction, min_size=1, max_size=12), calls)
def test_random_structures(instructions, data_of_calls):
    """Instructions choose ops and where operands come from: a row of a table, a number, an earlier
    result, or one of the last results, whichever the data say.
    """
    table = [Value(0.3 * k - 0.4, f"w{k}") for k in range(TABLE)]

    def loss(data):
        made = [table[0] * 1.0]

        def operand(code, at):
            row, x = data[at]
            sources = (
                table[row],
                table[code % TABLE],
                x,
                made[code % len(made)],
                made[-1 - row :][0],
            )
            return sources[code % len(sources)]

        for at, (op, left, right) in enumerate(instructions):
            x = operand(left, at)
            if op % 2:
                x = x if isinstance(x, Value) else Value(x)
                made.append(UNARY[op // 2 % len(UNARY)](x))
            else:
                y = operand(right, at)
                y = y if isinstance(x, Value) or isinstance(y, Value) else Value(y)
                made.append(BINARY[op // 2 % len(BINARY)](x, y))
        return ad.tanh(made[-1]) + sum(made) * 0.01

    cached = compile_cached(loss, table)
    for data in data_of_calls + data_of_calls:
        check(cached, data)


# ---------------------------------------------------------------- as backward does


def test_a_call_adds_to_grad_as_backward_does():
    model = language_model()
    cached = compile_cached(model.loss, model.parameters)
    for tokens in ([0, 1, 2], [1, 2, 0], [3, 0, 3]):
        before = [p.grad for p in model.parameters]
        value, slopes = eager(model.loss, model.parameters, tokens)
        assert type(cached(tokens)) is float
        assert cached.value_and_grad(tokens)[0] == pytest.approx(value, rel=1e-14)
        added = [p.grad - g for p, g in zip(model.parameters, before, strict=True)]
        assert added == pytest.approx(slopes, abs=1e-12)


def test_training_with_an_optimizer():
    def train(make):
        model = language_model()
        optimizer = nn.Adam(model.parameters, rate=0.05)
        loss, losses = make(model), []
        for step in range(40):
            optimizer.zero_grad()
            losses.append(loss([step % 5, (step * 3) % 5, (step * step) % 5, 1][: 2 + step % 3]))
            optimizer.step()
        return losses

    def plainly(model):
        def call(tokens):
            E = model.loss(tokens)
            E.backward()
            return E.data

        return call

    plain = train(plainly)
    assert train(lambda m: compile_cached(m.loss, m.parameters)) == pytest.approx(plain, rel=1e-9)
    assert plain[-1] < plain[0]


def test_several_losses_over_the_same_parameters():
    w, v = ad.values("w v", [0.5, 2.0])
    first = compile_cached(lambda x: w * x + v, [w, v])
    second = compile_cached(lambda x: w * x - v, [v, w])
    for x in (1.0, 2.0, 3.0):
        assert first.value_and_grad(x)[1].tolist() == [x, 1.0]
        assert second.value_and_grad(x)[1].tolist() == [-1.0, x]


def test_a_cached_loss_inside_another_is_a_number():
    w = Value(0.5, "w")
    inside = compile_cached(lambda x: ad.sin(w * x), [w])
    outside = compile_cached(lambda x: ad.cos(w * x) * inside.value_and_grad(x)[0], [w])
    for x in (1.0, 2.0, 3.0):
        value, [slope] = outside.value_and_grad(x)
        assert value == pytest.approx(math.cos(0.5 * x) * math.sin(0.5 * x))
        assert slope == pytest.approx(-x * math.sin(0.5 * x) ** 2)


def test_keywords_reach_the_function():
    w = Value(0.5, "w")
    cached = compile_cached(lambda x, *, power: (w * x) ** power, w)
    for _ in range(3):
        assert cached.value_and_grad(4.0, power=2)[0] == 4.0


def test_what_was_recorded_before_stays_eager():
    w = Value(0.5, "w")
    penalty = w * w
    cached = compile_cached(lambda x: ad.sin(w * x) + penalty, [w])
    for x in (1.0, 2.0, 3.0):
        check(cached, x)
    assert cached.cache_info().compiled == 0
    itself = compile_cached(lambda: w, [w])
    assert itself.value_and_grad()[1].tolist() == [1.0]
    nothing = compile_cached(lambda x: Value(x) * 2.0, [w])
    for x in (1.0, 2.0, 3.0):
        assert nothing.value_and_grad(x)[1].tolist() == [0.0]


def test_modes():
    w = Value(0.0, "w")
    cached = compile_cached(lambda x: ad.log(w * x + 1.0), [w])
    with ad.no_record():
        for x in (1.0, 2.0, 3.0):
            check_inside = cached.value_and_grad(x)
            assert check_inside[1].tolist() == [x]
    assert cached.cache_info().compiled == 2
    w.data = -1.0
    with ad.strict(), pytest.raises(FloatingPointError, match="log"):
        cached(1.0)
    with ad.strict():
        assert cached.value_and_grad(-1.0)[1].tolist() == [-0.5]
    assert cached.cache_info().compiled == 2


def test_an_exception_in_the_function_leaves_nothing_behind():
    w = Value(0.5, "w")
    cached = compile_cached(lambda x: (w * x) ** 2 / (1 if x else [][0]), [w])
    for x in (1.0, 2.0):
        cached(x)
    before = w.grad
    with pytest.raises(IndexError):
        cached(0.0)
    assert w.grad == before
    check(cached, 3.0)
    assert gc.isenabled()


# ---------------------------------------------------------------- what is kept


def test_a_structure_that_was_met_once_stays_eager():
    w = Value(0.5, "w")

    def loss(n):
        y = w
        for _ in range(n):
            y = ad.sin(y)
        return y

    cached = compile_cached(loss, [w], threshold=3)
    for n in (1, 2, 3, 4, 5, 1, 2):
        check(cached, n)
    assert cached.cache_info() == (0, 7, 0, 64, 0)
    check(cached, 1)
    assert cached.cache_info() == (1, 7, 1, 64, 1)
    eagerly = compile_cached(loss, [w], threshold=1)
    check(eagerly, 1)
    assert eagerly.cache_info().compiled == 1


@pytest.mark.parametrize("data", [None, lambda n: ([0.5] * n,)])
def test_the_program_that_was_not_used_for_longest_goes(data):
    w = Value(0.5, "w")

    def loss(xs):
        y = w
        for _ in range(xs) if data is None else xs:
            y = ad.sin(y)
        return y

    cached = compile_cached(loss, [w], data=data, threshold=1, maxsize=2)
    for n, compilations in ((1, 1), (2, 2), (1, 2), (3, 3), (1, 3), (2, 4), (3, 5)):
        cached(n)
        assert cached.cache_info().compilations == compilations
    assert cached.cache_info().programs == 2
    for n in range(20):
        cached(n)
    assert cached.cache_info().programs == 2
    cached.cache_clear()
    assert cached.cache_info() == (0, 0, 0, 2, 0)


def test_what_was_met_once_is_bounded_too():
    w = Value(0.5, "w")
    cached = compile_cached(lambda n: ad.sum([w * 0.5] * n), [w], maxsize=4)
    for n in range(1, 40):
        check(cached, n)
    assert len(cached._met) <= 4
    assert cached.cache_info().programs == 0


def test_no_values_are_held():
    model = language_model()
    roots = []

    def loss(tokens):
        root = model.loss(tokens)
        roots.append(weakref.ref(root))
        return root

    cached = compile_cached(loss, model.parameters)
    gc.disable()
    try:
        for k in range(6):
            cached([k % 5, 1, 2])
        assert [root() for root in roots] == [None] * 6  # at once, without the collector
    finally:
        gc.enable()
    gc.collect()
    before = len(gc.get_objects())
    for k in range(50):
        cached([k % 5, k % 3, k % 4])
    gc.collect()
    assert len(gc.get_objects()) - before < 200


def test_a_structure_that_never_settles_stays_eager_in_the_end():
    ws = [Value(0.1 * k) for k in range(40)]
    cached = compile_cached(lambda ids: sum(ws[i] * ws[j] for i, j in pairwise(ids)), ws)
    for same in range(36):  # one more of them is another row each time
        for _ in range(2):
            check(cached, [39] * (36 - same) + list(range(same)))
    assert cached.cache_info().compilations == 16


def test_rows_that_want_numbers_stay_eager():
    with user_rows():
        ad.Op("sine_of_the_library", math.sin, [lambda out, x: math.cos(x)])
        w = Value(0.5, "w")
        cached = compile_cached(lambda x: ad.sine_of_the_library(w * x), [w])
        check(cached, 1.0)
        with pytest.warns(RuntimeWarning, match="stays eager, since a row"):
            check(cached, 2.0)
        check(cached, 3.0)
        assert cached.cache_info()[:2] == (0, 3)


def test_threads():
    model = language_model()
    cached = compile_cached(model.loss, model.parameters)
    source = random.Random(9)
    words = [[source.randrange(5) for _ in range(source.randint(2, 4))] for _ in range(60)]
    wanted = [eager(model.loss, model.parameters, word) for word in words]
    failures = []

    def work(mine):
        for word, (value, slopes) in mine:
            got, gradient = cached.value_and_grad(word)
            if got != pytest.approx(value) or gradient != pytest.approx(
                np.array(slopes), abs=1e-11
            ):
                failures.append(word)
            cached(word)

    pairs = list(zip(words, wanted, strict=True))
    threads = [threading.Thread(target=work, args=(pairs[i::4],)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    total = np.sum([slopes for _, slopes in wanted], axis=0)
    assert [p.grad for p in model.parameters] == pytest.approx(total, abs=1e-9)


@pytest.mark.parametrize("copied", [pickle.dumps, copy.copy, copy.deepcopy])
def test_it_cannot_be_copied(copied):
    w = Value(0.5, "w")
    with pytest.raises(TypeError, match="knows its parameters by identity"):
        copied(compile_cached(abs, [w]))


def test_it_shows_what_it_did():
    w = Value(0.5, "w")

    def energy(x):
        return w * x

    cached = compile_cached(energy, [w])
    cached(1.0), cached(2.0)
    assert repr(cached) == (
        "<energy cached: compiled 1, eager 1, programs 1, maxsize 64, compilations 1>"
    )
    assert cached.function is energy
    assert cached.parameters == [w]


# ---------------------------------------------------------------- errors

w1, w2 = ad.values("w1 w2", [1.0, 2.0])


@pytest.mark.parametrize(
    ("make", "kind", "message"),
    [
        (lambda: compile_cached(w1 * w2, [w1]), TypeError, "the loss is a function.*2"),
        (lambda: compile_cached(abs, [[w1], [w2]]), TypeError, "parameter 0 is .*flat list"),
        (lambda: compile_cached(abs, [w1, 0.5]), TypeError, "parameter 1 is 0.5"),
        (lambda: compile_cached(abs, "w1"), TypeError, "list of Values, not 'w1'"),
        (lambda: compile_cached(abs, 3), TypeError, "list of Values, not 3"),
        (lambda: compile_cached(abs, [w1, w2, w1]), ValueError, "w1 is given twice"),
        (lambda: compile_cached(abs, [w1 * w2]), ValueError, r"is computed \(mul\)"),
        (lambda: compile_cached(abs, []), ValueError, "no parameters"),
        (lambda: compile_cached(abs, [w1], data=3), TypeError, "data is a function.*3"),
        (lambda: compile_cached(abs, [w1], threshold=0), ValueError, "threshold .*not 0"),
        (lambda: compile_cached(abs, [w1], maxsize=1.5), ValueError, "maxsize .*not 1.5"),
        (lambda: compile_cached(abs, [w1], backend="gpu"), ValueError, "not 'gpu'"),
        (lambda: compile_cached(lambda: w1.data, [w1])(), TypeError, "<lambda> returned 1.0"),
        (lambda: compile_cached(lambda: [w1], [w1])(), TypeError, "a loss is one Value"),
    ],
)
def test_errors_say_what_was_given(make, kind, message):
    with pytest.raises(kind, match=message):
        make()


# ---------------------------------------------------------------- data apart


def split_model():
    """The language model with its looking up apart: rows and marks are data."""
    model = language_model()
    width, outer = 3, model.parameters[-15:]
    inner = model.parameters[15:-15]

    def loss(rows, marks):
        state, losses = [Value(0.0)] * width, []
        for row, mark in zip(rows, marks, strict=True):
            seen = [*row, *state]
            state = [ad.tanh(ad.dot(inner[6 * i : 6 * i + 6], seen)) for i in range(width)]
            scores = [ad.dot(outer[3 * k : 3 * k + 3], state) for k in range(5)]
            losses.append(ad.logsumexp(scores) - ad.dot(mark, scores))
        return sum(losses) / len(losses)

    def data(tokens):
        marks = [[float(k == token) for k in range(5)] for token in tokens[1:]]
        return [model.table[token] for token in tokens[:-1]], marks

    return SimpleNamespace(loss=loss, data=data, parameters=model.parameters, whole=model.loss)


def test_data_apart_give_the_same_numbers():
    model = split_model()
    calls = []

    def loss(*args):
        calls.append(args)
        return model.loss(*args)

    cached = compile_cached(loss, model.parameters, data=model.data)
    source = random.Random(4)
    for _ in range(100):
        tokens = [source.randrange(5) for _ in range(source.randint(2, 4))]
        # The same loss in the usual way; both ways agree to rounding.
        check(cached, tokens, function=model.whole)
    assert cached.cache_info() == (97, 3, 3, 64, 3)
    assert len(calls) < 30  # of 100: met first, traced, and compared more and more seldom


def test_data_are_told_apart_by_what_is_no_number():
    w = Value(0.5, "w")
    loss = lambda kind, xs, n: {"sin": ad.sin, "cos": ad.cos}[kind](w * xs["a"][0]) ** n  # noqa: E731
    cached = compile_cached(loss, [w], data=lambda *args: args, threshold=1)
    for kind, n in (("sin", 2), ("cos", 2), ("cos", 3), ("sin", 2)):
        for x in (0.5, np.float64(0.7), Value(0.9), w):
            check(cached, kind, {"a": (x, None)}, n)
        check(cached, kind, {"a": np.array([0.25])}, n)
    assert cached.cache_info().programs == 9  # rows are not numbers, arrays are lists


def test_choices_by_data_are_refused():
    w = Value(0.5, "w")
    loss = lambda x: w * x if x > 0 else w - x  # noqa: E731
    cached = compile_cached(loss, [w], data=lambda x: x, threshold=1)
    with pytest.raises(TypeError, match=r"number 0: an input has no number.*ad.where"):
        cached(1.0)


def test_what_is_not_in_the_data_is_noticed():
    w = Value(0.5, "w")
    scale = [1.0]
    cached = compile_cached(lambda x: w * x * scale[0], [w], data=lambda x: x, threshold=1)
    check(cached, 2.0)
    scale[0] = 3.0
    with pytest.raises(ValueError, match=r"the compiled <lambda> is 1\.0, the recorded one 3\.0"):
        cached(2.0)
    reads = compile_cached(lambda x: w * x.data, [w], data=Value, threshold=1)
    with pytest.raises(ValueError, match=r"reads \.data"):
        reads(2.0)


def test_computed_values_are_no_data():
    cached = compile_cached(lambda x: w1 * x, [w1], data=lambda: w1 * w2, threshold=1)
    with pytest.raises(TypeError, match=r"is computed \(mul\); data are parameters"):
        cached()
    cached = compile_cached(lambda x: w1 * x, [w1], data=lambda: {1, 2})
    with pytest.raises(TypeError, match=r"data has \{1, 2\} \(set\).*lists, tuples and dicts"):
        cached()


def test_data_apart_where_numbers_are_not_finite():
    w = Value(1.0, "w")
    cached = compile_cached(lambda u: ad.log(w * u), [w], data=lambda u: u)
    for u in (1.0, 2.0, 0.0, -1.0, 0.0, math.inf, 3.0):
        check(cached, u)
    with ad.strict(), pytest.raises(FloatingPointError, match="log"):
        cached(-1.0)
