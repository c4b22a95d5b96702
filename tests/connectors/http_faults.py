"""What goes wrong around Server-Sent Events and WebSocket."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys
import time
from typing import Any

from operators import Backoff, Flow
from operators.connectors import http, values
from operators.schedulers import thread
from tests.connectors.asgi import serving
from tests.connectors.http_peers import CHUNKED_EVENTS, LAST, chunk, replies, url, whole
from tests.connectors.kit import DEADLINE, cancelled_after, eventually, outcome
from tests.connectors.peers import answering, hanging, nowhere, proxy, reset
from tests.connectors.websocket_peers import frame, greet


def _outcome(flow: Flow[Any]) -> str:
    return re.sub(r"127\.0\.0\.1:\d+", "the server", outcome(flow.run))


# Server-Sent Events ----------------------------------------------------------------------------


def events_killed() -> str:
    seen: list[str] = []

    def killed(client: socket.socket) -> None:
        client.sendall(CHUNKED_EVENTS + chunk(b"id: 5\ndata: a\n\n"))
        eventually(lambda: seen == ["a"])
        reset(client)

    asked: list[bytes] = []
    address = replies(killed, CHUNKED_EVENTS + chunk(b"data: b\n\n") + LAST, asked=asked)
    soon = Backoff(0.001, most=0.01, jitter=0.5)
    settings = http.ClientSettings(reconnect="lost", backoff=soon)
    http.events(url(address), settings).apply(values()).tap(seen.append).run()
    assert b"last-event-id: 5" in asked[1]
    assert seen == ["a", "b"]
    return 'with reconnect="lost": asks again with Last-Event-ID, and goes on where it was'


def events_that_are_none() -> str:
    return _outcome(http.events(url(replies(whole(b'{"error": "quota"}', b"application/json")))))


def events_too_large() -> str:
    settings = http.ClientSettings(largest=1_000)
    address = replies(CHUNKED_EVENTS + chunk(b"data: " + b"x" * 5_000))
    return _outcome(http.events(url(address), settings)).split(" of ")[0]


def events_cut() -> str:
    seen: list[Any] = []
    address = replies(CHUNKED_EVENTS + chunk(b"data: a\n\ndata: b") + LAST)
    http.events(url(address)).tap(seen.append).run()
    assert [message.value for message in seen] == ["a"]
    return "an event that is not whole is dropped, as the rules say"


# WebSocket -------------------------------------------------------------------------------------


def _heard(socket: http.WebSocket) -> Flow[Any]:
    return socket.source().apply(values())


def _at(address: tuple[str, int]) -> str:
    return url(address, scheme="ws")


def _talk(address: tuple[str, int], **settings: Any) -> Flow[Any]:
    return http.websocket(_at(address), http.WebSocketSettings(**settings)).concat_map(_heard)


def socket_absent() -> str:
    return _outcome(_talk(nowhere())).split(":")[0]


def socket_hanging() -> str:
    address, gone = hanging()
    found = _outcome(_talk(address, connect_timeout=0.05))
    gone.set()
    return "with connect_timeout=0.05: " + found


def socket_silent() -> str:
    def serve(client: socket.socket) -> None:
        greet(client)
        client.recv(1)

    address = answering(serve)
    return "with silence=0.1: " + _outcome(_talk(address, silence=0.1, close_timeout=0.05))


def socket_reads_nothing() -> str:
    def serve(client: socket.socket) -> None:
        greet(client)
        eventually(lambda: over)

    over: list[int] = []
    settings = http.WebSocketSettings(silence=0.2, close_timeout=0.05)
    flow = http.websocket(_at(answering(serve)), settings)
    found = _outcome(flow.concat_map(lambda s: Flow.repeat_value("x" * 10_000).apply(s.sink())))
    over.append(1)
    return "with silence=0.2: " + found


def socket_refused() -> str:
    refused = b"HTTP/1.1 401 Unauthorized\r\ncontent-length: 17\r\n\r\nwrong credentials"
    return _outcome(_talk(replies(refused)))


def no_socket() -> str:
    return _outcome(_talk(replies(whole(b"hello"))))


def socket_vanishes() -> str:
    def serve(client: socket.socket) -> None:
        greet(client)
        client.sendall(frame(b"a"))
        eventually(lambda: seen)
        reset(client)

    seen: list[Any] = []
    return _outcome(_talk(answering(serve)).tap(seen.append))


def socket_cut() -> str:
    def serve(client: socket.socket) -> None:
        greet(client)
        client.sendall(frame(b"a" * 100) + frame(b"b" * 100))
        client.recv(1)

    head = len(b"HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n")
    seen: list[Any] = []
    with proxy(answering(serve), cut_after=head + 180) as address:
        found = _outcome(_talk(address, close_timeout=0.05).tap(seen.append))
    return f"{found}; {len(seen)} message was whole"


def socket_corrupt() -> str:
    def serve(client: socket.socket) -> None:
        greet(client)
        client.sendall(b"\xff" + frame(b"a")[1:])
        client.recv(100)

    return _outcome(_talk(answering(serve), close_timeout=0.05)).split(" (")[0]


def socket_no_json() -> str:
    def serve(client: socket.socket) -> None:
        greet(client)
        client.sendall(frame(b"{]"))
        client.recv(100)

    return _outcome(_talk(answering(serve), format="json", close_timeout=0.05))


def socket_too_large() -> str:
    def serve(client: socket.socket) -> None:
        greet(client)
        client.sendall(frame(b"x" * 100))
        client.recv(100)

    return _outcome(_talk(answering(serve), largest=50, close_timeout=0.05))


def socket_slow() -> str:
    def giving(socket: http.WebSocket) -> Flow[Any]:
        return Flow.range(20).map(str).apply(socket.sink())

    with serving(http.WebSocketApp(giving)) as at:
        host, port = at.split(":")
        with proxy((host, int(port)), piece=7, gate=lambda: time.sleep(0.001)) as address:
            assert list(_talk(address)) == [str(n) for n in range(20)]
    return "all messages, whole, however the pieces fall"


def socket_comes_back() -> str:
    tries: list[Any] = []
    seen: list[str] = []

    def serve(client: socket.socket) -> None:
        head = len(tries)
        greet(client)
        client.sendall(frame(b"%d" % head))
        eventually(lambda: len(seen) == head + 1)
        reset(client)

    flow = _talk(answering(serve, times=3)).tap(seen.append)
    pauses = Backoff(0.001, most=0.02, jitter=0.5)
    run = flow.retry(1_000, on=OSError, backoff=pauses, on_retry=tries.append).for_each(
        lambda _: None
    )
    cancelled_after(run, lambda: len(seen) == 3)
    return "with retry(on=OSError, backoff=...): connects again; what was under way is lost"


def socket_cancelled_while_it_connects() -> str:
    address, gone = hanging()
    cancelled_after(_talk(address).for_each(lambda _: None), lambda: True)
    gone.set()
    return "the attempt is given up"


def socket_cancelled_while_it_waits() -> str:
    said: list[bytes] = []

    def serve(client: socket.socket) -> None:
        greet(client)
        client.sendall(frame(b"a"))
        said.append(client.recv(100))

    seen: list[Any] = []
    run = _talk(answering(serve), close_timeout=0.05).for_each(seen.append)
    cancelled_after(run, lambda: seen)
    eventually(lambda: said)
    assert said[0][0] == 0x88
    return "it is closed, with 1001"


def socket_client_killed() -> str:
    closed: list[int] = []

    def giving(socket: http.WebSocket) -> Flow[Any]:
        return (
            Flow.of("a")
            .concat(Flow.never())
            .on_finally(lambda: closed.append(1))
            .apply(socket.sink())
        )

    code = (
        "import sys\n"
        "from websockets.sync.client import connect\n"
        "with connect(sys.argv[1]) as client:\n"
        "    print(client.recv(), flush=True)\n"
        "    sys.stdin.read()\n"
    )
    with serving(http.WebSocketApp(giving)) as at:
        command = [sys.executable, "-c", code, f"ws://{at}/"]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == b"a\n"
            process.send_signal(signal.SIGKILL)
        eventually(lambda: closed)
    return "the flow of the server is cancelled"


def socket_two_threads() -> str:
    def giving(socket: http.WebSocket) -> Flow[Any]:
        return Flow.range(100).apply(socket.sink())

    runs: list[list[int]] = [[], []]
    with serving(http.WebSocketApp(giving, http.WebSocketSettings(format="json"))) as at:
        settings = http.WebSocketSettings(format="json")
        flow = http.websocket(f"ws://{at}/", settings).concat_map(_heard)
        handles = [flow.subscribe_on(thread("http")).for_each(each.append) for each in runs]
        for handle in handles:
            handle.result(DEADLINE)
    assert runs[0] == runs[1] == list(range(100))
    return "a connection each"


MORE = {
    "events: cut within one": events_cut,
    "events: server is killed, and comes back": events_killed,
    "events: the answer is something else": events_that_are_none,
    "events: too large": events_too_large,
    "websocket: a message too large": socket_too_large,
    "websocket: cancel while it connects": socket_cancelled_while_it_connects,
    "websocket: cancel while it waits": socket_cancelled_while_it_waits,
    "websocket: client killed": socket_client_killed,
    "websocket: corrupt frame": socket_corrupt,
    "websocket: cut frame": socket_cut,
    "websocket: hanging server": socket_hanging,
    "websocket: malformed json": socket_no_json,
    "websocket: no WebSocket": no_socket,
    "websocket: server absent": socket_absent,
    "websocket: server is killed, and comes back": socket_comes_back,
    "websocket: server reads nothing": socket_reads_nothing,
    "websocket: server says nothing": socket_silent,
    "websocket: server vanishes": socket_vanishes,
    "websocket: slow, in pieces of 7 bytes": socket_slow,
    "websocket: two threads": socket_two_threads,
    "websocket: wrong credentials": socket_refused,
}
