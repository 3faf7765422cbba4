"""The command line: exit codes, whole outputs where they are stable, and every complaint."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import autodiff as ad
from autodiff import native
from autodiff.cli import main, terminal
from autodiff.cli.commands import COMMANDS

ROOT = Path(__file__).parent.parent
NEURON = "E = 0.5*(t - sigmoid(w*x + b))**2"
AT = ["--at", "w=0.5,x=1,b=0,t=1"]
PRINTED = 1e-5  # the seeds cut off after five decimals


@pytest.fixture(autouse=True)
def _empty_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["autodiff"])


def shell(command: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    """What a shell makes of `autodiff ...`."""
    return subprocess.run(
        ["bash", "-c", f'autodiff() {{ "{sys.executable}" -m autodiff "$@"; }}; {command}'],
        env=os.environ | {"PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"} | environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=60,
    )


# ---------------------------------------------------------------- demo

FORWARD_003 = {
    "sum_h1": 0.41,
    "out_h1": 0.60108,
    "sum_h2": 0.47,
    "out_h2": 0.61538,
    "sum_o1": 1.01977,
    "out_o1": 0.73492,
    "sum_o2": 1.26306,
    "out_o2": 0.77955,
    "E1": 0.23456,
    "E2": 0.01452,
    "E_total": 0.24908,
}
GRADIENTS_003 = {"w5": 0.08020, "w6": 0.08211, "w7": -0.01760, "w8": -0.01802, "w1": 0.00110}
NEW_WEIGHTS_003 = [0.09933, 0.19919, 0.29667, 0.39597, 0.45187, 0.55073, 0.71056, 0.81081]


def rows_of(page: str, after: str, columns: int) -> dict[str, list[str]]:
    """The rows of the table below a title, by their first cell; cells are two spaces apart."""
    found = {}
    for line in page.partition(f"\n{after}\n")[2].splitlines():
        cells = re.split(" {2,}", line.strip())
        if len(cells) == columns:
            found[cells[0]] = cells[1:]
        elif found:
            break
    return found


def test_demo_prints_the_numbers_of_seed_003(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["demo", "--no-picture"]) == 0
    page = capsys.readouterr().out
    forward = rows_of(page, "Forward", 4)
    for name, number in FORWARD_003.items():
        _, here, article = forward[name]
        assert float(article) == number
        assert float(here) == pytest.approx(number, abs=PRINTED)
    table = rows_of(page, "All eight weights, one step further", 6)
    names = [f"w{i}" for i in range(1, 9)]
    assert list(table) == ["weight", *names]
    for name, number in zip(names, NEW_WEIGHTS_003, strict=True):
        gradient, printed, new, article, difference = table[name]
        assert float(article) == number
        assert float(new) == pytest.approx(number, abs=PRINTED)
        assert float(difference) == pytest.approx(float(new) - number, abs=1e-7)
        if name in GRADIENTS_003:
            assert float(printed) == GRADIENTS_003[name]
            assert float(gradient) == pytest.approx(GRADIENTS_003[name], abs=PRINTED)
        else:
            assert printed == "-"
    assert "Error: 0.24909 before, 0.24072 after; the biases b1 and b2 stay fixed." in page
    assert not list(Path().iterdir())


def test_demo_prints_the_two_derivations(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["demo", "--no-picture"]) == 0
    page = capsys.readouterr().out
    for wrt, form in (("w5", "auto"), ("w1", "paths")):
        assert (
            main(["derive", "--example", "003", "--wrt", wrt, "--form", form, "--rate", "0.6"]) == 0
        )
        assert capsys.readouterr().out in page


def test_demo_draws_into_a_folder(capsys: pytest.CaptureFixture[str]) -> None:
    from autodiff.drawing import engines

    assert main(["demo", "--out", "made/for/it"]) == 0
    last = capsys.readouterr().out.rstrip().splitlines()[-1]
    if engines.available():
        assert Path("made/for/it/seed003.svg").read_text(encoding="utf-8").startswith("<svg")
        assert last.startswith("Picture: made/for/it/seed003.svg (drawn with Graphviz")
    else:
        assert Path("made/for/it/seed003.dot").exists()


def test_demo_without_an_engine(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from autodiff.drawing import engines

    monkeypatch.setattr(engines, "available", lambda: "")
    assert main(["demo"]) == 0
    assert capsys.readouterr().out.endswith(
        "No picture: Graphviz is not here (apt install graphviz, or pip install\n"
        "'scalar-autodiff[viz]'). Its text is in seed003.dot.\n"
    )
    assert Path("seed003.dot").read_text(encoding="utf-8").startswith("digraph")


def test_demo_is_quick_and_narrow(run_python) -> None:
    start = time.perf_counter()
    done = run_python("-m", "autodiff", "demo")
    assert (
        time.perf_counter() - start < 10
    )  # two seconds are promised; a busy machine is no failure
    assert done.returncode == 0, done.stderr
    assert max(map(len, done.stdout.splitlines())) <= 88


def test_demo_in_ascii() -> None:
    done = shell("autodiff demo --no-picture", PYTHONIOENCODING="ascii")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.isascii()
    assert "out_h1    = sigmoid(sum_h1)              0.6010879   0.60108" in done.stdout


# ---------------------------------------------------------------- derive


def test_derive_prints_what_derive_returns(capsys: pytest.CaptureFixture[str]) -> None:
    E = ad.parse_lines(NEURON, w=0.5, x=1, b=0, t=1)["E"]
    assert main(["derive", NEURON, "--wrt", "w", *AT, "--rate", "0.6"]) == 0
    assert capsys.readouterr().out == ad.derive(E, "w", rate=0.6).text() + "\n"


OPTIONS = {
    "--form delta": {"form": "delta"},
    "--form paths": {"form": "paths"},
    "--rate 0.5 --sense ascent": {"rate": 0.5, "sense": "ascent"},
    "--signs minus": {"signs": "minus"},
    "--order 2": {"order": 2},
    "--expand": {"expand": True},
    "--stop out_h1": {"stop": ["out_h1"]},
    "--through out_o1,out_o2": {"through": ["out_o1", "out_o2"]},
    "--digits 3 --rounding truncate": {"digits": 3, "rounding": "truncate"},
}


@pytest.mark.parametrize("options", OPTIONS)
def test_options_of_derive(options: str, capsys: pytest.CaptureFixture[str]) -> None:
    from autodiff.cli.inputs import example_of

    assert main(["derive", "--example", "003", "--wrt", "w1", *options.split()]) == 0
    y = example_of("003").y
    assert capsys.readouterr().out == ad.derive(y, "w1", **OPTIONS[options]).text() + "\n"


def test_full_shows_all_terms_of_a_sum(capsys: pytest.CaptureFixture[str]) -> None:
    lines = "z = " + " + ".join(f"w{i}*x{i}" for i in range(9)) + "\nE = z**2"
    at = ["--at", ",".join(f"w{i}=1,x{i}=2" for i in range(9))]
    assert main(["derive", lines, "--wrt", "w1", *at]) == 0
    assert "w4·x4" not in capsys.readouterr().out
    assert main(["derive", lines, "--wrt", "w1", *at, "--full"]) == 0
    assert "w4·x4" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("option", "begins"),
    [("latex", r"\begin{aligned}"), ("html", "<"), ("json", "{"), ("ascii", "dE/dw ")],
)
def test_languages(option: str, begins: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["derive", NEURON, "--wrt", "w", *AT, f"--{option}"]) == 0
    assert capsys.readouterr().out.startswith(begins)


def test_json_is_data(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["derive", "y = w**2", "--at", "w=3", "--json"]) == 0
    [gradient] = json.loads(capsys.readouterr().out)["gradients"]
    assert (gradient["with_respect_to"], gradient["value"]) == ("w", 6.0)


@pytest.mark.parametrize("ending", ["tex", "html", "txt", "json"])
def test_save(ending: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["derive", NEURON, "--wrt", "w,b", *AT, "--save", f"page.{ending}"]) == 0
    assert capsys.readouterr().out == f"wrote page.{ending}\n"
    assert Path(f"page.{ending}").stat().st_size > 100


LINES = "w = 0.5\nx = 2.0   # the input\nz = w*x\nE = z**2\n"


def test_ways_to_give_the_same_formula(
    capsys: pytest.CaptureFixture[str], run_python, tmp_path: Path
) -> None:
    Path("net.txt").write_bytes(b"\xef\xbb\xbf" + LINES.replace("\n", "\r\n").encode())
    pages = set()
    for words in (
        [LINES],
        ["--file", "net.txt"],
        ["z = w*x\nE = z**2", "--at", "w=0.5", "--at", "x = 2"],
        [LINES + "F = E*3", "--of", "E"],
    ):
        assert main(["derive", *words, "--wrt", "w"]) == 0
        pages.add(capsys.readouterr().out)
    done = shell(f'printf "{LINES}" | autodiff derive - --wrt w')
    assert done.returncode == 0, done.stderr
    assert pages == {done.stdout}


def test_a_formula_without_a_name_is_y(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["derive", "w**2", "--at", "w=3"]) == 0
    assert capsys.readouterr().out.startswith("∂y/∂w ")
    assert main(["derive", "y*w", "--at", "w=3,y=2", "--wrt", "w"]) == 0
    assert capsys.readouterr().out.startswith("∂result/∂w ")
    assert main(["derive", "w", "--at", "w=3"]) == 0
    assert capsys.readouterr().out.startswith("∂y/∂w ")


def test_all_variables(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["derive", NEURON, "--wrt", "all", *AT, "--json"]) == 0
    gradients = json.loads(capsys.readouterr().out)["gradients"]
    given = [word.partition("=")[0] for word in AT[1].split(",")]  # in the order of the numbers
    assert [g["with_respect_to"] for g in gradients] == given
    assert main(["derive", "b = 2; a = 3; y = a**b", "--wrt", "all", "--json"]) == 0
    gradients = json.loads(capsys.readouterr().out)["gradients"]
    assert [g["with_respect_to"] for g in gradients] == ["b", "a"]
    assert main(["derive", "--example", "003", "--wrt", "all", "--json"]) == 0
    gradients = json.loads(capsys.readouterr().out)["gradients"]
    assert [g["with_respect_to"] for g in gradients] == [
        *(f"w{i}" for i in range(1, 9)),
        "b1",
        "b2",
    ]


def test_an_example_at_other_numbers(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["derive", "--example", "003", "--wrt", "w5", "--json"]
    values = []
    for at in ("w5=0.5", "w5=0.4"):
        assert main([*words, "--at", at]) == 0
        values.append(json.loads(capsys.readouterr().out)["gradients"][0]["value"])
    assert values == pytest.approx([0.08020, 0.08101], abs=PRINTED)


# ---------------------------------------------------------------- check

RIGHT_W5 = "-(target1-out_o1)*out_o1*(1-out_o1)*out_h1"
CLAIMS = [
    ("w5", RIGHT_W5, 0),
    ("w5", "0.08020", 0),
    ("w6", RIGHT_W5, 1),
    ("w6", "0.09", 1),
]


@pytest.mark.parametrize(("wrt", "claim", "code"), CLAIMS)
def test_check(wrt: str, claim: str, code: int, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--example", "003", "--wrt", wrt, "--claim", claim]) == code
    said = capsys.readouterr()
    assert said.out
    assert not said.err


def test_check_with_other_names() -> None:
    words = [
        "check",
        "--example",
        "003",
        "--wrt",
        "w5",
        "--claim",
        RIGHT_W5.replace("target1", "t1"),
    ]
    assert main([*words, "--names", "t1=target1"]) == 0


# ---------------------------------------------------------------- draw and info


@pytest.mark.parametrize("level", ["named", "op"])
def test_draw(level: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["draw", NEURON, *AT, "--level", level, "-o", "E.dot"]) == 0
    assert capsys.readouterr().out == "wrote E.dot\n"
    E = ad.parse_lines(NEURON, w=0.5, x=1, b=0, t=1)["E"]
    assert Path("E.dot").read_text(encoding="utf-8") == ad.draw(E, level).source


def test_draw_a_network_without_any_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    from autodiff.drawing import engines

    monkeypatch.setattr(engines, "available", lambda: "")
    assert main(["draw", "--example", "003", "--level", "network"]) == 0
    assert Path("E_total.svg").read_text(encoding="utf-8").startswith("<svg")


def test_draw_says_what_to_install(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from autodiff.drawing import engines

    monkeypatch.setattr(engines, "available", lambda: "")
    assert main(["draw", NEURON, *AT]) == 2
    assert "apt install graphviz" in capsys.readouterr().err


def test_info(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["info"]) == 0
    lines = capsys.readouterr().out.splitlines()
    names = [line.split()[0] for line in lines]
    assert names[:6] == ["autodiff", "Python", "native", "programs", "dot", "wasm"]
    assert all(f"{part} {said}" in lines[2] for part, said in native.status().items())
    assert "numpy" in names
    assert lines[0].split()[1] == f"{ad.__version__},"


# ---------------------------------------------------------------- help and versions


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"autodiff {ad.__version__}\n"


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_help_has_an_example(command, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([command.name, "--help"]) == 0
    page = capsys.readouterr().out
    assert command.examples
    assert all(f"  autodiff {example}\n" in page for example in command.examples)


@pytest.mark.parametrize(
    "example",
    [e for c in COMMANDS for e in c.examples if "network.txt" not in e and c.name != "serve"],
)
def test_examples_of_the_help_run(example: str) -> None:
    done = shell(f"autodiff {example}")
    assert done.returncode == 0, done.stderr
    assert done.stdout


def test_no_command_shows_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert all(command.name in said.err for command in COMMANDS)


def test_help_does_not_import_more_than_it_needs(run_python) -> None:
    done = run_python("-X", "importtime", "-m", "autodiff", "--help")
    assert done.returncode == 0
    assert not re.search(r"\b(numpy|nn|autodiff\.formula|autodiff\.drawing)\b", done.stderr)


# ---------------------------------------------------------------- bad input

COMPLAINTS = {
    "nope": "there is no command 'nope'; there are demo, derive, check, draw,",
    "deriv": "there is no command 'deriv'; did you mean derive?",
    "derive|y = w|--fom|chain": "derive has no option --fom; did you mean --form?",
    "derive|y|=|w": "'=' is a word too many for derive; what has spaces in it stands in quotes",
    "derive|f(w) = w|--at|w=1": "such as z = w*x + b; write f = ... without brackets",
    "derive|y = w|--lr=0.1": "derive has no option --lr=0.1; did you mean --rate?",
    "derive": "give one of these: a formula, --file FILE, --example 003, or - for standard input",
    "derive|w|--example|003": "give only one of these: a formula,",
    "derive|E = w": "line 1, column 5: w has no value yet",
    "derive|E = w +|--at|w=1": "line 1, column 8: expected a number",
    "derive|w|--at|x=1": "column 1: w has no value yet",
    "derive|": "there is no formula in the text",
    "derive|# = nothing": "there is no formula in the text",
    "derive|E = a*b|--at|a=1,b=2": "--wrt is missing: with respect to what? The variables: a, b",
    "derive|E = 3": "E depends on no variable",
    "derive|E = 3|--wrt|all": "E depends on no variable",
    "derive|E = 3|--wrt|w": "no Value here is called w; there are E",
    "derive|E = w|--at|w=1|--wrt|v": "no Value here is called v; there are w, E",
    "derive|E = w|--at|w=1|--wrt|w,": "argument --wrt: 'w,': a name is missing beside a comma",
    "derive|E = w|--at|w=1|--of|F": "--of F: there is no line for it; there are E",
    "derive|E = w|--at|w": "argument --at: 'w' should look like name=value",
    "derive|E = w|--at|w=": "argument --at: 'w=' should look like name=value",
    "derive|E = w|--at|w=one": "argument --at: 'one' is no number",
    "derive|E = w|--at|w=nan": "argument --at: 'nan' is no number",
    "derive|E = w|--at|w=1e999": "argument --at: '1e999' is no number",
    "derive|E = w|--at|2w=1": "argument --at: '2w' is no name",
    "derive|E = w|--at|w=1,w=2": "argument --at: w is given twice",
    "derive|E = w|--at|w=1|--at|w=2": "--at gives w twice",
    "derive|w = 1\nE = w|--at|w=1": "line 1, column 1: w has a value already",
    "derive|--example|004": "there is no example '004'; there are '000', '001',",
    "derive|--example|003|--at|w9=1": "no Value here is called w9; there are target1",
    "derive|--example|003|--at|E1=1": "--at: E1 is computed; only the variables",
    "derive|--file|gone.txt": "gone.txt cannot be read: No such file or directory",
    "derive|--file|.": ". cannot be read: Is a directory",
    "derive|y = w|--at|w=1|--form|nice": "form='nice': choose one of 'auto', 'chain'",
    "derive|y = w|--at|w=1|--sense|up": "sense='up': choose one of",
    "derive|y = w|--at|w=1|--digits|99": "digits counts decimals, 0 to 17, not 99",
    "derive|y = w|--at|w=1|--order|0": "order counts derivatives",
    "derive|y = w|--at|w=1|--order|x": "argument --order: 'x' is no whole number",
    "derive|y = w|--at|w=1|--rate|inf": "argument --rate: 'inf' is no number",
    "derive|y = w|--at|w=1|--latex|--json": "argument --json: not allowed with argument --latex",
    "derive|y = w|--at|w=1|--save|page.doc": "'page.doc': the file's ending chooses the format",
    "derive|y = w|--at|w=1|--save|no/page.txt": "no/page.txt: there is no directory no",
    "derive|y = w|--at|w=1|-o|page.tex": "derive has no option -o; did you mean --save?",
    "draw|E = w|--at|w=1|-o|no/E.dot": "no/E.dot: there is no directory no",
    "draw|E = w|--at|w=1|-o|.": "'.' should end in",
    "derive|y = w|--at|w=1|--bogus": "derive has no option --bogus; see autodiff derive --help",
    "derive|-w**2": "derive has no option -w**2; a formula that begins with a minus is given as",
    "derive|y = w|--at": "argument --at: expected one argument; see autodiff derive --help",
    "derive|y = __import__('os')": "line 1, column 16: unexpected \"'\"; there are no strings",
    "derive|y = " + "(" * 300: "line 1, column 205: nested more than 200 deep",
    "derive|y = 1" + "0" * 1_000_000: "the text has 1,000,005 characters",
    "draw|E = w|--at|w=1|--level|high": "level is one of 'named', 'op', 'network', not 'high'",
    "draw|E = w|--at|w=1|-o|E.bmp": "'E.bmp' should end in",
    "draw|E = w|--at|w=1|--level|network": "no neurons here",
    "check|E = w|--at|w=1": "the following arguments are required: --claim",
    "demo|--out|/dev/null/x": "/dev/null/x: ",
}  # fmt: skip


@pytest.mark.parametrize("words", COMPLAINTS, ids=lambda words: words[:50])
def test_bad_input(words: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words.split("|")) == 2
    said = capsys.readouterr()
    assert said.out == ""
    first, *more = said.err.splitlines()
    assert first.startswith("autodiff: ")
    assert COMPLAINTS[words] in first
    assert len(more) <= 3
    assert "Traceback" not in said.err


def test_bad_input_is_shown_with_a_caret(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["derive", "E = w*k", "--at", "w=1"]) == 2
    assert capsys.readouterr().err == (
        'autodiff: line 1, column 7: k has no value yet; write for example "k = 1.0"\n'
        "  E = w*k\n"
        "        ^\n"
        "(in the shell, numbers are given as --at name=number)\n"
    )


HOSTILE = "\x1b[2J\x07\u202e\x9b\udc80"


@pytest.mark.parametrize(
    "words",
    [
        [HOSTILE],
        ["derive", HOSTILE],
        ["derive", f"E = {HOSTILE}"],
        ["derive", "E = w", "--at", f"{HOSTILE}=1"],
        ["derive", "E = w", "--at", f"w={HOSTILE}"],
        ["derive", "E = w", "--at", "w=1", "--wrt", HOSTILE],
        ["derive", "E = w", "--at", "w=1", "--of", HOSTILE],
        ["derive", "E = w", "--at", "w=1", f"--{HOSTILE}"],
        ["derive", "E = w", "--at", "w=1", "--form", HOSTILE],
        ["derive", "E = w", "--at", "w=1", "--save", f"{HOSTILE}.doc"],
        ["derive", "--file", HOSTILE],
        ["draw", "E = w", "--at", "w=1", "-o", f"{HOSTILE}.bmp"],
        ["check", "--example", "003", "--wrt", "w1", "--claim", "1", "--names", f"{HOSTILE}"],
    ],
    ids=lambda words: " ".join(words).encode("ascii", "replace").decode(),
)
def test_control_characters_are_shown_escaped(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert all(c.isprintable() or c == "\n" for c in said.err)
    assert "\\x1b" in said.err


def test_names_of_files_are_shown_escaped(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["draw", "E = w", "--at", "w=1", "-o", "\x1b[2J.dot"]) == 0
    assert capsys.readouterr().out == "wrote \\x1b[2J.dot\n"


# ---------------------------------------------------------------- terminals, pipes, signals


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp437"])
def test_any_encoding(encoding: str) -> None:
    for command in (
        "derive --example 003 --wrt w5,w1 --rate 0.6",
        "derive --example 003 --wrt w5 --latex",
        "derive --example 003 --wrt w5 --html",
        "derive --example 003 --wrt w5 --json",
        "info",
    ):
        done = shell(f"autodiff {command}", PYTHONIOENCODING=encoding)
        assert (done.returncode, done.stderr) == (0, ""), command
        assert done.stdout.isascii(), command


def test_a_page_is_laid_out_for_the_letters_it_is_written_in() -> None:
    derive = "autodiff derive --example 003 --wrt w1,w5"
    plain = shell(derive, PYTHONIOENCODING="ascii").stdout
    assert plain == shell(f"{derive} --ascii").stdout


def test_the_c_locale() -> None:
    done = shell("autodiff derive --example 003 --wrt w5", LC_ALL="C", PYTHONIOENCODING="")
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_closed_pipe_is_quiet(unbuffered: str) -> None:
    for command in ("demo --no-picture", "derive --example 003 --wrt all", "--help"):
        done = shell(f"autodiff {command} | head -0; sleep 0.01", PYTHONUNBUFFERED=unbuffered)
        assert done.stderr == "", command
    command = "autodiff demo --no-picture | head -2"
    done = shell(command, PYTHONUNBUFFERED=unbuffered)
    assert done.stdout.splitlines()[0].startswith("A network of 2 inputs")
    assert done.stderr == ""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk() -> None:
    done = shell("autodiff info > /dev/full")
    assert (done.returncode, done.stderr) == (2, "autodiff: No space left on device\n")


def test_closed_streams() -> None:
    assert shell("autodiff info >&-").returncode == 0
    done = shell("autodiff derive - --wrt w <&-")
    assert done.returncode == 2
    assert done.stderr.startswith("autodiff: standard input cannot be read")


def test_endless_input_is_refused() -> None:
    done = shell("autodiff derive - --wrt w < /dev/zero")
    assert done.returncode == 2
    assert "at most 1,000,000 are read" in done.stderr


def test_input_that_is_not_text() -> None:
    done = shell(r"printf 'E = \xff' | autodiff derive - --wrt w")
    assert (done.returncode, done.stderr) == (2, "autodiff: standard input is not text in UTF-8\n")


STARTED = "from autodiff.cli import main; print(flush=True); raise SystemExit(main())"


def test_ctrl_c() -> None:
    read, write = os.pipe()
    process = subprocess.Popen(
        [sys.executable, "-c", STARTED, "derive", "-", "--wrt", "w"],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdin=read,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    process.stdout.readline()
    time.sleep(0.3)  # it waits for standard input now
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    os.close(read)
    os.close(write)
    assert (process.returncode, out, err) == (130, b"", b"")


def test_ctrl_c_is_130_wherever_it_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(terminal, "print", interrupt, raising=False)
    assert main(["info"]) == 130


def test_the_command_is_installed() -> None:
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["scripts"] == {"autodiff": "autodiff.cli:main"}
