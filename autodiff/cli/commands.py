"""The commands, each a small function, and the table that names them."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from autodiff.cli import demo, training
from autodiff.cli.inputs import OPTIONS as INPUTS, WRT, chosen, read_problem
from autodiff.cli.options import Command, names, number, option, pairs, port, whole
from autodiff.cli.terminal import flush, printable, say, wrote

DERIVE_KEYWORDS = (
    "form order rate sense signs through stop expand digits rounding".split()
)  # options of the command that are options of `autodiff.derive`


def derive(args: argparse.Namespace) -> int:
    """Print or save the derivation of one gradient or of several."""
    from autodiff.formula import derive as derivation_of

    problem = read_problem(args)
    xs = chosen(problem, args.wrt)
    keywords = {word: getattr(args, word) for word in DERIVE_KEYWORDS}
    page: Any = derivation_of(problem.y, xs if len(xs) > 1 else xs[0], **keywords)
    if args.full:
        page = page.full()
    if args.save is not None:
        say(wrote(page.save(args.save)))
    else:
        WRITERS[args.written](page)
    return 0


def _html(page: Any) -> None:
    say(page.html(), lambda text: text.encode("ascii", "xmlcharrefreplace").decode("ascii"))


def _json(page: Any) -> None:
    data = page.to_dict()
    say(json.dumps(data, ensure_ascii=False, indent=1), lambda _: json.dumps(data, indent=1))


WRITERS: dict[str | None, Callable[[Any], None]] = {
    None: lambda page: say(page.text(), lambda _: page.text(ascii=True)),
    "ascii": lambda page: say(page.text(ascii=True)),
    "latex": lambda page: say(page.latex()),
    "html": _html,
    "json": _json,
}


def check(args: argparse.Namespace) -> int:
    """Print whether a formula written by hand is the gradient."""
    from autodiff.formula import check_formula

    problem = read_problem(args)
    xs = chosen(problem, args.wrt)
    if len(xs) != 1:
        raise ValueError("--wrt: a claim is about one gradient; name one variable")
    verdict = check_formula(problem.y, xs[0], args.claim, names=args.names)
    say(str(verdict))
    return 0 if verdict.ok else 1


def draw(args: argparse.Namespace) -> int:
    """Write a picture of the graph."""
    from autodiff.drawing import draw as drawing_of

    problem = read_problem(args)
    picture = drawing_of(problem.y, args.level)
    name = problem.y.name.rpartition(".")[2]
    path = picture.save(args.output if args.output is not None else f"{name}.svg")
    say(wrote(path) + (f" ({picture.note})" if picture.note else ""))
    return 0


def explore(args: argparse.Namespace) -> int:
    """Write a page that steps through the graph."""
    from autodiff.drawing import explore as page_of

    problem = read_problem(args)
    page = page_of(problem.y, weights=args.weights, rate=args.rate, names={})
    name = problem.y.name.rpartition(".")[2]
    path = page.save(args.output if args.output is not None else f"{name}.html")
    say(wrote(path) + (f" ({page.note})" if page.note else ""))
    return 0


def serve(args: argparse.Namespace) -> int:
    """Show formulas as they are typed, in a browser, until Ctrl-C."""
    from autodiff.drawing.serving import EXAMPLE as LINES, Server

    text = args.text if args.text is not None else LINES
    with Server(text, args.port) as server:
        say(f"open {server.url}\nCtrl-C ends it")
        flush()
        if args.open:
            import webbrowser

            webbrowser.open(server.url)
        server.serve_forever()
    return 0


def export(args: argparse.Namespace) -> int:
    """Print the graph, and its derivatives if asked for, as source text of another language."""
    from autodiff.export import export as text_of

    problem = read_problem(args)
    inputs = chosen(problem, args.wrt)
    wanted = {
        word: getattr(args, word) for word in ("gradient", "jacobian", "hessian", "self_test")
    }
    text = text_of(problem.y, inputs, to=args.to, name=args.name, **wanted)
    if args.output is None:
        say(text)
    else:
        Path(args.output).write_text(text, encoding="utf-8")
        say(wrote(Path(args.output)))
    return 0


def info(args: argparse.Namespace) -> int:
    """Print versions, and what there is to draw and to compute with."""
    from autodiff.cli.surroundings import surroundings

    say(printable("\n".join(f"{name:<12}{said}" for name, said in surroundings())))
    return 0


EXAMPLE = '"E = 0.5*(t - sigmoid(w*x + b))**2"'
AT = "--at w=0.5,x=1,b=0,t=1"

COMMANDS = (
    Command(
        "demo",
        "One step of a 2-2-2 network: forward, derivations, new weights, picture",
        ("demo", "demo --out pictures"),
        (
            option("--no-picture", action="store_true", help="do not draw"),
            option("--out", default=".", metavar="DIR", help="where the picture goes"),
        ),
        demo.run,
    ),
    Command(
        "derive",
        "Print the derivation of a gradient, with the numbers put in",
        (
            f"derive {EXAMPLE} --wrt w {AT} --rate 0.6",
            "derive --example 003 --wrt w1,w5 --rounding truncate",
            "derive --file network.txt --wrt all --form delta --save page.tex",
        ),
        (
            *INPUTS,
            WRT,
            option("--form", default="auto", metavar="FORM",
                   help="how it is written: auto, chain, paths, delta or matrix"),
            option("--rate", type=number, metavar="0.6", help="add the update step of this rate"),
            option("--sense", default="descent", metavar="ascent", help="update upwards"),
            option("--signs", default="difference", metavar="minus",
                   help="write -(t - o) instead of (o - t)"),
            option("--order", type=whole, default=1, metavar="2", help="higher derivatives"),
            option("--expand", action="store_true", help="prove the slope of each activation"),
            option("--stop", type=names, metavar="NAME", help="leave the rest beyond NAME open"),
            option("--through", type=names, metavar="A,B", help="the only names to step through"),
            option("--digits", type=whole, default=5, metavar="5", help="decimals shown"),
            option("--rounding", default="nearest", metavar="truncate",
                   help="cut numbers off instead of rounding them"),
            option("--full", action="store_true", help="leave nothing out of long sums"),
            *(
                option(f"--{name}", instead_of="page", action="store_const", const=name,
                       dest="written", help=meaning)
                for name, meaning in (
                    ("latex", "LaTeX instead of text"),
                    ("html", "HTML with MathML instead of text"),
                    ("json", "the derivation as data"),
                    ("ascii", "text without any special character"),
                )
            ),
            option("--save", instead_of="page", metavar="FILE",
                   help="write a .tex, .html, .txt or .json file instead"),
        ),
        derive,
    ),
    Command(
        "check",
        "Say whether a formula written by hand is the gradient: exit code 0 right, 1 wrong",
        (
            'check --example 003 --wrt w5 --claim "-(target1 - out_o1)*out_o1*(1 - out_o1)*out_h1"',
            f'check {EXAMPLE} --wrt t {AT} --claim "t - sigmoid(w*x + b)"',
        ),
        (
            *INPUTS,
            WRT,
            option("--claim", required=True, metavar="FORMULA", help="the formula, or a number"),
            option("--names", type=pairs, metavar="t1=target1", help="what the claim calls things"),
        ),
        check,
    ),
    Command(
        "draw",
        "Draw the graph into a file",
        (
            f"draw {EXAMPLE} {AT} -o E.svg",
            "draw --example 003 --level network -o network.html",
        ),
        (
            *INPUTS,
            option("--level", default="named", metavar="LEVEL",
                   help="a box for each name (named) or op (op), or columns of neurons (network)"),
            option("-o", "--output", metavar="FILE", help="a .svg, .png, .pdf, .dot or .html file"),
        ),
        draw,
    ),
    Command(
        "explore",
        "Make a page that steps through both passes, offline",
        (
            f"explore {EXAMPLE} {AT} -o E.html",
            "explore --example 003 --weights w1,w2,w3,w4,w5,w6,w7,w8 --rate 0.6 -o seed.html",
        ),
        (
            *INPUTS,
            option("--weights", type=names, metavar="w,b", help="what a gradient step moves"),
            option("--rate", type=number, default=0.5, metavar="0.6", help="of a gradient step"),
            option("-o", "--output", metavar="FILE", help="a .html file"),
        ),
        explore,
    ),
    Command(
        "serve",
        "Show formulas as they are typed, in a browser on this machine",
        ("serve", "serve --open --port 8000"),
        (
            option("text", nargs="?", help="the lines to begin with"),
            option("--port", type=port, default=0, metavar="8000", help="any free one if left out"),
            option("--open", action="store_true", help="open the browser"),
        ),
        serve,
    ),
    Command(
        "export",
        "Write the graph and its derivatives as C, JavaScript, Python, NumPy or JAX",
        (
            f"export {EXAMPLE} {AT} --wrt all --to c --gradient",
            "export --example 003 --wrt w1,w5 --to javascript -o seed.mjs",
        ),
        (
            *INPUTS,
            WRT,
            option("--to", default="c", metavar="LANGUAGE",
                   help="c, javascript, python, numpy or jax"),
            option("--name", default="f", metavar="f", help="what the function is called"),
            option("--gradient", action="store_true", help="with the gradient"),
            option("--jacobian", action="store_true", help="with the Jacobian"),
            option("--hessian", action="store_true", help="with the matrix of second derivatives"),
            option("--self-test", action="store_true", help="C: a main that checks itself"),
            option("-o", "--output", metavar="FILE", help="a file instead of the terminal"),
        ),
        export,
    ),
    Command(
        "train",
        "Train a network on a data set or a .csv file, and save it, its picture and its page",
        (
            "train xor --hidden 4 --epochs 200 --rate 0.1",
            "train moons --epochs 100 --validation 0.2 --save moons.json --page moons.html",
        ),
        training.TRAIN,
        training.train,
    ),
    Command(
        "predict",
        "Say what a saved network makes of each row of a .csv file",
        ("train xor --quiet --save xor.json && echo 0,1 > row.csv && "
         "python -m autodiff predict xor.json row.csv --classes",),
        (
            option("model", help="a .json file that train has saved"),
            option("data", help="a .csv file, a row for each sample"),
            option("--target", type=training.column, metavar="COLUMN", help="a column left out"),
            option("--classes", action="store_true", help="classes instead of outputs"),
            option("--output", metavar="FILE", help="a .csv file instead of the terminal"),
        ),
        training.predict,
    ),
    Command("info", "Print versions, and what can be drawn here", ("info",), (), info),
)  # fmt: skip
