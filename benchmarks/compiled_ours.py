"""Our own contestants of `compiled.py`: programs on each backend and instruction set."""

import os
from collections.abc import Callable
from functools import partial
from typing import Any

from works import Work, eager_plain_loop, plain_loop

import autodiff as ad
from autodiff import native
from autodiff.backends import available


def program_of(work: Work, backend: str = "auto", plain: bool = False) -> ad.Program:
    """The program of one row, or of the plain loop over all of them."""
    parameters = work.model.parameters()
    if plain:
        return ad.compile(plain_loop(work), parameters=parameters, backend=backend)
    return ad.compile(work.loss, work.inputs, parameters=parameters, backend=backend)


def bound(work: Work, backend: str, instructions: str = "", plain: bool = False) -> Any:
    """Descent on all rows of a work, on that instruction set if one is named."""
    kept = os.environ.get(native.SWITCH)
    if instructions:
        os.environ[native.SWITCH] = instructions
    try:
        program = program_of(work, backend, plain)
        if plain:
            return program
        descent = program.bind(work.rows, work.rate)
        assert program.backend == backend, f"{program.backend} runs instead of {backend}"
        return descent
    finally:
        if kept is not None:
            os.environ[native.SWITCH] = kept
        elif instructions:
            del os.environ[native.SWITCH]


def steps(work: Work, sets: list[str]) -> dict[str, tuple[Callable[[], Any], int]]:
    """What makes a step, or a loop of them, over all rows; and how many it makes."""
    found: dict[str, tuple[Callable[[], Any], int]] = {}
    for backend in ("native", "numpy"):
        if not available()[backend].startswith("ready"):
            print(f"  {backend}: left out, {available()[backend]}")
            continue
        found[f"{backend} step()"] = bound(work, backend).step, 1
        found[f"{backend} run({work.inside})"] = (
            partial(bound(work, backend).run, work.inside),
            work.inside,
        )
        if work.name != "digits":
            program = program_of(work, backend, plain=True)
            loop = partial(program.run, rate=work.rate, steps=work.inside)
            found[f"{backend} plain loop, run({work.inside})"] = loop, work.inside
    for name in sets:
        found[f"native {name}, step()"] = bound(work, "native", name).step, 1
    if work.name != "digits":
        found["eager"] = partial(eager_plain_loop(work), work.X, work.T), 1
    return found


def epochs(work: Work, batch: int, sets: list[str]) -> dict[str, Callable[[], Any]]:
    """What makes an epoch of batches."""
    found: dict[str, Callable[[], Any]] = {}
    for backend in ("native", "numpy"):
        if available()[backend].startswith("ready"):
            found[f"{backend} epoch"] = partial(bound(work, backend).epoch, batch)
    for name in sets:
        found[f"native {name}, epoch"] = partial(bound(work, "native", name).epoch, batch)
    return found
