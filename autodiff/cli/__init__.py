"""The command line: `python -m autodiff COMMAND`; each command is a row of the table `COMMANDS`.

Exit codes: 0 right, 1 wrong (only `check` says so), 2 bad input with a sentence on standard error,
130 after Ctrl-C, 141 when the reader of a pipe has gone.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

import autodiff as ad
from autodiff.cli.commands import COMMANDS
from autodiff.cli.options import Command
from autodiff.cli.terminal import complain, drop_output, flush
from autodiff.op import meant

__all__ = ["main"]

_BY_NAME = {command.name: command for command in COMMANDS}
# What other programs call an option: the rate has one name everywhere, and a page is saved.
_OTHERWISE = dict.fromkeys(("lr", "learning-rate", "eta"), "rate") | dict.fromkeys("os", "save")
OF_FREE_TEXT = {"--claim"}  # options whose value may begin with a minus


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command that the words name (those of the shell by default); return the exit code."""
    words = list(sys.argv[1:] if argv is None else argv)
    try:
        code = _run(words)
        flush()  # here, where a closed pipe can still be told from a crash
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        drop_output()
        return 141
    except (ValueError, OverflowError, OSError, RuntimeError) as error:
        complain(error)
        return 2
    return code


def _run(words: list[str]) -> int:
    parser = _parser()
    if words and not words[0].startswith("-") and words[0] not in _BY_NAME:
        hint = meant(words[0], _BY_NAME, 1) or f"there are {', '.join(_BY_NAME)}"
        raise ValueError(f"there is no command {words[0]!r}; {hint}")
    try:
        args, unknown = parser.parse_known_args(_joined(words))
    except SystemExit:  # --help and --version have printed what they are for
        return 0
    if args.command is None:
        parser.print_help(sys.stderr)
        return 2
    command: Command = args.command
    if unknown and not unknown[0].startswith("-"):
        advice = "what has spaces in it stands in quotes"
        raise ValueError(f"{unknown[0]!r} is a word too many for {command.name}; {advice}")
    if unknown:
        word = unknown[0].partition("=")[0]
        minus = "a formula that begins with a minus is given as y = -x" if "*" in word else ""
        known = [spelled.lstrip("-") for option in command.options for spelled in option.spelled]
        bare = word.lstrip("-")
        near = meant(_OTHERWISE.get(bare, bare), known, 1, "--{}")
        hint = minus or near or see(parser, command)
        raise ValueError(f"{command.name} has no option {unknown[0]}; {hint}")
    return command.run(args)


class _Parser(argparse.ArgumentParser):
    """A parser whose complaints are ours to print."""

    def error(self, message: str) -> NoReturn:
        raise ValueError(f"{message}; see {self.prog} --help")


def see(parser: argparse.ArgumentParser, command: Command) -> str:
    """Where the options of a command are listed."""
    return f"see {parser.prog} {command.name} --help"


def _parser() -> argparse.ArgumentParser:
    started_as_module = Path(sys.argv[0]).name == "__main__.py"
    parser = _Parser(
        prog="python -m autodiff" if started_as_module else "autodiff",
        description="Differentiate formulas and small networks, and show the work.",
        epilog="COMMAND --help shows the options of a command and an example.",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"autodiff {ad.__version__}")
    parser.set_defaults(command=None)
    rows = parser.add_subparsers(title="commands", metavar="COMMAND")
    for command in COMMANDS:
        row = rows.add_parser(
            command.name,
            help=command.summary,
            description=f"{command.summary}.",
            epilog="\n".join(["examples:", *(f"  {parser.prog} {e}" for e in command.examples)]),
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )
        groups: dict[str, argparse._ActionsContainer] = {"": row}
        for option in command.options:
            if option.instead_of not in groups:
                groups[option.instead_of] = row.add_mutually_exclusive_group()
            groups[option.instead_of].add_argument(*option.spelled, **option.meaning)
        row.set_defaults(command=command)
    return parser


def _joined(words: list[str]) -> list[str]:
    """`--claim -x` as `--claim=-x`, which argparse does not take for an option."""
    joined: list[str] = []
    for word in words:
        if joined and joined[-1] in OF_FREE_TEXT and not word.startswith("--"):
            joined[-1] += f"={word}"
        else:
            joined.append(word)
    return joined
