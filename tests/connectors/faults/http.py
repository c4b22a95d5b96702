"""What goes wrong around HTTP."""

from __future__ import annotations

import asyncio
import re
import signal
import socket
import ssl
import subprocess
import sys
import time
from typing import Any

import trustme

from operators import Backoff, Flow
from operators.connectors import http, values
from operators.schedulers import thread
from tests.connectors.asgi import serving
from tests.connectors.http_faults import MORE
from tests.connectors.http_peers import CHUNKED, LAST, body_of, chunk, replies, url, whole
from tests.connectors.kit import DEADLINE, cancelled_after, eventually, outcome
from tests.connectors.peers import answering, begin, hanging, lines, nowhere, proxy, reset, served

JSON = http.ClientSettings(format="json")
LINES = http.ServerSettings(format="lines")


def _outcome(flow: Flow[Any]) -> str:
    return re.sub(r"127\.0\.0\.1:\d+", "the server", outcome(flow.run))


def _reading(*answers: Any, settings: http.ClientSettings = JSON) -> str:
    return _outcome(http.source(url(replies(*answers)), settings))


def server_absent() -> str:
    return _outcome(http.source(url(nowhere()))).split(":")[0]


def server_absent_for_a_sink() -> str:
    return _outcome(Flow.of(b"a").apply(http.sink(url(nowhere())))).split(":")[0]


def server_comes_back() -> str:
    address = nowhere()
    seen: list[int] = []
    tries: list[Any] = []

    def later() -> None:
        with socket.create_server(address) as server:
            server.settimeout(DEADLINE)
            with server.accept()[0] as client:
                client.recv(65_536)
                client.sendall(CHUNKED + chunk(b"1\n2\n"))
                eventually(lambda: seen == [1, 2])
                reset(client)
            with server.accept()[0] as client:
                client.recv(65_536)
                client.sendall(whole(b"3\n4\n"))

    def told(attempt: Any) -> None:
        tries.append(attempt)
        if len(tries) == 3:
            begin(later)

    flow = http.source(url(address), JSON).apply(values())
    pauses = Backoff(0.001, most=0.02, jitter=0.5)
    flow.retry(1_000, on=OSError, backoff=pauses, on_retry=told).tap(seen.append).run()
    assert seen == [1, 2, 3, 4]
    return "with retry(on=OSError, backoff=...): asks again, after absence and after a kill"


def hanging_server() -> str:
    address, gone = hanging()
    found = _outcome(http.source(url(address), http.ClientSettings(answer_timeout=0.05)))
    gone.set()
    return "with answer_timeout=0.05: " + found


def silent_server() -> str:
    def answer(client: socket.socket) -> None:
        client.sendall(CHUNKED + chunk(b"1\n"))
        client.recv(1)

    return "with silence=0.3: " + _reading(answer, settings=http.ClientSettings(silence=0.3))


def hanging_reader() -> str:
    address, gone = hanging()
    sink = http.sink(url(address), http.ClientSettings(silence=0.05))
    found = _outcome(Flow.repeat_value(b"x" * 10_000).apply(sink))
    gone.set()
    return "with silence=0.05: " + found


def slow() -> str:
    with proxy(replies(whole(lines(40))), piece=7, gate=lambda: time.sleep(0.001)) as address:
        found = list(http.source(url(address), JSON).apply(values()))
    assert found == list(range(40))
    return "all lines, whole, however the pieces fall"


def cut_by_a_proxy() -> str:
    with proxy(replies(whole(lines(40))), cut_after=90) as address:
        found = _outcome(http.source(url(address), JSON))
    return found.split(" (")[0]


def cut_chunks() -> str:
    return _reading(CHUNKED + chunk(b"1\n") + b"5\r\n2").split(" (")[0]


def corrupt() -> str:
    with proxy(replies(CHUNKED + chunk(b"1\n") + LAST), corrupt_at=len(CHUNKED)) as address:
        found = _outcome(http.source(url(address), JSON))
    return found.split(": the connection was lost")[0] + ": the connection was lost"


def no_http() -> str:
    found = _outcome(http.source(url(served(b"SSH-2.0-OpenSSH_9\r\n"))))
    return found.split(": the connection was lost")[0] + ": the connection was lost"


def wrong_credentials() -> str:
    refused = (
        b"HTTP/1.1 401 Unauthorized\r\nwww-authenticate: Bearer\r\ncontent-length: 17\r\n\r\n"
        b"wrong credentials"
    )
    return _reading(refused)


def refused_while_it_writes() -> str:
    def early(client: socket.socket) -> None:
        client.sendall(
            b"HTTP/1.1 413 Too Large\r\nconnection: close\r\ncontent-length: 8\r\n\r\ntoo much"
        )
        client.shutdown(socket.SHUT_WR)
        while client.recv(65_536):
            pass

    address = replies(early)
    flow = Flow.range(20).map(str).apply(http.sink(url(address)))
    return _outcome(flow)


def redirected() -> str:
    moved = (
        b"HTTP/1.1 302 Found\r\nlocation: /there\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
    )
    found = _reading(moved)
    follow = http.ClientSettings(follow_redirects=True, format="json")
    address = replies(moved, whole(b"1\n"))
    assert http.source(url(address), follow).apply(values()).run() == 1
    return found + "; with follow_redirects=True it goes there"


def malformed_json() -> str:
    return _reading(whole(b'{"a": 1}\n{]\n'))


def not_the_encoding() -> str:
    return _reading(whole(b"a\n\xff\xfe\n"), settings=http.ClientSettings())


def a_line_without_end() -> str:
    settings = http.ClientSettings(largest=1_000)
    return _reading(whole(b"x" * 10_000), settings=settings).split(" of ")[0]


def a_line_without_end_to_a_server() -> str:
    seen: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        small = http.ServerSettings(format="lines", largest=1_000)
        try:
            await http.body(scope, receive, small)
        except http.FrameTooLargeError as error:
            seen.append(f"{type(error).__name__}: {str(error).split(' of ')[0]}")
        await http.Response(Flow.of("no"), http.ServerSettings(status=413))(scope, receive, send)

    with serving(app) as at:
        found = _outcome(Flow.of("x" * 10_000).apply(http.sink(f"http://{at}/")))
    assert "status 413" in found
    return seen[0]


def client_gone() -> str:
    closed: list[int] = []

    async def forever() -> Any:
        try:
            yield "a"
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            closed.append(1)

    app = http.Response(Flow.from_async_iterable(forever()), LINES)
    with serving(app) as at:
        assert http.source(f"http://{at}/").first().run()
        eventually(lambda: closed)
    return "the flow of the server is cancelled, its cleanup awaited"


def client_killed() -> str:
    closed: list[int] = []
    taken: list[int] = []

    async def forever() -> Any:
        try:
            while True:
                taken.append(1)
                yield "x" * 1_000
        finally:
            closed.append(1)

    code = (
        "import sys, urllib.request\n"
        "with urllib.request.urlopen(sys.argv[1]) as answer:\n"
        "    print(len(answer.readline()), flush=True)\n"
        "    sys.stdin.read()\n"
    )
    app = http.Response(Flow.from_async_iterable(forever()), LINES)
    with serving(app) as at:
        command = [sys.executable, "-c", code, f"http://{at}/"]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == b"1001\n"
            process.send_signal(signal.SIGKILL)
        eventually(lambda: closed)
    return "at most once: what was under way is lost, the flow of the server is cancelled"


def sender_killed() -> str:
    seen: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        try:
            await http.body(scope, receive, LINES).tap(seen.append)
        except ConnectionResetError as error:
            seen.append(f"ConnectionResetError: {error}")

    code = (
        "import socket, sys\n"
        "client = socket.create_connection(('127.0.0.1', int(sys.argv[1])))\n"
        "client.sendall(b'POST / HTTP/1.1\\r\\nhost: a\\r\\ncontent-length: 99\\r\\n\\r\\nab\\n')\n"
        "sys.stdin.read()\n"
    )
    with serving(app) as at:
        command = [sys.executable, "-c", code, at.split(":")[1]]
        with subprocess.Popen(command, stdin=subprocess.PIPE) as process:
            eventually(lambda: seen)
            process.send_signal(signal.SIGKILL)
        eventually(lambda: len(seen) == 2)
    return f"{seen[1]}: what came before has been passed on"


def client_takes_nothing() -> str:
    errors: list[str] = []
    closed: list[int] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        flow = Flow.repeat_value("x" * 10_000).on_finally(lambda: closed.append(1))
        settings = http.ServerSettings(format="lines", silence=0.1)
        try:
            await http.Response(flow, settings)(scope, receive, send)
        except TimeoutError as error:
            errors.append(f"TimeoutError: {error}")
            raise

    with serving(app, send_buffer=16_384) as at:
        host, port = at.split(":")
        with socket.create_connection((host, int(port)), DEADLINE) as plain:
            plain.sendall(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n")
            eventually(lambda: errors)
    assert closed == [1]
    return "with silence=0.1: " + errors[0]


def client_sends_nothing_more() -> str:
    errors: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        settings = http.ServerSettings(format="lines", silence=0.1)
        try:
            await http.body(scope, receive, settings)
        except TimeoutError as error:
            errors.append(f"TimeoutError: {error}")
            raise

    with serving(app) as at:
        host, port = at.split(":")
        with socket.create_connection((host, int(port)), DEADLINE) as plain:
            plain.sendall(b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 99\r\n\r\nab\n")
            eventually(lambda: errors)
    return "with silence=0.1: " + errors[0]


def flow_of_a_server_fails() -> str:
    flow = Flow.of("a").concat(Flow.error(ValueError("broken")))
    with serving(http.Response(flow, http.ServerSettings(format="lines", batch=1))) as at:
        found = _outcome(http.source(f"http://{at}/"))
    return found.split(" (")[0]


def cancel_while_it_connects() -> str:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(0)
        with socket.create_connection(server.getsockname(), DEADLINE):
            # There is no more room in the backlog: the next one is left hanging.
            run = http.source(url(server.getsockname())).for_each(lambda _: None)
            cancelled_after(run, lambda: True)
    return "the attempt is given up"


def cancel_while_it_waits() -> str:
    asked: list[bytes] = []

    def answer(client: socket.socket) -> None:
        client.sendall(CHUNKED + chunk(b"1\n"))
        asked.append(client.recv(1))

    seen: list[Any] = []
    run = http.source(url(replies(answer))).for_each(seen.append)
    cancelled_after(run, lambda: seen)
    eventually(lambda: asked == [b""])
    return "the connection is closed"


def cancel_while_it_writes() -> str:
    got: list[bytes] = []

    def reading(client: socket.socket) -> bytes:
        data = body_of(client)
        got.append(data)
        return data

    asked: list[bytes] = []
    address = replies(b"", reading=reading)
    flow = Flow.repeat_value(b"x" * 1_000).tap(asked.append).apply(http.sink(url(address)))
    cancelled_after(flow.for_each(lambda _: None), lambda: len(asked) >= 64)
    eventually(lambda: got)
    assert not got[0].endswith(LAST)
    return "the request is cut off, and no server takes it for whole"


def two_threads() -> str:
    address = replies(whole(lines(500)), times=2)
    runs: list[list[int]] = [[], []]
    flow = http.source(url(address), JSON).apply(values())
    handles = [flow.subscribe_on(thread("http")).for_each(each.append) for each in runs]
    for handle in handles:
        handle.result(DEADLINE)
    assert runs[0] == runs[1] == list(range(500))
    return "a request each"


def _contexts(name: str) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    authority = trustme.CA()
    ours = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(name).configure_cert(ours)
    theirs = ssl.create_default_context()
    authority.configure_trust(theirs)
    return ours, theirs


def _secure(name: str, settings: http.ClientSettings) -> str:
    ours, _ = _contexts(name)

    def reading(client: socket.socket) -> bytes:
        ours.wrap_socket(client, server_side=True).close()
        return b""

    address = url(replies(b"", reading=reading), scheme="https")
    return _outcome(http.source(address.replace("127.0.0.1", "localhost"), settings))


def wrong_certificate() -> str:
    found = _secure("other.example", http.ClientSettings(tls=_contexts("localhost")[1]))
    assert "CERTIFICATE_VERIFY_FAILED" in found
    return found.split(":")[0] + ": ... CERTIFICATE_VERIFY_FAILED ..."


def no_tls_at_the_other_side() -> str:
    def serve(client: socket.socket) -> None:
        client.recv(1)
        client.sendall(b"no tls\n" * 10)

    address = url(answering(serve), scheme="https")
    settings = http.ClientSettings(tls=_contexts("localhost")[1])
    return _outcome(http.source(address, settings)).split(":")[0]


FAULTS = {
    **MORE,
    "a line without end": a_line_without_end,
    "a line without end, to a server": a_line_without_end_to_a_server,
    "answer cut, by a proxy": cut_by_a_proxy,
    "answer cut, within a chunk": cut_chunks,
    "cancel while it connects": cancel_while_it_connects,
    "cancel while it waits": cancel_while_it_waits,
    "cancel while it writes": cancel_while_it_writes,
    "client sends nothing more": client_sends_nothing_more,
    "client takes nothing": client_takes_nothing,
    "client gone, while it is answered": client_gone,
    "client killed, while it is answered": client_killed,
    "client killed, while it sends": sender_killed,
    "corrupt": corrupt,
    "flow of a server fails half-way": flow_of_a_server_fails,
    "hanging server": hanging_server,
    "malformed json": malformed_json,
    "no HTTP": no_http,
    "no TLS at the other side": no_tls_at_the_other_side,
    "not the encoding": not_the_encoding,
    "redirected": redirected,
    "refused while it writes": refused_while_it_writes,
    "server absent": server_absent,
    "server absent, for a sink": server_absent_for_a_sink,
    "server comes, is killed, comes back": server_comes_back,
    "server reads nothing": hanging_reader,
    "server says nothing more": silent_server,
    "slow, in pieces of 7 bytes": slow,
    "two threads": two_threads,
    "wrong certificate": wrong_certificate,
    "wrong credentials": wrong_credentials,
}
