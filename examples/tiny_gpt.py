"""A GPT of a few thousand numbers, written in plain Values, learns to make up first names.

It is trained three times from the same start: eagerly, as `loss.backward()` does it; through
`compile_cached`, which records the loss in each step and takes the gradient from a program; and
with the looking up apart (`data=`), where nothing is recorded. The losses are the same.

    python tiny_gpt.py                  # 30 steps, about 10 seconds
    python tiny_gpt.py --steps 500 --only data
"""

import argparse
import random
import statistics
import time

import autodiff as ad
from autodiff import Value
from nn import Adam

NAMES = """
    ada adele agnes alan albert alice alma amos anita anna anton arthur astrid axel ben bruno carl
    carla clara cora dario edith ella emil emma erik esther eva felix fiona frida georg greta hanna
    hugo ida ines iris ivan jakob jana jonas julia karin kurt lara laura lea lena leo lina linus
    lotte luca lucia lukas marie marta mia mila mira moritz nina noah nora olga oskar otto paul
    paula petra rita robin rosa ruth sara simon sofia stella theo tilda tim tina tom ulla vera
    viktor walter wanda wilma yara zoe
""".split()
LETTERS = sorted(set("".join(NAMES)))
END = len(LETTERS)  # stands before the first letter and after the last
N_TOKENS = END + 1
LONGEST = max(map(len, NAMES)) + 1


def tokens_of(name: str) -> list[int]:
    """The name between two ENDs, as numbers."""
    return [END, *map(LETTERS.index, name), END]


class GPT:
    """Embeddings of token and position, layers of causal attention and a small network, scores for
    the next token.
    """

    def __init__(self, width: int = 12, heads: int = 2, layers: int = 1, seed: int = 0) -> None:
        source = random.Random(seed)

        def matrix(rows: int, columns: int) -> list[list[Value]]:
            size = columns**-0.5
            return [[Value(source.gauss(0.0, size)) for _ in range(columns)] for _ in range(rows)]

        self.heads = heads
        self.of_token = matrix(N_TOKENS, width)
        self.of_position = matrix(LONGEST, width)
        self.layers = [
            {name: matrix(width, width) for name in ("query", "key", "value", "mix")}
            | {"up": matrix(3 * width, width), "down": matrix(width, 3 * width)}
            for _ in range(layers)
        ]
        self.to_scores = matrix(N_TOKENS, width)
        matrices = [self.of_token, self.of_position, self.to_scores]
        matrices += [m for layer in self.layers for m in layer.values()]
        self.parameters = [p for m in matrices for row in m for p in row]

    def scores(self, rows: list[list[Value]]) -> list[list[Value]]:
        """Scores of every next token after each of the tokens whose rows these are."""
        pasts: list[list[tuple[list[Value], list[Value]]]] = [[] for _ in self.layers]
        found = []
        for row, place in zip(rows, self.of_position, strict=False):
            x = [t + p for t, p in zip(row, place, strict=True)]
            for layer, past in zip(self.layers, pasts, strict=True):
                x = added(x, times(layer["mix"], self.attention(layer, normed(x), past)))
                hidden = [ad.relu(h) for h in times(layer["up"], normed(x))]
                x = added(x, times(layer["down"], hidden))
            found.append(times(self.to_scores, normed(x)))
        return found

    def attention(
        self,
        layer: dict[str, list[list[Value]]],
        x: list[Value],
        past: list[tuple[list[Value], list[Value]]],
    ) -> list[Value]:
        """What the present position takes from itself and the past, head by head."""
        query = times(layer["query"], x)
        past.append((times(layer["key"], x), times(layer["value"], x)))
        size = len(x) // self.heads
        mixed = []
        for part in (slice(i, i + size) for i in range(0, len(x), size)):
            shares = softmax([dot(query[part], key[part]) / size**0.5 for key, _ in past])
            columns = zip(*(value[part] for _, value in past), strict=True)
            mixed += [dot(shares, column) for column in columns]
        return mixed


def dot(xs, ys):
    return sum(x * y for x, y in zip(xs, ys, strict=True))


def times(matrix, x):
    return [dot(row, x) for row in matrix]


def added(xs, ys):
    return [x + y for x, y in zip(xs, ys, strict=True)]


def normed(xs):
    """Scaled to a mean square of 1."""
    scale = (dot(xs, xs) / len(xs) + 1e-6) ** -0.5
    return [x * scale for x in xs]


def softmax(scores):
    highest = ad.logsumexp(scores)
    return [(score - highest).exp() for score in scores]


# The same loss twice: with the looking up inside, and apart from it.


def loss_of(model: GPT, tokens: list[int]) -> Value:
    """How surprising each next token is, on average."""
    rows = [model.of_token[token] for token in tokens[:-1]]
    surprises = [
        -softmax(scores)[token].log()
        for scores, token in zip(model.scores(rows), tokens[1:], strict=True)
    ]
    return sum(surprises) / len(surprises)


def looked_up(model: GPT, tokens: list[int]) -> tuple[list[list[Value]], list[list[float]]]:
    """The row of each token, and a 1 among zeros for each next one."""
    rows = [model.of_token[token] for token in tokens[:-1]]
    return rows, [[float(k == token) for k in range(N_TOKENS)] for token in tokens[1:]]


def loss_of_rows(model: GPT, rows: list[list[Value]], marks: list[list[Value]]) -> Value:
    surprises = [
        ad.logsumexp(scores) - dot(mark, scores)
        for scores, mark in zip(model.scores(rows), marks, strict=True)
    ]
    return sum(surprises) / len(surprises)


# Three ways to a loss with its gradient in `.grad`.


def eager(model: GPT):
    def step(tokens: list[int]) -> float:
        loss = loss_of(model, tokens)
        loss.backward()
        return loss.data

    return step


def cached(model: GPT):
    return ad.compile_cached(lambda tokens: loss_of(model, tokens), model.parameters)


def data(model: GPT):
    return ad.compile_cached(
        lambda rows, marks: loss_of_rows(model, rows, marks),
        model.parameters,
        data=lambda tokens: looked_up(model, tokens),
    )


WAYS = {"eager": eager, "cached": cached, "data": data}


class Training:
    """One way of training one model: the losses and the seconds of its steps so far."""

    def __init__(self, way: str, model: GPT) -> None:
        self.way = way
        self.model = model
        self.step = WAYS[way](model)
        self.optimizer = Adam(model.parameters, rate=0.01)
        self.losses: list[float] = []
        self.seconds: list[float] = []

    def train(self, name: str) -> None:
        start = time.perf_counter()
        self.optimizer.zero_grad()
        self.losses.append(self.step(tokens_of(name)))
        self.seconds.append(time.perf_counter() - start)
        self.optimizer.step()

    def report(self) -> None:
        first, last = self.losses[0], statistics.fmean(self.losses[-5:])
        usual, least = 1e3 * statistics.median(self.seconds), 1e3 * min(self.seconds)
        print(f"{self.way:>6}: {usual:.1f} ms a step (median; fastest {least:.1f}), ", end="")
        print(f"{sum(self.seconds):.1f} s in all, loss {first:.4f} -> {last:.4f}")
        if self.way != "eager":
            print(f"        {self.step.cache_info()}")


def made_up(model: GPT, source: random.Random) -> str:
    """A new name, letter after letter."""
    tokens = [END]
    while len(tokens) < LONGEST:
        with ad.no_record():
            scores = model.scores([model.of_token[token] for token in tokens])[-1]
            shares = [share.data for share in softmax(scores)]
        [token] = source.choices(range(N_TOKENS), shares)
        if token == END:
            break
        tokens.append(token)
    return "".join(LETTERS[token] for token in tokens[1:])


def main() -> None:
    parser = argparse.ArgumentParser(
        description="A tiny GPT, trained eagerly and through the cache."
    )
    parser.add_argument("--steps", type=int, default=30)
    parser.add_argument("--width", type=int, default=12, help="numbers for each position; even")
    parser.add_argument("--layers", type=int, default=1)
    parser.add_argument("--longest", type=int, default=5, help="letters of the names trained on")
    parser.add_argument("--only", choices=WAYS, help="train in one way, and do not compare")
    options = parser.parse_args()

    known = [name for name in NAMES if len(name) <= options.longest]
    source = random.Random(1)
    names = [source.choice(known) for _ in range(options.steps)]
    ways = [options.only] if options.only else list(WAYS)
    trainings = [Training(way, GPT(options.width, layers=options.layers)) for way in ways]
    model = trainings[0].model
    print(f"{len(model.parameters)} parameters, {len(names)} names of {len(known)}")
    for name in names:  # all ways in turn, so that their times can be compared
        for training in trainings:
            training.train(name)
    for training in trainings:
        training.report()
        pairs = zip(training.losses, trainings[0].losses, strict=True)
        furthest = max(abs(x - y) for x, y in pairs)
        assert furthest < 1e-9, f"{training.way} is off by {furthest}"
    print("made up:", ", ".join(made_up(model, source) for _ in range(5)))


if __name__ == "__main__":
    main()
