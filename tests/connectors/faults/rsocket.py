"""What goes wrong around RSocket."""

from __future__ import annotations

import queue
import re
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from operators import Backoff, Flow
from operators.connectors import rsocket, values
from operators.schedulers import thread
from tests.connectors.kit import DEADLINE, cancelled_after, eventually, outcome
from tests.connectors.loads import Load, bounded
from tests.connectors.peers import hanging, nowhere, proxy, reset
from tests.connectors.rsockets import (
    CHANNEL,
    NEXT,
    PAYLOAD,
    REQUEST_N,
    Hand,
    by_hand,
    client_of,
    frame,
    numbered,
    numbers,
    serving,
    setup,
    url_of,
)

SOON = rsocket.Settings(keep_alive=0.02, max_lifetime=0.1)


def _outcome(flow: Flow[Any]) -> str:
    return re.sub(r"127\.0\.0\.1:\d+", "the server", outcome(flow.run))


def _silent(found: str) -> str:
    return re.sub(r"for [\d.]+ s", "for that long", found)


def server_absent() -> str:
    at = url_of(nowhere())
    found = {_outcome(rsocket.source(url)).split(":")[0] for url in (at, at.replace("tcp", "ws"))}
    assert len(found) == 1
    return found.pop()


def server_absent_for_a_sink() -> str:
    return _outcome(Flow.of(b"a").apply(rsocket.sink(url_of(nowhere())))).split(":")[0]


def server_comes_back() -> str:
    seen: list[int] = []
    tries: list[Any] = []

    def serve(hand: Hand) -> None:
        stream, _, _ = hand.asked()
        first = 1 + 2 * (len(seen) > 1)
        hand.send(*[frame(stream, PAYLOAD, NEXT, numbered(k)) for k in (first, first + 1)])
        eventually(lambda: seen and seen[-1] == first + 1)
        reset(hand.sock)

    url = by_hand(serve, times=2)
    flow = rsocket.source(url).apply(values()).map(int)
    flow = flow.retry(
        100, on=OSError, backoff=Backoff(0.001, most=0.02, jitter=0.5), on_retry=tries.append
    )
    run = flow.for_each(seen.append)
    cancelled_after(run, lambda: seen == [1, 2, 3, 4], "all four")
    return "with retry(backoff=...): connects again, and asks again"


def hanging_server() -> str:
    address, gone = hanging()
    found = _outcome(rsocket.source(url_of(address), b"", SOON))
    gone.set()
    return "with max_lifetime=0.1: " + _silent(found)


def hanging_client() -> str:
    closed = threading.Event()
    responder = rsocket.Responder(request_stream=lambda _: Flow.never().on_finally(closed.set))
    with serving(responder) as url, client_of(url, setup(100)) as hand:
        hand.send(frame(1, 6, 0, struct.pack(">I", 1)))
        assert closed.wait(DEADLINE)
    return "after the lifetime that it has said the connection is closed, its flows are cancelled"


def vanishes_while_it_answers() -> str:
    def serve(hand: Hand) -> None:
        stream, _, _ = hand.asked()
        hand.send(frame(stream, PAYLOAD, NEXT, b"1"))
        reset(hand.sock)

    return _outcome(rsocket.source(by_hand(serve))).split(":")[0]


def vanishes_while_it_is_sent_to() -> str:
    def serve(hand: Hand) -> None:
        stream, _, _ = hand.asked(CHANNEL)
        hand.send(frame(stream, REQUEST_N, 0, struct.pack(">I", 10)))
        for _ in range(10):
            hand.receive()
        reset(hand.sock)

    sent = Flow.range(10**9).map(numbered).apply(rsocket.sink(by_hand(serve)))
    return _outcome(sent).split(":")[0]


@contextmanager
def behind(**how: Any) -> Iterator[str]:
    """A server of numbers, with something in between."""
    host, port = by_hand(numbers).removeprefix("tcp://").split(":")
    with proxy((host, int(port)), **how) as address:
        yield url_of(address)


def corrupt_length() -> str:
    with behind(corrupt_at=1) as url:
        return "with max_lifetime=0.1: " + _silent(_outcome(rsocket.source(url, b"5", SOON)))


def no_such_frame() -> str:
    def serve(hand: Hand) -> None:
        hand.asked()
        hand.send(frame(1, 53))
        hand.rest()

    return _outcome(rsocket.source(by_hand(serve)))


def cut() -> str:
    with behind(cut_after=100) as url:
        return _outcome(rsocket.source(url, b"1000")).split(":")[0]


def slow() -> str:
    with behind(piece=7) as url:
        found = list(rsocket.source(url, b"100").apply(values()))
    assert found == [*map(numbered, range(100))]
    return "all items come"


def no_rsocket() -> str:
    def serve(hand: Hand) -> None:
        hand.sock.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        hand.rest()

    return "with max_lifetime=0.1: " + _silent(_outcome(rsocket.source(by_hand(serve), b"", SOON)))


def rejected() -> str:
    def serve(hand: Hand) -> None:
        hand.receive()
        hand.send(frame(0, 11, 0, struct.pack(">I", 3) + b"who are you?"))
        hand.rest()

    return _outcome(rsocket.source(by_hand(serve)))


def the_responder_fails() -> str:
    failing = rsocket.Responder(request_stream=lambda _: Flow.error(OSError("disk full")))
    with serving(failing) as url:
        return _outcome(rsocket.source(url))


def sends_more_than_asked() -> str:
    def serve(hand: Hand) -> None:
        stream, _, _ = hand.asked()
        hand.send(*[frame(stream, PAYLOAD, NEXT, b"x")] * 3)
        hand.rest()

    found: queue.Queue[Any] = queue.Queue()
    flow = rsocket.source(by_hand(serve)).tap(on_error=found.put)
    for _ in flow.on_error_resume(lambda _: Flow.empty()):
        pass
    error = found.get(timeout=DEADLINE)
    return f"{type(error).__name__}: {error}"


def cancel_while_it_connects() -> str:
    address, gone = hanging()
    settings = rsocket.Settings(connect_timeout=DEADLINE)
    run = rsocket.source(f"ws://{address[0]}:{address[1]}", b"", settings).for_each(lambda _: None)
    cancelled_after(run, lambda: True)
    gone.set()
    return "the attempt is given up"


def cancel_while_it_waits() -> str:
    gone, asked = threading.Event(), threading.Event()

    def never(_: Any) -> Flow[Any]:
        asked.set()
        return Flow.never().on_finally(gone.set)

    with serving(rsocket.Responder(request_stream=never)) as url:
        run = rsocket.source(url).for_each(lambda _: None)
        cancelled_after(run, asked.is_set)
        assert gone.wait(DEADLINE)
    return "the other side's flow is cancelled"


def cancel_while_it_writes() -> str:
    def serve(hand: Hand) -> None:
        stream, _, _ = hand.asked(CHANNEL)
        hand.send(frame(stream, REQUEST_N, 0, struct.pack(">I", 2**31 - 1)))
        gone.wait(DEADLINE)

    gone = threading.Event()
    asked: list[int] = []
    flow = Flow.range(10**9).tap(asked.append).map(lambda _: b"x" * 10_000)
    run = flow.apply(rsocket.sink(by_hand(serve))).for_each(lambda _: None)
    cancelled_after(run, lambda: len(asked) >= 64)
    gone.set()
    return "the connection is cut off"


def two_threads() -> str:
    with serving(rsocket.Responder(request_stream=lambda _: Flow.range(500).map(numbered))) as url:
        runs: list[list[bytes]] = [[], []]
        flow = rsocket.source(url).apply(values())
        handles = [flow.subscribe_on(thread("rs")).for_each(each.append) for each in runs]
        for handle in handles:
            handle.result(DEADLINE)
    assert runs[0] == runs[1] == [*map(numbered, range(500))]
    return "a connection each"


def half_closed() -> str:
    def serve(hand: Hand) -> None:
        stream, _, _ = hand.asked()
        hand.send(frame(stream, PAYLOAD, NEXT, b"1"))
        hand.sock.shutdown(socket.SHUT_WR)
        hand.rest()

    return _outcome(rsocket.source(by_hand(serve)))


_PROGRAM = """
import sys
from operators import Flow
from operators.connectors import rsocket

def serve():
    answer = lambda message: Flow.range(10**9).map(lambda n: b"%d" % n)
    settings = rsocket.Settings(on_listening=lambda url: print(url, flush=True))
    responder = rsocket.Responder(request_stream=answer)
    rsocket.listen("tcp://127.0.0.1:0", responder, settings).for_each(lambda _: None).result()

def ask(url):
    for n, _ in enumerate(rsocket.source(url)):
        if n == 100:
            print("some", flush=True)

serve() if len(sys.argv) == 1 else ask(sys.argv[1])
"""


@contextmanager
def _program(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    """A server, or the client of one, as a process of its own; killed in the end, if not before."""
    command = [sys.executable, "-c", _PROGRAM, *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def server_killed() -> str:
    """By SIGKILL, early and later."""
    errors: set[str] = set()
    for least in (100, 500):
        with _program() as process:
            assert process.stdout is not None
            got: list[int] = []
            flow = rsocket.source(process.stdout.readline().strip()).apply(values()).map(int)
            run = flow.for_each(got.append)
            eventually(lambda got=got, least=least: len(got) > least)  # type: ignore[misc]
            process.kill()
            errors.add(outcome(lambda run=run: run.result(DEADLINE)).split(":")[0])  # type: ignore[misc]
            assert got == [*range(len(got))]
    assert errors == {"ConnectionResetError"}, errors
    return "ConnectionResetError; at most once: in order, without a gap, and what was under way is lost"


def client_killed() -> str:
    closed = threading.Event()
    made: list[int] = []
    flow = Flow.range(10**9).tap(made.append).map(numbered).on_finally(closed.set)
    with serving(rsocket.Responder(request_stream=lambda _: flow)) as url, _program(url) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "some\n"
        process.kill()
        assert closed.wait(DEADLINE)
    return "at most once: the flow that answers is cancelled"


@contextmanager
def load() -> Iterator[Load]:
    made = 0

    def answer(message: Any) -> Flow[Any]:
        items, size = map(int, message.value.split())

        def item(_: int) -> bytes:
            nonlocal made
            made += 1
            return b"x" * size

        return Flow.range(items).map(item)

    with serving(rsocket.Responder(request_stream=answer)) as url:

        def make(items: int, size: int) -> Flow[Any]:
            asked = rsocket.source(url, b"%d %d" % (items, size))
            return asked.publish_on(thread("load"), prefetch=256)

        yield Load(make, lambda done: made - done, 256)


FAULTS = {
    "cancel while it connects": cancel_while_it_connects,
    "cancel while it waits": cancel_while_it_waits,
    "cancel while it writes": cancel_while_it_writes,
    "client hangs": hanging_client,
    "client killed": client_killed,
    "connection is cut in a frame": cut,
    "corrupt length": corrupt_length,
    "consumer of 1 ms an item, source at full speed": partial(bounded, load),
    "frame of a type that there is not": no_such_frame,
    "hanging server": hanging_server,
    "other side closes before the end": half_closed,
    "other side sends more than was asked for": sends_more_than_asked,
    "other side vanishes, answering": vanishes_while_it_answers,
    "other side vanishes, sent to": vanishes_while_it_is_sent_to,
    "responder fails": the_responder_fails,
    "server absent": server_absent,
    "server absent, for a sink": server_absent_for_a_sink,
    "server comes, is killed, comes back": server_comes_back,
    "server killed": server_killed,
    "server is none of RSocket": no_rsocket,
    "server rejects the client": rejected,
    "slow, in pieces of 7 bytes": slow,
    "two threads": two_threads,
}
