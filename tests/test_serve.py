"""The local server: what it answers, and what it refuses of foreign pages and programs."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path

import pytest
from test_drawing_formats import needs_engine

import autodiff.drawing.serving as serving
from autodiff.drawing.evaluating import Evaluator, answer
from autodiff.drawing.serving import LARGEST, THREADS, Server


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with Server("w = 0.5 # </textarea><script>", 0) as found:
        thread = threading.Thread(target=found.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        yield found
        found.shutdown()
        thread.join()


def post(server: Server, body: object, **headers: str) -> tuple[int, dict[str, str], str]:
    """A request as the page sends it, with some headers replaced or, given as "", left out."""
    sent = {"Content-Type": "application/json", "X-Token": server.token}
    sent |= {key.replace("_", "-"): text for key, text in headers.items()}
    return ask(server, "POST", "/graph", json.dumps(body).encode(), sent)


def ask(
    server: Server, method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None
) -> tuple[int, dict[str, str], str]:
    connection = HTTPConnection("127.0.0.1", server.server_port, timeout=20)
    try:
        sent = {key: text for key, text in (headers or {}).items() if text}
        connection.request(method, path, body or None, sent)
        got = connection.getresponse()
        return got.status, dict(got.getheaders()), got.read().decode()
    finally:
        connection.close()


def raw(server: Server, text: str | bytes, patience: float = 20.0) -> bytes:
    """Whatever comes back for these very bytes."""
    with socket.create_connection(("127.0.0.1", server.server_port), patience) as connection:
        connection.sendall(text.encode() if isinstance(text, str) else text)
        parts = []
        while part := connection.recv(65536):
            parts.append(part)
        return b"".join(parts)


def test_it_listens_on_this_machine_only(server: Server) -> None:
    assert server.server_address[0] == "127.0.0.1"
    assert server.url.startswith(f"http://127.0.0.1:{server.server_port}/?token=")
    assert len(server.token) >= 32


def test_the_page(server: Server) -> None:
    status, headers, text = ask(server, "GET", f"/?token={server.token}")
    assert status == 200
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Cache-Control"] == "no-store"
    assert "Server" not in headers
    assert not [key for key in headers if key.startswith("Access-Control")]
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "w = 0.5 # &lt;/textarea&gt;&lt;script&gt;" in text
    again = ask(server, "GET", f"/?token={server.token}")[1]["Content-Security-Policy"]
    assert again != policy, "a nonce is used once"


@needs_engine
def test_a_graph(server: Server) -> None:
    status, headers, text = post(server, {"text": "w = 0.5\nx = 2\ny = sigmoid(w*x)"})
    assert (status, headers["Content-Type"]) == (200, "application/json")
    found = json.loads(text)
    assert [box["title"] for box in found["graph"]["boxes"]] == ["w", "x", "y"]
    assert found["code"].startswith("window.autodiffRecompute = ")
    assert "<" not in text


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "write lines such as z = w*x + b"),
        ("q = y + k", 'y has no value yet; write for example "y = 1.0"'),
        ("y = __import__('os')", "there are no strings"),
        ("y = (1).real", "unexpected"),
        ("y = 1\n" * 3, "y has a value already"),
        ("x = 1\ny = " + "x+" * 4000 + "x", "more than 5,000 numbers, names and ops"),
        ("# " + "x" * 10_001, "at most 10,000 are read"),
        ("\n".join(f"a{i} = b{i}" for i in range(70)), "no value yet"),
        ("<img src=x onerror=alert(1)> = 1", 'unexpected "<"'),
    ],
)
def test_what_is_wrong_is_said(text: str, problem: str) -> None:
    assert problem in json.loads(answer(text))["problem"]


# ---------------------------------------------------------------- attacks


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:{port}", "127.0.0.1", "127.0.0.1:1",
             "localhost:{port}.x", "127.0.0.1:{port}@evil.example", "0.0.0.0:{port}", "", "[::1"],
)  # fmt: skip
def test_a_foreign_host_is_refused(server: Server, host: str) -> None:
    host = host.format(port=server.server_port)
    got = raw(server, f"GET /?token={server.token} HTTP/1.1\r\nHost: {host}\r\n\r\n")
    assert got.startswith(b"HTTP/1.0 403 ")
    assert b"evil" not in got


def test_hosts_that_are_ours(server: Server) -> None:
    for host in ("127.0.0.1", "localhost", "LOCALHOST", "[::1]"):
        line = f"GET /?token={server.token} HTTP/1.1\r\nHost: {host}:{server.server_port}\r\n\r\n"
        assert raw(server, line).startswith(b"HTTP/1.0 200 ")


def test_no_host_and_two_hosts(server: Server) -> None:
    ours = f"Host: 127.0.0.1:{server.server_port}\r\n"
    for hosts in ("", ours * 2, ours + "Host: evil.example\r\n"):
        got = raw(server, f"GET /?token={server.token} HTTP/1.1\r\n{hosts}\r\n")
        assert got.startswith(b"HTTP/1.0 403 ")


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "http://127.0.0.1:1", "file://"]
)
def test_a_foreign_origin_is_refused(server: Server, origin: str) -> None:
    status, headers, _ = post(server, {"text": "y = 1"}, Origin=origin)
    assert status == 403
    assert not [key for key in headers if key.startswith("Access-Control")]


@needs_engine
def test_our_own_origin_is_not(server: Server) -> None:
    ours = f"http://127.0.0.1:{server.server_port}"
    assert post(server, {"text": "y = 1"}, Origin=ours)[0] == 200


@pytest.mark.parametrize("token", ["", "x", "ä" * 32, "{token}x", "{token}"[:-1]])
def test_without_the_token_nothing_is_answered(server: Server, token: str) -> None:
    wrong = token.replace("{token}", server.token)
    assert post(server, {"text": "y = 1"}, X_Token=wrong.encode().decode("latin-1"))[0] == 403
    status, _, text = ask(server, "GET", "/")
    assert (status, server.token in text) == (403, False)


@pytest.mark.parametrize(
    "kind", ["", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data",
             "text/plain; application/json"],
)  # fmt: skip
def test_only_json_is_read(server: Server, kind: str) -> None:
    assert post(server, {"text": "y = 1"}, Content_Type=kind)[0] == 415


@pytest.mark.parametrize(
    "body", ["", "{", "[]", '"y"', '{"text": 1}', '{"text": "y = 1", "more": 1}', "[" * 60_000,
             "1" * 5000, "\x00"],
)  # fmt: skip
def test_what_is_no_request(server: Server, body: str) -> None:
    headers = {"Content-Type": "application/json", "X-Token": server.token, "Content-Length": "0"}
    if body:
        del headers["Content-Length"]
    status, _, text = ask(server, "POST", "/graph", body.encode(), headers)
    assert status == 400
    assert "Traceback" not in text


@pytest.mark.parametrize(
    ("length", "status"),
    [(str(LARGEST + 1), 413), ("9" * 30, 413), ("-1", 411), ("1_0", 411), ("٣", 411), ("", 411)],
)
def test_sizes_are_looked_at_before_anything_is_read(
    server: Server, length: str, status: int
) -> None:
    got = raw(server, request(server, f"Content-Length: {length}\r\n") + b"{}")
    assert got.startswith(f"HTTP/1.0 {status} ".encode())


def test_no_chunks(server: Server) -> None:
    got = raw(
        server, request(server, "Transfer-Encoding: chunked\r\nContent-Length: 2\r\n") + b"{}"
    )
    assert got.startswith(b"HTTP/1.0 411 ")


def request(server: Server, more: str) -> bytes:
    return (
        f"POST /graph HTTP/1.1\r\nHost: 127.0.0.1:{server.server_port}\r\n"
        f"X-Token: {server.token}\r\nContent-Type: application/json\r\n{more}\r\n"
    ).encode()


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/../../etc/passwd", 404),
        ("GET", "/%2e%2e/%2e%2e/etc/passwd", 404),
        ("GET", "//etc/passwd", 404),
        ("GET", "/explore.js", 404),
        ("GET", "/graph", 405),
        ("POST", "/", 405),
        ("GET", "http://[", 400),
        ("PUT", "/graph", 501),
        ("DELETE", "/", 501),
        ("OPTIONS", "/graph", 501),
        ("TRACE", "/<script>", 501),
        ("HEAD", "/", 501),
    ],
)
def test_two_routes_and_no_files(server: Server, method: str, path: str, status: int) -> None:
    token = f"?token={server.token}" if "[" not in path else ""
    line = f"{method} {path}{token} HTTP/1.1\r\nHost: 127.0.0.1:{server.server_port}\r\n\r\n"
    got = raw(server, line)
    assert got.startswith(f"HTTP/1.0 {status} ".encode())
    assert b"root:" not in got
    assert b"<script>" not in got


@pytest.mark.parametrize(
    "text", [b"\r\n\r\n", b"\x16\x03\x01\x02\x00", b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n",
             b"GET /" + b"x" * 70_000 + b" HTTP/1.1\r\n\r\n",
             b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 200 + b"\r\n"],
)  # fmt: skip
def test_nonsense_gets_no_traceback(
    server: Server, text: bytes, capfd: pytest.CaptureFixture[str]
) -> None:
    try:
        got = raw(server, text + b"\n")
    except ConnectionResetError:
        got = b""
    assert b"Traceback" not in got
    assert capfd.readouterr() == ("", "")
    assert ask(server, "GET", f"/?token={server.token}")[0] == 200


def test_slow_senders_are_sent_away(monkeypatch: pytest.MonkeyPatch) -> None:
    """However slowly bytes trickle in, a request has one deadline as a whole."""
    assert serving.PATIENCE == 10.0
    monkeypatch.setattr(serving, "PATIENCE", 0.6)
    with Server() as slow:
        threading.Thread(target=slow.serve_forever, args=(0.02,), daemon=True).start()
        try:
            for beginning in (b"GET / HT", request(slow, "Content-Length: 100\r\n")):
                began = time.monotonic()
                with socket.create_connection(("127.0.0.1", slow.server_port), 20) as connection:
                    connection.sendall(beginning)
                    got = b""
                    while time.monotonic() - began < 5.0:
                        try:
                            connection.sendall(b" ")
                            connection.settimeout(0.1)
                            part = connection.recv(1000)
                        except TimeoutError:
                            continue
                        except OSError:
                            break
                        got += part
                        if not part:
                            break
                assert 0.5 < time.monotonic() - began < 3.0
                assert got == b"" or got.startswith(b"HTTP/1.0 408 ")
        finally:
            slow.shutdown()


def test_no_more_threads_than_promised(server: Server) -> None:
    idle = []
    try:
        for _ in range(THREADS):
            idle.append(socket.create_connection(("127.0.0.1", server.server_port), 20))
            idle[-1].sendall(b"GET / HTTP/1.1\r\n")
        time.sleep(0.3)
        assert raw(server, b"").startswith(b"HTTP/1.0 503 ")
    finally:
        for connection in idle:
            connection.close()
    deadline = time.monotonic() + 5.0
    while ask(server, "GET", f"/?token={server.token}")[0] != 200:
        assert time.monotonic() < deadline
        time.sleep(0.05)


# ---------------------------------------------------------------- the process that evaluates


@needs_engine
def test_what_takes_too_long_is_ended_and_the_next_is_answered() -> None:
    evaluator = Evaluator(seconds=0.05)
    try:
        lines = "\n".join(f"a{i + 1} = a{i}*a{i} + a{max(0, i - 7)}" for i in range(60))
        found = json.loads(evaluator.answer(f"a0 = 0.5\n{lines}"))
        assert "takes longer than" in found["problem"]
        evaluator.seconds = 20.0
        assert "graph" in json.loads(evaluator.answer("a = 1\ny = 2*a"))
        evaluator._process.kill()  # type: ignore[union-attr]
        assert "graph" in json.loads(evaluator.answer("a = 1\ny = 2*a"))
    finally:
        evaluator.close()


@needs_engine
def test_the_largest_texts_that_are_read_are_answered_in_time(server: Server) -> None:
    texts = [
        "x = 0.5\ny = " + "+".join(["x*x"] * 1200),
        "x0 = 0.5\n" + "\n".join(f"x{i + 1} = x{i}*x{i}" for i in range(60)),
        "y = " + "**".join(["9"] * 100),
    ]
    for text in texts:
        began = time.monotonic()
        found = json.loads(server.evaluator.answer(text))
        assert time.monotonic() - began < 4.0
        assert "graph" in found or "takes longer" in found["problem"]


# ---------------------------------------------------------------- the command


@pytest.mark.skipif(os.name != "posix", reason="Ctrl-C is sent as a signal")
def test_the_command_prints_the_address_and_ends_at_ctrl_c() -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "autodiff", "serve", "y = 2"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8",
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parent.parent)},
    )  # fmt: skip
    try:
        assert process.stdout
        line = process.stdout.readline()
        said = re.fullmatch(r"open http://127\.0\.0\.1:(\d+)(/\?token=\S+)\n", line)
        assert said
        connection = HTTPConnection("127.0.0.1", int(said[1]), timeout=20)
        connection.request("GET", said[2])
        assert connection.getresponse().status == 200
        connection.close()
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=20)
    finally:
        process.kill()
    assert (process.returncode, err) == (130, "")
