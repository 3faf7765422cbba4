"""`playground`: one offline HTML file that trains *this* network in the browser.

Python records the loss of one sample and exports it, with its gradient, to JavaScript; the page
(`playground.html`, `.css`, `.js`) runs gradient descent with it and shows what the neurons see. It
loads nothing and needs no server.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from nn.choices import known
from nn.layers import MLP, Layer
from nn.losses import LOSSES
from nn.optimizers import checked_rate
from nn.playground_page import in_markup, page_text, plain
from nn.playground_program import Recorded
from nn.samples import checked_samples

RATE = 0.5
HEIGHT = 860  # of the frame in a notebook, in pixels
MOST_PARAMETERS = 20_000  # beyond, a browser takes seconds to read the page and more to train


class Playground:
    """A page that trains a network. In a notebook it shows itself, in a frame of its own.

    * `html`: the text of the page.
    * `save("page.html")`: writes it and returns the path.
    """

    def __init__(self, html: str, title: str) -> None:
        self.html = html
        self.title = title

    def save(self, path: str | Path) -> Path:
        """Write the page to a .html file. Returns the path."""
        path = Path(path)
        if path.suffix.lower() not in (".html", ".htm"):
            raise ValueError(
                f"{path.name or str(path)!r} should end in .html: a playground is a page"
            )
        path.write_text(self.html, encoding="utf-8")
        return path

    def __repr__(self) -> str:
        return f"<Playground {self.title}, {len(self.html.encode()) / 1000:.0f} kB>"

    def _repr_html_(self) -> str:
        """For notebooks: a sandbox that may run its own script and nothing else."""
        return (
            f'<iframe sandbox="allow-scripts" srcdoc="{in_markup(self.html)}" '
            f'title="{in_markup(self.title)}" width="100%" height="{HEIGHT}" '
            'style="border:0"></iframe>'
        )


def playground(
    model: MLP | Layer,
    X: Any,
    y: Any,
    path: str | Path | None = None,
    *,
    loss: str | Callable[..., Any] = "half_squared_error",
    rate: float = RATE,
    maximize: bool = False,
    title: str = "",
    **unknown: Any,
) -> Playground:
    """Make a page that trains the model on the samples, from the weights it has now.

    * `X`, `y`, `loss`: as for `fit`. The page takes all samples at each step.
    * `rate`: what the page begins with; it can be changed there. `maximize` climbs.
    * `path`: a file to save the page to; `title`: its heading.

    Networks of two inputs show what they and each of their neurons say about the plane. The model
    itself is not changed.

    >>> from nn import MLP, datasets
    >>> page = playground(MLP(2, [3, 1], "tanh", "sigmoid"), *datasets.xor(), rate=3.0)
    >>> page.title
    'MLP(2, [3, 1])'
    >>> page.save("xor.html")  # doctest: +SKIP

    Raises ValueError and TypeError for samples and settings that do not fit.
    """
    rate = checked_rate(rate, unknown, "playground(model, X, y, rate=0.1)")
    layers = [model] if isinstance(model, Layer) else getattr(model, "layers", None)
    if not layers:
        raise TypeError(f"a playground is made of an MLP or a Layer, not of {model!r}")
    parameters = model.parameters()
    if not 0 < len(parameters) <= MOST_PARAMETERS:
        raise ValueError(
            f"the network has {len(parameters)} parameters; a page can train 1 to {MOST_PARAMETERS}"
        )
    sizes = [len(layers[0].names.inputs), *(len(layer.neurons) for layer in layers)]
    chosen = loss if callable(loss) else LOSSES[known(loss, LOSSES, "loss")]
    samples = checked_samples(X, y, sizes[0], sizes[-1], chosen)
    recorded = Recorded(layers, parameters, chosen, samples)
    shown = plain(title) or f"{type(model).__name__}({sizes[0]}, {sizes[1:]})"
    data = recorded.data() | {
        "title": shown,
        "loss": plain(getattr(chosen, "__name__", "loss")),
        "rate": rate,
        "sign": 1.0 if maximize else -1.0,
    }
    page = Playground(page_text(data, recorded.code()), shown)
    if path is not None:
        page.save(path)
    return page
