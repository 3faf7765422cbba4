"""`autodiff serve`: a text box whose formulas are drawn as you type, on this machine only.

A web page anywhere can make a browser send requests to 127.0.0.1, so: the Host has to be ours (a
foreign name that resolves to this machine is refused), an Origin too, every request carries a
random token, only JSON is read, and little of it. There are two routes and no files. Formulas are
read by the package's own parser and evaluated in a process with a time limit.
"""

import hmac
import io
import json
import secrets
import socket
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import BoundedSemaphore
from time import monotonic
from typing import Any
from urllib.parse import parse_qs, urlsplit

from autodiff.drawing.evaluating import Evaluator
from autodiff.drawing.lettering import in_markup
from autodiff.drawing.pagetext import filled, script, style

ADDRESS = "127.0.0.1"
LARGEST = 64 * 1024  # bytes of a request's body
PATIENCE = 10.0  # seconds for a whole request to arrive
THREADS = 8
EXAMPLE = """\
# one neuron and its error
w = 0.5
x = 2.0
b = -0.5
t = 1.0
z = w*x + b
out = sigmoid(z)
E = 0.5*(t - out)**2
"""
EDITOR = """\
<section id="editor" class="panel">
<label for="formulas">Lines such as <code>z = w*x + b</code>; the last one is differentiated</label>
<textarea id="formulas" rows="9" spellcheck="false" autocomplete="off" maxlength="10000">\
{text}</textarea>
<pre id="problem" role="status" aria-live="polite"></pre>
</section>
"""
HEADERS = {
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
NOTHING = "default-src 'none'; frame-ancestors 'none'"


class Server(ThreadingHTTPServer):
    """Serves one page until it is closed; `url` is where, token included."""

    daemon_threads = True
    request_queue_size = 32

    def __init__(self, text: str = EXAMPLE, port: int = 0) -> None:
        self.text = text
        self.token = secrets.token_urlsafe(24)
        self.evaluator = Evaluator()
        self._slots = BoundedSemaphore(THREADS)
        try:
            super().__init__((ADDRESS, port), _Handler)
        except OSError as error:  # which does not say where
            raise OSError(error.errno, error.strerror, f"port {port}") from None
        self.hosts = {f"{name}:{self.server_port}" for name in (ADDRESS, "localhost", "[::1]")}

    @property
    def url(self) -> str:
        return f"http://{ADDRESS}:{self.server_port}/?token={self.token}"

    def process_request(self, request: Any, client_address: Any) -> None:
        if self._slots.acquire(blocking=False):
            super().process_request(request, client_address)
        else:
            request.settimeout(1.0)
            try:
                request.sendall(b"HTTP/1.0 503 Busy\r\nContent-Length: 0\r\n\r\n")
            except OSError:
                pass  # who does not wait for the answer need not have it
            finally:
                self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._slots.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Who went away, or sent nonsense, gets no traceback, and prints none here."""

    def server_close(self) -> None:
        super().server_close()
        self.evaluator.close()


class _Deadline(io.RawIOBase):
    """A socket to read from until a moment, however slowly the bytes come."""

    def __init__(self, connection: socket.socket, seconds: float) -> None:
        self.connection = connection
        self.end = monotonic() + seconds

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        left = self.end - monotonic()
        if left <= 0.0:
            raise TimeoutError
        self.connection.settimeout(left)
        return self.connection.recv_into(buffer)


class _Refused(Exception):
    """A request that is answered with a status and a few words."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status


class _Handler(BaseHTTPRequestHandler):
    server: Server
    timeout = PATIENCE

    def setup(self) -> None:
        super().setup()
        self.rfile.close()
        self.rfile = io.BufferedReader(_Deadline(self.connection, PATIENCE))

    def handle_expect_100(self) -> bool:
        self.send_error(417)
        return False

    def do_GET(self) -> None:
        self._answer("/", self._page)

    def do_POST(self) -> None:
        self._answer("/graph", self._graph)

    def _answer(self, route: str, make: Any) -> None:
        try:
            parts = urlsplit(self.path)
            self._from_here()
            if parts.path != route:
                known = parts.path in ("/", "/graph")
                raise _Refused(405 if known else 404, "no such page")
            given = parse_qs(parts.query).get("token", [""])
            self._permitted(self.headers.get("X-Token") or "" if route == "/graph" else given[-1])
            make()
        except _Refused as refused:
            self._send(refused.status, str(refused).encode(), "text/plain; charset=utf-8")
        except ValueError:  # of a path that is no URL
            self._send(400, b"bad request", "text/plain; charset=utf-8")

    # ------------------------------------------------------------ who asks

    def _from_here(self) -> None:
        hosts = self.headers.get_all("Host") or []
        if len(hosts) != 1 or hosts[0].lower() not in self.server.hosts:
            raise _Refused(403, "this server answers to its own address only")
        origins = self.headers.get_all("Origin") or []
        ours = {f"http://{host}" for host in self.server.hosts}
        if len(origins) > 1 or any(origin not in ours for origin in origins):
            raise _Refused(403, "this server answers to its own page only")

    def _permitted(self, token: str) -> None:
        if not hmac.compare_digest(token.encode(), self.server.token.encode()):
            raise _Refused(403, "open the address that the terminal printed: its token is missing")

    # ------------------------------------------------------------ the two routes

    def _page(self) -> None:
        nonce = secrets.token_urlsafe(16)
        policy = (
            f"default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; "
            "connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; "
            "frame-ancestors 'none'"
        )
        text = filled(
            policy=policy.removesuffix("; frame-ancestors 'none'"),  # not allowed in the page
            title="Formulas and their gradients", nonce=f' nonce="{nonce}"', style=style(),
            editor=EDITOR.replace("{text}", in_markup(self.server.text)), data="", code="",
            script=script("serve"),
        )  # fmt: skip
        self._send(200, text.encode(), "text/html; charset=utf-8", policy)

    def _graph(self) -> None:
        if self.headers.get_content_type() != "application/json":
            raise _Refused(415, "send application/json")
        text = self._body()
        self._send(200, self.server.evaluator.answer(text).encode(), "application/json")

    def _body(self) -> str:
        """The text in the body. Raises _Refused for what is too large, too slow or no JSON."""
        length = self.headers.get("Content-Length", "")
        if self.headers.get("Transfer-Encoding") or not (length.isascii() and length.isdecimal()):
            raise _Refused(411, "say how long the body is")
        if len(length) > 9 or int(length) > LARGEST:
            raise _Refused(413, f"at most {LARGEST:,} bytes are read")
        try:
            found = json.loads(self.rfile.read(int(length)))
        except TimeoutError:
            raise _Refused(408, "the body did not arrive") from None
        except (ValueError, RecursionError):
            raise _Refused(400, "the body is no JSON") from None
        if type(found) is not dict or type(found.get("text")) is not str or len(found) != 1:
            raise _Refused(400, 'send {"text": "z = w*x + b"}')
        return str(found["text"])

    # ------------------------------------------------------------ answering

    def _send(self, status: int, body: bytes, kind: str, policy: str = NOTHING) -> None:
        self.connection.settimeout(PATIENCE)
        self.request_version = self.protocol_version  # a request of HTTP/0.9 would get no head
        self.send_response_only(status)
        headers = {"Content-Type": kind, "Content-Length": str(len(body)), **HEADERS}
        for key, text in (headers | {"Content-Security-Policy": policy}).items():
            self.send_header(key, text)
        self.end_headers()
        self.wfile.write(body)

    def send_error(self, code: int, message: Any = None, explain: Any = None) -> None:
        """What the standard library refuses, without repeating what was sent."""
        self.close_connection = True
        self._send(code, b"refused", "text/plain; charset=utf-8")

    def log_message(self, format: str, *args: Any) -> None:
        """Requests are not the terminal's business."""
