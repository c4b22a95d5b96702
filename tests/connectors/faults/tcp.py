"""What goes wrong around TCP."""

from __future__ import annotations

import re
import socket
import ssl
import time
from typing import Any

import trustme

from operators import Backoff, Flow
from operators.connectors import tcp, values
from operators.schedulers import thread
from tests.connectors.kit import DEADLINE, cancelled_after, eventually, outcome
from tests.connectors.peers import (
    answering,
    begin,
    hanging,
    lines,
    listening,
    nowhere,
    proxy,
    reset,
    served,
    swallowed,
)

LENGTH = tcp.Settings(framing="length", largest=1_000)
SOON = tcp.Settings(silence=0.05)


def _frames(*values_: bytes) -> bytes:
    return b"".join(len(value).to_bytes(4, "big") + value for value in values_)


def _outcome(flow: Flow[Any]) -> str:
    return re.sub(r"127\.0\.0\.1:\d+", "the server", outcome(flow.run))


def server_absent() -> str:
    return _outcome(tcp.source(*nowhere())).split(":")[0]


def server_absent_for_a_sink() -> str:
    return _outcome(Flow.of(b"a").apply(tcp.sink(*nowhere()))).split(":")[0]


def server_comes_back() -> str:
    address = nowhere()
    seen: list[int] = []
    tries: list[Any] = []

    def later() -> None:
        with socket.create_server(address) as server:
            server.settimeout(DEADLINE)
            for part in (b"1\n2\n", b"3\n4\n"):
                with server.accept()[0] as client:
                    client.sendall(part)
                    reset_after_read(client, seen, int(part[-2:-1]))

    def told(attempt: Any) -> None:
        tries.append(attempt)
        if len(tries) == 3:
            begin(later)

    flow = tcp.source(*address).apply(values()).map(int)
    flow = flow.retry(
        1_000, on=OSError, backoff=Backoff(0.001, most=0.02, jitter=0.5), on_retry=told
    )
    run = flow.for_each(seen.append)
    cancelled_after(run, lambda: seen == [1, 2, 3, 4], "all four")
    return "with retry(backoff=...): connects again, after absence and after a kill"


def reset_after_read(client: socket.socket, seen: list[int], last: int) -> None:
    eventually(lambda: seen and seen[-1] == last)
    reset(client)


def hanging_server() -> str:
    address, gone = hanging()
    found = _outcome(tcp.source(*address, SOON))
    gone.set()
    return "with silence=0.05: " + found


def hanging_reader() -> str:
    address, gone = hanging()
    flow = Flow.repeat_value(b"x" * 10_000).apply(tcp.sink(*address, SOON))
    found = _outcome(flow)
    gone.set()
    return "with silence=0.05: " + found


def slow() -> str:
    with proxy(served(lines(40)), piece=7, gate=lambda: time.sleep(0.001)) as address:
        found = list(tcp.source(*address).apply(values()).map(int))
    assert found == list(range(40))
    return "all frames, whole, however the pieces fall"


def vanishing_sender() -> str:
    def serve(client: socket.socket) -> None:
        client.sendall(b"a\n")
        eventually(lambda: seen)
        reset(client)

    seen: list[bytes] = []
    flow = tcp.source(*answering(serve)).apply(values()).tap(seen.append)
    return f"{_outcome(flow).split(':')[0]}, after {len(seen)} frame"


def vanishing_reader() -> str:
    def serve(client: socket.socket) -> None:
        client.recv(1)
        reset(client)

    flow = Flow.repeat_value(b"x" * 1_000).apply(tcp.sink(*answering(serve)))
    kind = _outcome(flow).split(":")[0]
    assert kind in ("ConnectionResetError", "BrokenPipeError"), kind
    return "ConnectionResetError or BrokenPipeError"


def cut_frame() -> str:
    with proxy(served(_frames(b"one", b"two")), cut_after=12) as address:
        return _outcome(tcp.source(*address, LENGTH))


def corrupt_length() -> str:
    with proxy(served(_frames(b"one", b"two")), corrupt_at=7) as address:
        return _outcome(tcp.source(*address, LENGTH))


def too_large_to_send() -> str:
    flow = Flow.of(b"x" * 2_000).apply(tcp.sink(*swallowed(), LENGTH))
    return _outcome(flow)


def a_line_without_end() -> str:
    return _outcome(tcp.source(*served(b"x" * 10_000), tcp.Settings(largest=1_000))).split(" of ")[
        0
    ]


def cancel_while_it_connects() -> str:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(0)
        with socket.create_connection(server.getsockname(), DEADLINE):
            # There is no more room in the backlog: the next one is left hanging.
            run = tcp.source(*server.getsockname()).for_each(lambda _: None)
            cancelled_after(run, lambda: True)
    return "the attempt is given up"


def cancel_while_it_waits() -> str:
    address, gone = hanging()
    run = tcp.source(*address).for_each(lambda _: None)
    cancelled_after(run, lambda: True)
    gone.set()
    return "the connection is closed"


def cancel_while_it_writes() -> str:
    address, gone = hanging()
    asked: list[bytes] = []
    flow = Flow.repeat_value(b"x" * 10_000).tap(asked.append).apply(tcp.sink(*address))
    run = flow.for_each(lambda _: None)
    cancelled_after(run, lambda: len(asked) >= 64)
    gone.set()
    return "the connection is cut off"


def two_threads() -> str:
    address = served(lines(500), times=2)
    runs: list[list[bytes]] = [[], []]
    flow = tcp.source(*address).apply(values())
    handles = [flow.subscribe_on(thread("tcp")).for_each(each.append) for each in runs]
    for handle in handles:
        handle.result(DEADLINE)
    assert runs[0] == runs[1] == lines(500).split()
    return "a connection each"


def address_in_use() -> str:
    with listening() as server:
        flow = tcp.listen(*server.getsockname())
        return _outcome(flow).split(":")[0]


def _contexts(name: str) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    authority = trustme.CA()
    ours = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(name).configure_cert(ours)
    theirs = ssl.create_default_context()
    authority.configure_trust(theirs)
    return ours, theirs


def wrong_certificate() -> str:
    ours, theirs = _contexts("other.example")
    context = tcp.Settings(tls=theirs, server_hostname="localhost")

    def serve(client: socket.socket) -> None:
        ours.wrap_socket(client, server_side=True)

    return _outcome(tcp.source(*answering(serve), context)).split(":")[0]


def no_tls_at_the_other_side() -> str:
    _, theirs = _contexts("localhost")
    context = tcp.Settings(tls=theirs, server_hostname="localhost")

    def serve(client: socket.socket) -> None:
        client.recv(1)
        client.sendall(b"no tls\n" * 10)

    address = answering(serve)
    return _outcome(tcp.source(*address, context)).split(":")[0]


FAULTS = {
    "a line without end": a_line_without_end,
    "cancel while it connects": cancel_while_it_connects,
    "cancel while it waits": cancel_while_it_waits,
    "cancel while it writes": cancel_while_it_writes,
    "corrupt length": corrupt_length,
    "cut frame": cut_frame,
    "frame too large to send": too_large_to_send,
    "hanging server": hanging_server,
    "no TLS at the other side": no_tls_at_the_other_side,
    "other side reads nothing": hanging_reader,
    "other side vanishes, reading": vanishing_sender,
    "other side vanishes, writing": vanishing_reader,
    "server absent": server_absent,
    "server absent, for a sink": server_absent_for_a_sink,
    "server comes, is killed, comes back": server_comes_back,
    "server's address in use": address_in_use,
    "slow, in pieces of 7 bytes": slow,
    "two threads": two_threads,
    "wrong certificate": wrong_certificate,
}
