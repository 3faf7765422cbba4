"""Random input at every entrance: the reader of formulas, claims, model files, the command line and
the local server either understand it or refuse it in the one way that they promise.

Each campaign has a short run, which belongs to the usual tests, and a long one (`pytest -m slow`).
Seeds are fixed: what failed once fails again.
"""

import contextlib
import copy
import io
import json
import math
import os
import random
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from test_expression import NUMBER, Spelled, spelled_steps

import autodiff as ad
import nn
from autodiff import ParseError, parse, parse_lines
from autodiff.cli import main
from autodiff.drawing.serving import Server
from autodiff.op import TABLE
from nn import textbook
from nn.checkpoints import load_checkpoint
from nn.saving import model_content

LONGEST_MESSAGE = 2_000
ODD = (
    "\x00\x07\x1b\x7f\x85\xa0\u200b\u202e\u2028\ud800\udfff\ufeffаｘ１²½−·×÷π𝑥é\U0001f600"
    "[]{}'\"\\;:@!$%&?^~`|<>."
)  # controls, halves of surrogate pairs, letters and digits that only look like ASCII
NUMBERS = ["0", "1", "2.5", "1e308", "5e-324", "1e999", "-0.0", "(-1e999)", "3", "(1e999-1e999)"]
ROWS = list(TABLE.values())


def campaign(short: int, long: int) -> Any:
    """A test that takes how many cases to try."""
    return pytest.mark.parametrize(
        "cases", [short, pytest.param(long, marks=pytest.mark.slow)], ids=["short", "long"]
    )


@contextlib.contextmanager
def no_longer_than(seconds: int) -> Iterator[None]:
    """A case that hangs fails by itself, and does not take the campaign with it."""

    def end(*_: object) -> None:
        raise AssertionError(f"took more than {seconds} seconds")

    if not hasattr(signal, "setitimer"):  # Windows
        yield
        return
    before = signal.signal(signal.SIGALRM, end)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def refusal(act: Callable[[], object], promised: type[Exception], given: Any) -> Exception | None:
    """The promised error, or None when all went well; any other error fails, and says for what."""
    try:
        act()
    except promised as error:
        return error
    except BaseException as error:
        error.add_note(f"given: {ascii(given)[:3_000]}")
        raise
    return None


def is_sentence(error: Exception) -> bool:
    """Whether a message can be shown in any terminal, and is not the input all over again."""
    text = str(error)
    return len(text) < LONGEST_MESSAGE and all(c.isprintable() or c == "\n" for c in text)


# ---------------------------------------------------------------- formulas

WORDS = [
    *TABLE, *[alias for op in ROWS for alias in op.aliases], *"xyzk-+*/(),=\n #_eE", "x1", "**",
    "0.5", ".5", "3.", "1e308", "5e-324", "1e999", "9" * 400, "inf", "nan", "-0.0", "pi", "__",
]  # fmt: skip


def call(chance: random.Random, depth: int = 0) -> str:
    """A formula of any rows of the table at the ends of float64: always well formed."""
    if depth > 3 or chance.random() < 0.3:
        return chance.choice(["x", "y", "z", *NUMBERS])
    if chance.random() < 0.5:
        sign = chance.choice(["+", "-", "*", "/", "**"])
        return f"({call(chance, depth + 1)}{sign}{call(chance, depth + 1)})"
    op = chance.choice(ROWS)
    count = op.arity or chance.choice([2, 4])
    operands = ",".join(call(chance, depth + 1) for _ in range(count))
    return f"{chance.choice([op.name, *op.aliases])}({operands})"


def words(chance: random.Random) -> str:
    return "".join(chance.choice(WORDS) for _ in range(chance.randint(1, 14)))


def characters(chance: random.Random) -> str:
    usual = "xyz0123456789.eE+-*/(),=\n \t#_" + ODD
    return "".join(
        chance.choice(usual) if chance.random() < 0.9 else chr(chance.randrange(0x110000))
        for _ in range(chance.randint(0, 25))
    )


def damaged(chance: random.Random) -> str:
    """A formula with some characters lost, doubled, strange or in each other's place."""
    text = list(call(chance))
    for _ in range(chance.randint(1, 4)):
        i, j = chance.randrange(len(text) + 1), chance.randrange(len(text) + 1)
        what = chance.random()
        if what < 0.4:
            del text[i : i + 1]
        elif what < 0.7:
            text.insert(i, chance.choice(WORDS))
        elif what < 0.85:
            text.insert(i, chance.choice(ODD))
        elif max(i, j) < len(text):
            text[i], text[j] = text[j], text[i]
    return "".join(text)


@campaign(4_000, 1_000_000)
def test_texts_are_formulas_or_parse_errors(cases: int) -> None:
    """Also: what is read can be differentiated, whatever its numbers."""
    chance = random.Random(cases)
    kinds: tuple[Callable[[random.Random], str], ...] = (words, damaged, characters, call)
    refused = 0
    for i in range(cases):
        kind = kinds[i % 4]
        text = kind(chance)
        read = parse if i % 8 < 4 else parse_lines

        def act(read: Any = read, text: str = text, differentiate: bool = kind is call) -> None:
            found = read(text, x=0.5, y=-2.0, z=1e300)
            if differentiate and isinstance(found, ad.Value):
                found.backward()

        with no_longer_than(10):
            error = refusal(act, ParseError, text)
        assert error is None or is_sentence(error), ascii(text)
        refused += error is not None
    assert cases // 10 < refused < cases - cases // 10


def grammatical(chance: random.Random, depth: int = 0) -> str:
    """A formula of Python's own arithmetic, with as few brackets as may be: precedence decides."""
    parts = []
    for _ in range(chance.randint(1, 4)):
        what = chance.random()
        if what < 0.35 or depth > 4:
            part = chance.choice(["0", "1", "7", "1.", ".5", "2e3", "1e-2", "1.5e+2", "0.1"])
        elif what < 0.6:
            part = chance.choice("xyz")
        elif what < 0.8:
            part = f"({grammatical(chance, depth + 1)})"
        elif what < 0.9:
            part = f"abs({grammatical(chance, depth + 1)})"
        else:
            part = f"max({grammatical(chance, depth + 1)},{grammatical(chance, depth + 1)})"
        parts += [chance.choice(["", "", "", "-", "+", "- -"]) + part]
        parts += [chance.choice(["+", "-", "*", "/", "**", " - ", " ** "])]
    return "".join(parts[:-1])


@campaign(600, 100_000)
def test_formulas_mean_what_they_mean_in_python(cases: int) -> None:
    """The brackets of Python's own parser, op by op; and, where it computes, its very bits."""
    chance = random.Random(cases)
    names: dict[str, Any] = {name: Spelled(name) for name in "xyz"}
    names |= {f: (lambda *args, f=f: Spelled(f"{f}({', '.join(args)})")) for f in ("max", "abs")}
    names["N"] = lambda word: Spelled(repr(float(word)))
    point = {"x": 1.5, "y": -0.75, "z": 2.0}
    computed = 0
    for _ in range(cases):
        text = grammatical(chance)
        python = NUMBER.sub(lambda found: f"N('{found[0]}')", text)
        assert spelled_steps(text) == eval(f"({python})", {"__builtins__": {}}, names), text
        if "**" not in text:  # Python's powers may be complex
            with contextlib.suppress(ZeroDivisionError):
                given = point | {"N": float, "max": max, "abs": abs}
                wanted = eval(f"({python})", {"__builtins__": {}}, given)
                assert parse(text, **point).data == wanted or wanted != wanted, text
                computed += 1
    assert computed > cases // 5


# ---------------------------------------------------------------- claims

CLAIMED = [
    *"w5 w6 out_o1 target1 target_{o1} E_total δ_o1 ∂E_total/∂w5 dE/dw5".split(),
    *"½ ² ⁻¹ ⁹⁹ π e √ σ ∞".split(),
    r"\mathrm{out}_{h_{1}}", r"\delta_{o1}", r"\frac", r"\tfrac12", r"\cdot", r"\left(", r"\right)",
    r"\sqrt[3]", r"\log_{10}", r"\underbrace{", "}_{", r"\mathrel{<}", r"\infty", r"\begin{cases}",
    *"| [ ] { } ( ) , = ≈ + - − · * / ^ ** < > <= & ~ _ ' ′ # ; Σ …".split(), " ", "\n", "\\\\",
    *TABLE,
]  # fmt: skip


def claimed_number(chance: random.Random) -> str:
    digits = "9" * chance.choice([1, 20, 400, 5_000])
    return chance.choice(
        ["1e999", "-1e999", "0.0802", "5e-324", digits, f"1e{digits}", f"1e-{digits}",
         f"0.{digits}", "0." + "0" * 2_000 + "1", repr(chance.uniform(-1, 1))]
    )  # fmt: skip


def claim(chance: random.Random) -> str:
    kind = chance.randrange(4)
    if kind == 0:
        return "".join(chance.choice(CLAIMED) for _ in range(chance.randint(1, 12)))
    if kind == 1:
        signs = chance.choice(["+", "-", "*", "/", "^", " "])
        return signs.join(claimed_number(chance) for _ in range(chance.randint(1, 3)))
    if kind == 2:
        letters = "w5out_1(){}[]|+-*/^²½·σ√∂δ\\ frac<>=.,eE_0d'" + ODD
        return "".join(chance.choice(letters) for _ in range(chance.randint(1, 25)))
    text = call(chance).replace("x", "w5").replace("y", "out_o1").replace("z", "target1")
    return text.replace("ma" + "w5", "max").replace("ew5p", "exp")


@campaign(150, 10_000)
def test_claims_get_a_verdict_or_a_parse_error(cases: int) -> None:
    chance = random.Random(cases)
    E = textbook.build("003").loss
    refused = 0
    for _ in range(cases):
        text = claim(chance)
        x = chance.choice(["w5", "w1", None])

        def act(text: str = text, x: str | None = x) -> None:
            assert ad.check_formula(E, x, text).text(ascii=True).isascii()

        with no_longer_than(20):
            error = refusal(act, ParseError, text)
        assert error is None or is_sentence(error), ascii(text)
        refused += error is not None
    assert cases // 10 < refused < cases - cases // 10


# ---------------------------------------------------------------- model files

ENTRIES: list[Any] = [
    None, True, False, 0, 1, -1, 2, 3, 1.5, -0.0, 1e308, 10**400, 10**20, 2**63, "", " ",
    "x" * 2_000, "\0", "\ud800", "../x", "<b>", [], [[]], {}, {"a": 1}, [0] * 5, "sigmoid",
    "linear", "__class__", "1", "softmax", "where", "dot", "power", "alias", "delta",
]  # fmt: skip
BYTES = [
    b"NaN", b"1e999", b"-Infinity", b"9" * 5_000, b"{", b"[" * 3, b"null", b",", b"\xff", b"0x1",
    b"\\u0000", b"\\ud800", b'"format":1,', b"\x00", b"\xef\xbb\xbf",
]  # fmt: skip


def places(entry: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The way to every entry of a JSON text; of a list the first few."""
    if path:
        yield path
    inside = entry.items() if isinstance(entry, dict) else enumerate(entry[:8])
    for key, value in inside if isinstance(entry, dict | list) else ():
        if isinstance(value, dict | list):
            yield from places(value, (*path, key))
        else:
            yield (*path, key)


def changed(text: str, chance: random.Random) -> bytes:
    """A file with entries of other kinds, out of place, or missing."""
    content = json.loads(text)
    for _ in range(chance.randint(1, 3)):
        *way, last = chance.choice(list(places(content)))
        inside = content
        for key in way:
            inside = inside[key]
        what = chance.random()
        if what < 0.6:
            inside[last] = copy.deepcopy(chance.choice(ENTRIES))
        elif what < 0.7:
            del inside[last]
        elif isinstance(inside, list):
            inside.insert(last, copy.deepcopy(chance.choice([*ENTRIES, *inside])))
        else:
            inside[chance.choice(["x", "__proto__", "weights", "format"])] = inside[last]
    return json.dumps(content).encode()


def broken(text: str, chance: random.Random) -> bytes:
    """A file with bytes that are other bytes, missing, or too many."""
    data = bytearray(text.encode())
    for _ in range(chance.randint(1, 4)):
        i = chance.randrange(len(data) + 1)
        what = chance.random()
        if what < 0.4 and i < len(data):
            data[i] = chance.randrange(256)
        elif what < 0.6:
            del data[i : i + chance.randint(1, 30)]
        elif what < 0.8:
            data[i:i] = chance.choice(BYTES)
        else:
            del data[i:]
    return bytes(data)


def whole(load: Callable[[Path], Any], path: Path) -> None:
    """What was loaded is finite, computes, and is saved as it was loaded."""
    model = load(path)[0] if load is load_checkpoint else load(path)
    assert all(math.isfinite(p.data) for p in model.parameters())
    model([0.1] * model.sizes[0])
    again = path.with_name("again.json")
    nn.save(model, again)
    assert model_content(nn.load(again)) == model_content(model)


@campaign(400, 20_000)
def test_model_files_are_whole_networks_or_value_errors(cases: int, tmp_path: Path) -> None:
    chance = random.Random(cases)
    paths = [tmp_path / name for name in ("a.json", "b.json", "run.json")]
    nn.save(nn.MLP(2, [2, 1], seed=1), paths[0])
    nn.save(nn.MLP(2, [2, 2], names="delta", biases=None, seed=2), paths[1])
    X, y = [[0.0, 1.0], [1.0, 0.0]], [0.0, 1.0]
    nn.fit(nn.MLP(2, [2, 1], seed=1), X, y, loss="mse", rate=0.1, epochs=2, progress=False,
           checkpoint=paths[2])  # fmt: skip
    texts = [path.read_text(encoding="utf-8") for path in paths]
    path = tmp_path / "bad.json"
    refused = 0
    for i in range(cases):
        data = (changed, broken)[i % 2](chance.choice(texts), chance)
        path.write_bytes(data)
        for load in (nn.load, load_checkpoint):
            with no_longer_than(10):
                error = refusal(lambda load=load: whole(load, path), ValueError, data)
            refused += error is not None
            assert error is None or type(error) is ValueError, data
            assert len(str(error)) < LONGEST_MESSAGE, data
    assert cases < refused < 2 * cases - cases // 200  # each file is at most one of the two kinds


# ---------------------------------------------------------------- the command line

ARGUMENTS = [
    "", "-", "--", "-1", "0", "1e999", "nan", "9" * 5_000, "99999999", "w", "E", "all", "w,x",
    "w=1", "w=1,x=2", "x=1e400", "\0", "a\0b", "é", "\ud800", "../..", "/dev/null", "/", "gone.txt",
    "gone.json", "ok.txt", "bin.dat", "empty", "m.json", "d.csv", "003", "E = w*x", "E=w*x\nF=E**2",
    "y = 1", "{}", "%s", "%(prog)s", "$(id)", "'", "x" * 300, "a/" * 100, "16,16", "none", "c",
    "network", "op", "sigmoid", "adam", "mse", "out.svg", "out.html", "out.tex", "m2.json", "h.csv",
    "１", "²", "1_0", " 1", "true", "=", "w=", "=1", "int", "main", "f", "E=exp(1000)*w", "E=w/0",
    "E=log(-1)*w", "E=where(less(w,0),w,1)", "\x1b[2J",
]  # fmt: skip
FLAGS = (
    "--no-picture --expand --full --latex --html --json --ascii --gradient --jacobian --hessian "
    "--self-test --quiet --classes"
).split()
ASKED = ["--at", "w=1,x=2"]
COMMANDS = {
    "derive": (["E = w*x", *ASKED, "--wrt", "w"], "--file --example --at --of --wrt --form --rate "
               "--sense --signs --stop --through --digits --rounding --save"),
    "check": (["E = w*x", *ASKED, "--wrt", "w", "--claim", "x"], "--file --example --at --of --wrt "
              "--claim --names"),
    "draw": (["E = w*x", *ASKED, "-o", "g.dot"], "--file --example --at --of --level -o"),
    "explore": (["E = w*x", *ASKED, "-o", "g.html"], "--file --example --at --of --weights --rate "
                "-o"),
    "export": (["E = w*x", *ASKED, "--wrt", "w"], "--file --example --at --of --wrt --to --name "
               "-o"),
    "train": (["xor", "--hidden", "2", "--epochs", "1", "--quiet"], "--hidden --activation --loss "
              "--epochs --rate --optimizer --target --validation --patience --seed --save --plot "
              "--page --history"),
    "predict": (["m.json", "d.csv"], "--target --output"),
    "demo": (["--no-picture"], "--out"),
    "serve": (["--port", "99999999"], "--port --nothing"),  # good ones would serve for ever
    "nope": ([], "--help"),
}  # fmt: skip


# Left out is --order: a network has derivatives with more terms than there is room for.


def command_line(chance: random.Random) -> list[str]:
    command = chance.choice(list(COMMANDS))
    usual, options = COMMANDS[command]
    words = [command, *(usual if command == "serve" or chance.random() < 0.6 else [])]
    for _ in range(chance.randint(0, 3)):
        if chance.random() < 0.2:
            words.append(chance.choice(FLAGS))
        elif chance.random() < 0.8:
            words += [chance.choice(options.split()), chance.choice(ARGUMENTS)]
        else:
            words.append(chance.choice(ARGUMENTS))
    return [*words, "--port", "x"] if command == "serve" else words


@campaign(250, 5_000)
def test_commands_do_their_work_or_say_a_sentence(
    cases: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["autodiff"])
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    Path("ok.txt").write_text("w=0.5\nx=2\nE=w*x\n")
    Path("bin.dat").write_bytes(b"\xff\x00\x01")
    Path("empty").write_text("")
    Path("d.csv").write_text("1,2\n3,4\n")
    nn.save(nn.MLP(2, [2, 1], seed=1), "m.json")
    chance = random.Random(cases)
    codes = dict.fromkeys((0, 1, 2), 0)
    for _ in range(cases):
        words = command_line(chance)
        with no_longer_than(30):
            code = main(words)
        said = capsys.readouterr().err
        codes[code] += 1
        if code == 2:
            assert said.startswith(("autodiff: ", "usage: ")), words
            assert len(said) < LONGEST_MESSAGE, words
            assert "Traceback" not in said
            assert all(c.isprintable() or c == "\n" for c in said), words
    assert codes[0] > cases // 20
    assert codes[2] > cases // 3


# ---------------------------------------------------------------- the local server


def request(server: Server, chance: random.Random) -> bytes:
    """A good request with some of its parts exchanged, repeated, left out or made of noise."""
    ours = f"127.0.0.1:{server.server_port}"
    odd = ["", "*", "null", "x" * 70_000, "\x00", "a\x00b", "ä", "%00", "../../etc/passwd", "0"]
    token = chance.choice([server.token, "", server.token[:-1], *odd])
    path = chance.choice(["/", "/graph", f"/?token={token}", "//", "/../graph", "http://[", *odd])
    method = chance.choice(["GET", "POST", "HEAD", "OPTIONS", "TRACE", "PUT", "CONNECT", "ge\x01t"])
    body = chance.choice([b"{}", b'{"text": "y = 1"}', b"[" * 60_000, b"\xff" * 100, b'{"text":1}'])
    lines = {
        "Host": chance.choice([ours, ours, "evil.example", f"{ours}.evil.example", *odd]),
        "Origin": chance.choice([f"http://{ours}", "http://evil.example", *odd]),
        "Content-Type": chance.choice(["application/json", "text/plain", *odd]),
        "Content-Length": chance.choice([len(body), len(body), -1, "+1", "9" * 5_000, "1e3", "٣"]),
        "X-Token": token,
        "Transfer-Encoding": chance.choice(["", "chunked"]),
    }
    head = [f"{method} {path} HTTP/{chance.choice(['1.1', '1.0', '0.9', '9' * 50, ''])}"]
    for key, text in lines.items():
        head += [f"{key}: {text}"] * chance.choice([0, 1, 1, 1, 2])
    sent = "\r\n".join(head).encode("utf-8") + b"\r\n\r\n" + body
    if chance.random() < 0.3:
        i = chance.randrange(len(sent))
        sent = sent[:i] + chance.randbytes(chance.randint(0, 5)) + sent[i + chance.randint(0, 9) :]
    return sent


@campaign(60, 3_000)
def test_requests_of_any_kind_get_a_refusal(
    cases: int, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is answered but what carries Host, Origin, type, length and token just so; afterwards
    the server still serves, and has said nothing in the terminal."""
    monkeypatch.setattr("autodiff.drawing.serving.PATIENCE", 2.0)
    chance = random.Random(cases)
    answered = refused = 0
    with Server() as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        try:
            for _ in range(cases):
                sent = request(server, chance)
                got = exchanged(server, sent)
                if got.startswith(b"HTTP/1.0 200"):
                    answered += 1
                    assert server.token.encode() in sent
                    assert b"evil" not in sent.partition(b"\r\n\r\n")[0]
                else:
                    refused += 1
                    assert not got or int(got.split()[1]) in range(400, 506), (sent, got)
                    assert b"Traceback" not in got
                    assert len(got) < 1_500
            good = f"GET /?token={server.token} HTTP/1.1\r\nHost: localhost:{server.server_port}"
            assert exchanged(server, good.encode() + b"\r\n\r\n").startswith(b"HTTP/1.0 200")
        finally:
            server.shutdown()
    assert refused > cases // 2
    assert capfd.readouterr() == ("", "")


def exchanged(server: Server, sent: bytes) -> bytes:
    """What comes back; the connection may be cut at any moment."""
    with socket.create_connection(("127.0.0.1", server.server_port), 20) as connection:
        parts = []
        with contextlib.suppress(OSError):
            connection.sendall(sent)
        with contextlib.suppress(OSError):
            connection.shutdown(socket.SHUT_WR)
            while part := connection.recv(65536):
                parts.append(part)
    return b"".join(parts)


@pytest.mark.skipif(os.name != "posix", reason="threads are counted in /proc")
def test_a_flood_of_connections_leaves_the_server_standing() -> None:
    """Hundreds at once: at most eight are served, the others are told to come back, then all is
    as before."""
    with Server() as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        good = (
            f"GET /?token={server.token} HTTP/1.1\r\nHost: localhost:{server.server_port}\r\n\r\n"
        )
        before = threading.active_count()
        most = [0]
        answers: list[bytes] = []

        def ask() -> None:
            for _ in range(10):
                answers.append(exchanged(server, good.encode()))
                most[0] = max(most[0], sum(t.name.startswith("Thread") for t in serving()))

        def serving() -> list[threading.Thread]:
            return [t for t in threading.enumerate() if "process_request_thread" in t.name]

        try:
            crowd = [threading.Thread(target=ask, name=f"crowd {i}") for i in range(40)]
            for thread in crowd:
                thread.start()
            for thread in crowd:
                thread.join()
            deadline = time.monotonic() + 20.0
            while not exchanged(server, good.encode()).startswith(b"HTTP/1.0 200"):
                assert time.monotonic() < deadline
            while threading.active_count() > before:
                assert time.monotonic() < deadline
                time.sleep(0.05)
        finally:
            server.shutdown()
    assert most[0] <= 8
    assert len(answers) == 400
    assert {answer[:12] for answer in answers} <= {b"HTTP/1.0 200", b"HTTP/1.0 503", b""}
    assert sum(answer.startswith(b"HTTP/1.0 200") for answer in answers) >= 8
