"""Losses for class labels, in forms that stay accurate when the network is nearly sure.

Labels are checked: a probability lies from 0 to 1, the class of `cross_entropy` counts from 0, and
`hinge` wants -1 or 1.
"""

from typing import Any

import autodiff as ad
from nn.leaves import as_list, is_row
from nn.pairing import pairs, plain, total


def binary_cross_entropy(outputs: Any, targets: Any, *, name: str = "E") -> Any:
    """The sum of -(t*log(p) + (1 - t)*log(1 - p)), for outputs p that are probabilities.

    A target that is the number 0 or 1 leaves just the term that counts, so p = t costs 0. One that
    is a Value is a variable like p, and keeps both terms: 0*log(0) is nan, as everywhere. Outputs
    of a sigmoid reach 1 at a sum of 37; `binary_cross_entropy_with_logits` has no such end.

    >>> binary_cross_entropy(0.75, 1.0)
    0.2876820724517809

    Raises ValueError for targets outside 0 to 1, or unless there are as many as outputs.
    """
    return _binary(
        outputs,
        targets,
        name,
        if_one=lambda p: -ad.log(p),
        if_zero=lambda p: -ad.log1p(-p),
        between=lambda p, t: -(t * ad.log(p) + (1 - t) * ad.log1p(-p)),
    )


def binary_cross_entropy_with_logits(outputs: Any, targets: Any, *, name: str = "E") -> Any:
    """Binary cross-entropy of sigmoid(z), from the weighted sums z ("linear" output) themselves.

    (1 - t)*softplus(z) + t*softplus(-z), which keeps its digits for every z; at an infinite z a
    target that is a Value gives 0*inf, nan, where the number 0 or 1 leaves one term.

    >>> binary_cross_entropy_with_logits(40.0, 1.0)
    4.248354255291589e-18

    Raises ValueError for targets outside 0 to 1, or unless there are as many as outputs.
    """
    return _binary(
        outputs,
        targets,
        name,
        if_one=lambda z: ad.softplus(-z),
        if_zero=lambda z: ad.softplus(z),
        between=lambda z, t: (1 - t) * ad.softplus(z) + t * ad.softplus(-z),
    )


def _binary(
    outputs: Any, targets: Any, name: str, *, if_one: Any, if_zero: Any, between: Any
) -> Any:
    labels = as_list(targets)
    outputs, targets = pairs(outputs, targets)
    errors = []
    for i, (o, t, label) in enumerate(zip(outputs, targets, labels, strict=True), 1):
        number = plain(t)
        if not 0.0 <= number <= 1.0:
            raise ValueError(
                f"target {i} is {number:g}; binary cross-entropy wants probabilities from 0 to 1 "
                '(for labels -1 and 1 use "hinge" or write (t + 1)/2)'
            )
        # A label is no variable: of a term that is 0 times something nothing is recorded.
        if number == 1.0 and not isinstance(label, ad.Value):
            errors.append(if_one(o))
        elif number == 0.0 and not isinstance(label, ad.Value):
            errors.append(if_zero(o))
        else:
            errors.append(between(o, t))
    return total(errors, name)


def cross_entropy(logits: Any, class_index: Any, *, name: str = "E") -> Any:
    """-log of the softmax share of the right class, from logits ("linear" outputs), one a class.

    `class_index` counts from 0. Recorded as logsumexp(z_j - z_class), where the class itself gives
    0; so neither loss nor gradient loses digits when the share is nearly 1.

    >>> cross_entropy([40.0, 0.0, 0.0], 0)
    8.496708510583178e-18

    Raises ValueError unless there are two logits or more and the class is one of them.
    """
    logits = [z if isinstance(z, ad.Value) else ad.Value(z).data for z in as_list(logits)]
    right = _class(class_index, logits)
    differences = [0.0 if j == right else z - logits[right] for j, z in enumerate(logits)]
    return total([ad.logsumexp(differences)], name)


def cross_entropy_of_marked(logits: list[Any], marks: list[Any], *, name: str = "E") -> Any:
    """`cross_entropy` where the class is marked by a 1 among zeros, which may vary: see `nn.steps`.

    The same logsumexp, and the difference of the class to itself is cut off just the same.
    """
    right = ad.dot(marks, logits)
    differences = [ad.where(m, 0.0, z - right) for m, z in zip(marks, logits, strict=True)]
    return total([ad.logsumexp(differences)], name)


def _class(given: Any, logits: list[Any]) -> int:
    """The class index, checked."""
    n = len(logits)
    if n < 2:
        raise ValueError(
            "cross_entropy needs a logit for each class, two or more, and there is one output; "
            "for one output use binary_cross_entropy_with_logits"
        )
    if is_row(given):
        row = list(given)
        if len(row) != 1:
            raise ValueError(
                f"the target is a row of {len(row)}; cross_entropy wants the index of the class, "
                f"a whole number from 0 to {n - 1}"
            )
        given = row[0]
    number = plain(given)
    if isinstance(given, bool) or number != number // 1 or not 0 <= number < n:
        raise ValueError(
            f"the class is {given!r}; with {n} logits it is a whole number from 0 to {n - 1}"
        )
    return int(number)


def hinge(outputs: Any, targets: Any, *, name: str = "E") -> Any:
    """The sum of relu(1 - target*output), for labels -1 and 1 and a "linear" output.

    >>> hinge([0.25], [1])
    0.75

    Raises ValueError for other labels, or unless there are as many as outputs.
    """
    outputs, targets = pairs(outputs, targets)
    for i, t in enumerate(targets, 1):
        if plain(t) not in (-1.0, 1.0):
            raise ValueError(
                f"target {i} is {plain(t):g}; hinge wants -1 or 1 (write 2*t - 1 for labels 0, 1)"
            )
    return total([ad.relu(1 - t * o) for o, t in zip(outputs, targets, strict=True)], name)
