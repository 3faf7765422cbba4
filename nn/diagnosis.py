"""Diagnosis: does the gradient reach the first layers, and if not, which factors are to blame?

Going back through a network the gradient is multiplied, layer by layer, by the slope of each
activation and by the weights. Slopes of a sigmoid are 1/4 at most, so behind six of them at most
2.4e-4 is left (text 000 closes with this); large weights do the opposite. `diagnose` measures it
and says so in words.
"""

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import autodiff as ad
from nn.choices import known
from nn.labels import short
from nn.losses import LOSSES
from nn.paths import STEEPEST, local_slopes, number, slopes_in_words, strongest_path
from nn.samples import Samples, checked_samples

FADED, BLOWN_UP = 1e-3, 1e3  # what is left of a gradient: less than that vanishes, more explodes
FLAT = 0.05  # of the steepest slope: below, a neuron is saturated
MOST_SAMPLES = 200


class Finding(NamedTuple):
    """Something to know: "vanishing", "exploding", "dead", "saturated" or "blocked"; in words."""

    kind: str
    words: str


class Diagnosis:
    """What `diagnose` found: `.findings`, empty when all is well, and `.lines` with the numbers."""

    def __init__(self, findings: Sequence[Finding], lines: Sequence[str]) -> None:
        self.findings = list(findings)
        self.lines = list(lines)

    @property
    def ok(self) -> bool:
        return not self.findings

    @property
    def kinds(self) -> set[str]:
        return {finding.kind for finding in self.findings}

    def __str__(self) -> str:
        found = [finding.words for finding in self.findings] or ["The gradient is in good health."]
        return "\n".join([*found, *self.lines])

    __repr__ = __str__


def diagnose(
    what: Any, X: Any, y: Any = None, loss: str | Callable[..., Any] = "half_squared_error"
) -> Diagnosis:
    """Say in words whether gradients vanish or explode, and which factors do it.

    `diagnose(model, X, y, loss)` looks at a network over samples (the first 200), layer by layer,
    and names dead ReLUs and saturated neurons; `diagnose(E, w)` at the strongest path from one
    recorded loss to one Value. Neither changes anything.

    >>> w = ad.Value(1.0, "w")
    >>> x = w
    >>> for _ in range(6):
    ...     x = x.sigmoid()
    >>> print(diagnose(x.named("E"), w).findings[0].words)
    dE/dw = 1.1e-4 vanishes: six slopes, each at most 1/4: at most 2.4e-4, and here 1.1e-4.
    """
    if isinstance(what, ad.Value):
        if not isinstance(X, ad.Value):
            raise TypeError(f"diagnose(E, w) takes two Values, and w is {X!r}")
        return _of_weight(what, X)
    if not hasattr(what, "layers"):
        raise TypeError(f"diagnose takes an MLP with X and y, or two Values, not {what!r}")
    chosen = loss if callable(loss) else LOSSES[known(loss, LOSSES, "loss")]
    samples = checked_samples(X, y, what.sizes[0], what.sizes[-1], chosen)
    return _of_network(what, samples, chosen)


# ---------------------------------------------------------------- one weight


def _of_weight(E: ad.Value, w: ad.Value) -> Diagnosis:
    name = f"d{short(E) or 'E'}/d{short(w) or 'w'}"
    path = strongest_path(E, w)
    if path is None:
        words = f"{name} is 0: {short(E) or 'E'} does not depend on {short(w) or 'w'}."
        return Diagnosis([Finding("blocked", words)], [])
    gradient = ad.grad(E, w).data
    slopes = [(f.op, f.slope) for f in path if f.op in STEEPEST]
    # The last product is that of the weight with its own input.
    weights = [f for f in path[:-1] if f.op == "mul" and f.name]
    between = math.prod(abs(f.slope) for f in weights)
    carried = math.prod(abs(slope) for _, slope in slopes) * between
    findings = []
    zero = next((f for f in path if f.slope == 0.0), None)
    factors = [slopes_in_words(slopes)] if slopes else []
    if weights:
        names = ", ".join(f"{f.name} = {number(f.slope)}" for f in weights)
        factors.append(f"weights on the way multiply by {number(between)} ({names})")
    because = "; ".join(factors)
    if zero is not None and gradient == 0.0:
        at = f" at {zero.name} = {number(zero.given)}" if zero.name else ""
        findings.append(Finding("blocked", f"{name} is 0: the slope of {zero.op}{at} is 0."))
    elif not math.isfinite(gradient) or carried > BLOWN_UP:
        findings.append(Finding("exploding", f"{name} = {number(gradient)} explodes: {because}."))
    elif carried < FADED:
        findings.append(Finding("vanishing", f"{name} = {number(gradient)} vanishes: {because}."))
    lines = ["Along the strongest path, from the loss:"]
    for factor in path:
        if factor.op in STEEPEST or (factor.op == "mul" and factor.name):
            told = f"slope at {factor.name or 'a sum'} = {number(factor.given)}"
            told = told if factor.op in STEEPEST else factor.name
            lines.append(f"  {factor.op:10} {number(factor.slope):>9}  {told}")
    return Diagnosis(findings, lines)


# ---------------------------------------------------------------- a network


class _LayerSeen:
    """What passes through one layer, over the samples."""

    def __init__(self, layer: Any) -> None:
        self.place = layer.names.place
        self.op = layer.activation.name if layer.activation else ""
        self.neurons = [short(neuron.names.output) for neuron in layer.neurons]
        self.slopes: list[list[float]] = [[] for _ in self.neurons]
        self.signal: list[float] = []

    def see(self, outputs: list[ad.Value]) -> None:
        for k, out in enumerate(outputs):
            self.signal.append(out.grad)
            if self.op:
                self.slopes[k].append(local_slopes(out)[0][1])

    @property
    def strength(self) -> float:
        """The typical size (root mean square) of dE / d output."""
        return math.hypot(*self.signal) / math.sqrt(len(self.signal))

    @property
    def slope(self) -> float:
        """The typical slope: root mean square, as slopes multiply what has both signs."""
        every = [s for neuron in self.slopes for s in neuron]
        return math.hypot(*every) / math.sqrt(len(every)) if every else 1.0

    def flat(self, limit: float) -> list[str]:
        """Neurons whose slope is within the limit for every sample."""
        pairs = zip(self.neurons, self.slopes, strict=True)
        return [name for name, s in pairs if s and max(map(abs, s)) <= limit]


def _of_network(model: Any, samples: Samples, loss: Callable[..., Any]) -> Diagnosis:
    seen = [_LayerSeen(layer) for layer in model.layers]
    parameters = model.parameters()
    before = [p.grad for p in parameters]
    try:
        for x, t in list(zip(samples.X, samples.y, strict=True))[:MOST_SAMPLES]:
            signals = [ad.Value(number) for number in x]
            recorded = []
            for layer in model.layers:
                signals = layer.record(signals)
                recorded.append(signals)
            loss(signals[0] if len(signals) == 1 else signals, t).backward()
            for layer_seen, outputs in zip(seen, recorded, strict=True):
                layer_seen.see(outputs)
    finally:
        for p, grad in zip(parameters, before, strict=True):
            p.grad = grad
    return Diagnosis([*_transport(seen), *_flat_neurons(seen)], _table(seen))


def _transport(seen: list[_LayerSeen]) -> list[Finding]:
    """Whether the gradient of the first layer is of the size of that of the last."""
    first, last = seen[0], seen[-1]
    if not math.isfinite(first.strength):
        return [Finding("exploding", f"The gradient at {first.place} is {first.strength}.")]
    if not last.strength or len(seen) < 2:
        return []
    left = first.strength / last.strength
    if FADED <= left <= BLOWN_UP:
        return []
    crossed = [s for s in seen[1:] if s.op]
    factors = slopes_in_words([(s.op, s.slope) for s in crossed])
    slopes = math.prod(s.slope for s in crossed)
    share = f"the weights do the rest, {number(left / slopes)}" if slopes else ""
    because = "; ".join(filter(None, [factors, share]))
    way = f"from {last.place} to {first.place}"
    if left < FADED:
        advice = "Try relu or tanh, fewer layers, or larger first weights."
        words = f"The gradient vanishes: {way} {number(left)} of it is left. {_up(because)}."
        return [Finding("vanishing", f"{words} {advice}")]
    advice = "Try smaller first weights, or clip_norm=1.0."
    words = f"The gradient explodes: {way} it grows {number(left)} times. {_up(because)}."
    return [Finding("exploding", f"{words} {advice}")]


def _flat_neurons(seen: list[_LayerSeen]) -> list[Finding]:
    found = []
    for layer in seen:
        dead = layer.flat(0.0)
        if dead and layer.op == "relu":
            found.append(
                Finding(
                    "dead",
                    f"Dead in {layer.place}: {_some(dead)} of {len(layer.neurons)}; the sum is "
                    "negative for every sample, so no gradient passes. Try a smaller rate, or "
                    "leaky_relu.",
                )
            )
        saturated = layer.flat(FLAT * STEEPEST.get(layer.op, 0.0))
        if saturated and layer.op in ("sigmoid", "tanh", "softsign"):
            found.append(
                Finding(
                    "saturated",
                    f"Saturated in {layer.place}: {_some(saturated)} of {len(layer.neurons)}; the "
                    f"slope is below {FLAT:.0%} of its largest for every sample. Try smaller "
                    "weights, or inputs of mean 0 and deviation 1.",
                )
            )
    return found


def _table(seen: list[_LayerSeen]) -> list[str]:
    rows = [("layer", "dE/dout", "slope")]
    for s in reversed(seen):
        rows.append((s.place, number(s.strength), number(s.slope) if s.op else "1"))
    width = max(len(row[0]) for row in rows)
    return [f"  {place:{width}}  {signal:>9}  {slope:>9}" for place, signal, slope in rows]


def _some(names: list[str]) -> str:
    return ", ".join(names[:6]) + (f" and {len(names) - 6} more" if len(names) > 6 else "")


def _up(text: str) -> str:
    return text[:1].upper() + text[1:]
