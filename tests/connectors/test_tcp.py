"""TCP: what is asked for is read, and the other side feels it."""

from __future__ import annotations

import asyncio
import errno
import queue
import select
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest
import trustme

from operators import Flow
from operators.connectors import Message, tcp, values
from operators.hooks import set_error_hook
from operators.testing import TestSubscriber
from tests.connectors.kit import DEADLINE, cancelled_after, eventually, settled
from tests.connectors.peers import Address, answering, lines, reset, served, swallowed
from tests.operators.kit import notes, probe

LENGTH = tcp.Settings(framing="length")
NUMBERS = [b"%d" % n for n in range(500)]


def frames(*items: bytes) -> bytes:
    return b"".join(len(item).to_bytes(4, "big") + item for item in items)


@contextmanager
def serving(
    serve: Callable[[tcp.Connection], Flow[Any]], settings: tcp.Settings = LENGTH
) -> Iterator[Address]:
    """A server of ours, for as long as the block takes."""
    address: queue.Queue[Address] = queue.Queue()
    fields = {name: getattr(settings, name) for name in settings.__dataclass_fields__}
    told = tcp.Settings(**{**fields, "on_listening": address.put})
    run = tcp.listen("127.0.0.1", 0, told).flat_map(serve).for_each(lambda _: None)
    try:
        yield address.get(timeout=DEADLINE)
    finally:
        cancelled_after(run, lambda: True)


def echo(connection: tcp.Connection) -> Flow[Any]:
    return connection.source().apply(connection.sink())


def asking(items: list[bytes]) -> Callable[[tcp.Connection], Flow[Any]]:
    """The two directions of a client: what is asked, and what is answered."""

    def both(connection: tcp.Connection) -> Flow[Any]:
        sending = Flow.of(*items).apply(connection.sink()).ignore_elements()
        return connection.source().apply(values()).merge(sending)

    return both


# Frames ----------------------------------------------------------------------------------------


def test_lines_and_lengths_from_a_server():
    assert list(tcp.source(*served(lines(500))).apply(values())) == NUMBERS
    assert list(tcp.source(*served(frames(*NUMBERS)), LENGTH).apply(values())) == NUMBERS


def test_a_message_has_the_address():
    address = served(b"a\n")
    assert tcp.source(*address).run() == Message(b"a", {"peer": address})


def test_a_sink_sends_frames_and_closes():
    got: list[bytes] = []
    address = swallowed(got)
    assert Flow.of(*NUMBERS).map(Message).apply(tcp.sink(*address, LENGTH)).count().run() == 500
    eventually(lambda: b"".join(got) == frames(*NUMBERS))


@pytest.mark.parametrize("settings", [LENGTH, tcp.Settings()])
def test_an_echo_both_ends_ours(settings: tcp.Settings):
    with serving(echo, settings) as address:
        flow = tcp.connect(*address, settings).concat_map(asking(NUMBERS))
        assert list(flow) == NUMBERS
        assert list(flow) == NUMBERS


def test_on_an_event_loop():
    async def main() -> list[bytes]:
        address: asyncio.Future[Address] = asyncio.get_running_loop().create_future()
        settings = tcp.Settings(on_listening=address.set_result)
        server = tcp.listen("127.0.0.1", 0, settings).flat_map(echo).for_each(lambda _: None)
        client = tcp.connect(*await address).concat_map(asking(NUMBERS))
        found = [item async for item in client]
        server.cancel()
        await server
        return found

    assert asyncio.run(main()) == NUMBERS


def test_half_closed_the_other_direction_goes_on():
    def after_the_end(connection: tcp.Connection) -> Flow[Any]:
        # It answers when all questions have come, and their end.
        questions = connection.source().apply(values()).to_list()
        return questions.flat_map_iterable(lambda them: them[::-1]).apply(connection.sink())

    with serving(after_the_end) as address:
        found = list(tcp.connect(*address, LENGTH).concat_map(asking(NUMBERS)))
    assert found == NUMBERS[::-1]


def _answers_each_line(client: socket.socket, read: list[bytes], pause: float = 0.0) -> None:
    with client.makefile("rb") as file:
        for line in file:
            read.append(line)
            client.sendall(b"this line has been read, and is as good as any\n" * 20)
            if len(read) == 100:
                time.sleep(pause)


@pytest.mark.parametrize("safe", [False, True])
def test_a_server_that_answers_gets_all_though_nobody_reads_its_answers(
    contexts: tuple[ssl.SSLContext, ssl.SSLContext], safe: bool
):
    read: list[bytes] = []
    ours, theirs = contexts

    def serve(client: socket.socket) -> None:
        if safe:
            with ours.wrap_socket(client, server_side=True) as wrapped:
                _answers_each_line(wrapped, read, pause=0.2)
        else:
            _answers_each_line(client, read, pause=0.2)

    settings = tcp.Settings(
        server_hostname="localhost", tls=theirs if safe else None, close_timeout=1.0
    )
    sink = tcp.sink(*answering(serve), settings)
    assert Flow.range(5_000).map(b"%d".__mod__).apply(sink).count().run() == 5_000
    eventually(lambda: len(read) == 5_000)


def test_a_client_that_says_more_than_is_read_gets_the_whole_answer():
    def giving(connection: tcp.Connection) -> Flow[Any]:
        return (
            connection.source()
            .take(1)
            .flat_map(lambda _: Flow.of(*NUMBERS))
            .apply(connection.sink())
        )

    with serving(giving, tcp.Settings()) as address, socket.create_connection(address) as client:
        client.sendall(b"first\n" + b"more\n" * 1_000)
        time.sleep(0.1)  # so that the server would have closed, had it not to wait
        client.sendall(b"more\n" * 1_000)
        client.shutdown(socket.SHUT_WR)
        with client.makefile("rb") as file:
            assert file.read().split() == NUMBERS


def test_who_never_ends_a_connection_is_waited_for_until_the_close_timeout():
    read: list[bytes] = []
    over = threading.Event()

    def stay(client: socket.socket) -> None:
        read.append(client.recv(100))
        over.wait(DEADLINE)

    begun = time.monotonic()
    Flow.of(b"a").apply(tcp.sink(*answering(stay), tcp.Settings(close_timeout=0.05))).run()
    over.set()
    assert time.monotonic() - begun < DEADLINE / 2
    assert read == [b"a\n"]


def test_a_reset_after_the_last_frame_is_an_error():
    def leave(client: socket.socket) -> None:
        client.recv(1)
        reset(client)

    with pytest.raises(OSError, match=r"reset|closed"):
        Flow.of(b"a").apply(tcp.sink(*answering(leave))).run()


def test_a_reset_that_comes_just_as_the_end_is_told_is_named(monkeypatch: pytest.MonkeyPatch):
    def write_eof(_: Any) -> None:
        raise OSError(errno.ENOTCONN, "Transport endpoint is not connected")

    over = threading.Event()
    transport = "asyncio.selector_events._SelectorSocketTransport"
    monkeypatch.setattr(f"{transport}.write_eof", write_eof)
    sink = tcp.sink(*answering(lambda client: over.wait(DEADLINE)))
    with pytest.raises(ConnectionResetError, match="the other side has reset the connection"):
        Flow.of(b"a").apply(sink).run()
    over.set()


def test_one_client_that_vanishes_need_not_end_the_server():
    address: queue.Queue[Address] = queue.Queue()
    lost: list[Any] = []
    server = tcp.listen("127.0.0.1", 0, tcp.Settings(on_listening=address.put))
    run = server.flat_map(echo).skip_errors(lost.append).for_each(lambda _: None)
    here = address.get(timeout=DEADLINE)
    with socket.create_connection(here, DEADLINE) as client:
        client.sendall(b"a\n")
        assert client.recv(10) == b"a\n"
        reset(client)
    eventually(lambda: lost)
    assert isinstance(lost[0].error, ConnectionResetError)
    assert isinstance(lost[0].item, tcp.Connection)
    assert list(tcp.connect(*here).concat_map(asking([b"b"]))) == [b"b"]
    cancelled_after(run, lambda: True)


def test_many_clients_at_a_time():
    with serving(echo) as address:
        client = tcp.connect(*address, LENGTH).concat_map(asking(NUMBERS[:50]))
        found = list(Flow.range(12).flat_map(lambda _: client, concurrency=12))
    assert sorted(found) == sorted(NUMBERS[:50] * 12)


# Demand ----------------------------------------------------------------------------------------


def accepted_by(client: socket.socket, data: bytes, seen: list[int], stop: threading.Event) -> None:
    """Send as long as the kernel takes it, as a sender of ours does: without a heap of what is not sent."""
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, 16_384)
    client.setblocking(False)
    while not stop.is_set():
        if select.select([], [client], [], 0.02)[1]:
            seen[0] += client.send(data)
            seen[1] = 0
        else:
            seen[1] += 1  # it did not take any more for so long


def test_with_no_demand_the_sender_has_to_stop():
    stop, seen = threading.Event(), [0, 0]
    data = frames(b"x" * 1_000) * 8
    address = answering(lambda client: accepted_by(client, data, seen, stop))
    subscriber = probe(tcp.source(*address, LENGTH), 3)
    # For half a second: it has stopped.
    eventually(lambda: len(subscriber.items) == 3 and seen[1] >= 25)
    stopped = seen[0]
    assert stopped < 300_000, stopped
    subscriber.request(2_000)  # and with demand it goes on
    eventually(lambda: len(subscriber.items) == 2_003)
    assert seen[0] > stopped
    subscriber.cancel()
    stop.set()


def test_both_ends_ours_under_300_kb_are_under_way():
    sent: list[int] = []

    def endless(connection: tcp.Connection) -> Flow[Any]:
        return (
            Flow.repeat_value(b"x" * 1_000).apply(connection.sink()).tap(lambda _: sent.append(1))
        )

    with serving(endless) as address:
        subscriber = probe(tcp.source(*address, LENGTH), 1)
        try:
            eventually(lambda: len(subscriber.items) == 1)
            assert settled(lambda: len(sent)) * 1_004 < 300_000
            subscriber.request(1_000)
            eventually(lambda: len(subscriber.items) == 1_001)
        finally:
            subscriber.cancel()


def test_demand_counts_frames():
    subscriber = probe(tcp.source(*served(lines(500))), 7)
    eventually(lambda: len(subscriber.items) == 7)
    subscriber.request(3)
    eventually(lambda: len(subscriber.items) == 10)
    assert [each.value for each in subscriber.items] == NUMBERS[:10]
    subscriber.cancel()


def test_a_writer_waits_at_the_high_water_mark():
    go_on = threading.Event()
    got: list[int] = []

    def serve(client: socket.socket) -> None:
        # Fixed, and more than a segment of the loopback: else the kernel sends one each 200 ms.
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 262_144)
        go_on.wait(DEADLINE)
        while data := client.recv(65_536):
            got.append(len(data))

    address = answering(serve)
    asked: list[int] = []
    flow = (
        Flow.range(100_000).map(lambda _: b"x" * 1_000).tap(lambda _: asked.append(1)).take(20_000)
    )
    run = flow.apply(tcp.sink(*address, LENGTH)).for_each(lambda _: None)
    try:
        # Of which a plain receiver's kernel has the larger part.
        assert settled(lambda: len(asked)) < 5_000
        go_on.set()
        run.result(DEADLINE)
        eventually(lambda: sum(got) == 20_000 * 1_004)
    finally:
        go_on.set()
        cancelled_after(run, lambda: True)


def test_where_no_client_can_be_taken_it_is_told_and_tried_again_in_a_while(
    monkeypatch: pytest.MonkeyPatch,
):
    told: list[Any] = []
    tries: list[int] = []
    accept = socket.socket.accept

    def used_up(listening: socket.socket) -> Any:
        tries.append(1)
        if len(tries) <= 2:
            raise OSError(errno.EMFILE, "too many open files")
        return accept(listening)

    before = set_error_hook(lambda error, where: told.append((error, where)))
    try:
        with serving(echo, tcp.Settings()) as address:
            monkeypatch.setattr("operators.connectors.tcp.server.PAUSE", 0.05)
            monkeypatch.setattr(socket.socket, "accept", used_up)
            assert list(tcp.connect(*address).concat_map(asking([b"a"]))) == [b"a"]
    finally:
        set_error_hook(before)
    assert len(tries) == 3
    assert [error.errno for error, _ in told] == [errno.EMFILE] * 2


def test_a_server_accepts_as_many_as_are_asked_for():
    address: queue.Queue[Address] = queue.Queue()
    subscriber = TestSubscriber[Any]()
    tcp.listen("127.0.0.1", 0, tcp.Settings(on_listening=address.put)).subscribe(subscriber)
    subscriber.request(1)
    where = address.get(timeout=DEADLINE)
    clients = [socket.create_connection(where, DEADLINE) for _ in range(3)]
    eventually(lambda: len(subscriber.items) == 1)
    subscriber.request(1)
    eventually(lambda: len(subscriber.items) == 2)
    subscriber.cancel()
    for client in clients:
        client.settimeout(DEADLINE)
        with suppress(ConnectionResetError):
            assert client.recv(1) == b""  # nobody has used it, so it was let go of
        client.close()


# TLS -------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def contexts() -> tuple[ssl.SSLContext, ssl.SSLContext]:
    authority = trustme.CA()
    ours = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("localhost").configure_cert(ours)
    theirs = ssl.create_default_context()
    authority.configure_trust(theirs)
    return ours, theirs


def test_tls_between_a_client_and_a_server(contexts: tuple[ssl.SSLContext, ssl.SSLContext]):
    ours, theirs = contexts
    got: list[Any] = []

    def taking(connection: tcp.Connection) -> Flow[Any]:
        return connection.source().apply(values()).tap(got.append)

    with serving(taking, tcp.Settings(framing="length", tls=ours)) as address:
        settings = tcp.Settings(framing="length", tls=theirs, server_hostname="localhost")
        Flow.of(*NUMBERS).apply(tcp.sink(*address, settings)).run()
        eventually(lambda: got == NUMBERS)


@pytest.mark.parametrize("count", [2, 500])
def test_tls_answers_come_though_it_cannot_half_close(
    contexts: tuple[ssl.SSLContext, ssl.SSLContext], caplog: pytest.LogCaptureFixture, count: int
):
    ours, theirs = contexts
    with serving(echo, tcp.Settings(tls=ours)) as address:
        settings = tcp.Settings(tls=theirs, server_hostname="localhost", close_timeout=0.5)
        flow = tcp.connect(*address, settings).concat_map(asking(NUMBERS[:count]))
        assert list(flow) == NUMBERS[:count]
    assert not caplog.records


def test_one_that_never_greets_keeps_no_other_out(contexts: tuple[ssl.SSLContext, ssl.SSLContext]):
    ours, theirs = contexts

    def giving(connection: tcp.Connection) -> Flow[Any]:
        return Flow.of(b"hello").apply(connection.sink())

    with (
        serving(giving, tcp.Settings(tls=ours)) as address,
        socket.create_connection(address, DEADLINE),
    ):
        settings = tcp.Settings(tls=theirs, server_hostname="localhost")
        assert tcp.source(*address, settings).apply(values()).run() == b"hello"


# Use -------------------------------------------------------------------------------------------


def test_an_error_says_where_it_stands_and_what_was_tried():
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        with pytest.raises(ConnectionRefusedError) as raised:
            tcp.source(*unused.getsockname()).run()
    assert "in tcp.source, written at" in notes(raised.value)


def test_a_connection_cannot_be_used_twice_or_elsewhere():
    address = served(b"a\n", times=2)

    def twice(connection: tcp.Connection) -> Flow[Any]:
        return connection.source().concat(connection.source())

    with pytest.raises(RuntimeError, match="used before"):
        tcp.connect(*address).flat_map(twice).run()
    connection = tcp.connect(*address).first().run()
    assert connection is not None

    async def elsewhere() -> None:
        await connection.source()

    with pytest.raises(RuntimeError, match="another event loop"):
        asyncio.run(elsewhere())


def test_a_connection_that_is_closed_already_is_read_by_who_begins_late():
    """Whoever has it, on another thread, is not there yet when the other side vanishes."""
    has_come, got = threading.Event(), queue.Queue[tcp.Connection]()

    def serve(client: socket.socket) -> None:
        client.sendall(b"a\nb\n")
        assert has_come.wait(DEADLINE)
        reset(client)

    # It asks for all there is: the source goes on to wait for the end.
    run = tcp.connect(*answering(serve)).for_each(got.put)
    connection = got.get(timeout=DEADLINE)
    wire = connection._wire
    eventually(lambda: wire._framing.pending == 4)
    has_come.set()
    eventually(wire.closed.done)
    found: list[bytes] = []
    with pytest.raises(ConnectionResetError):
        connection.source().apply(values()).tap(found.append).run()
    assert found == [b"a", b"b"]
    run.result(DEADLINE)


def test_a_cancelled_server_closes_its_clients():
    def waiting(connection: tcp.Connection) -> Flow[Any]:
        return connection.source()

    closed: list[bytes] = []
    with serving(waiting) as address:
        client = socket.create_connection(address, DEADLINE)
        client.settimeout(DEADLINE)
        client.sendall(frames(b"a"))
    with client:
        try:
            closed.append(client.recv(1))
        except ConnectionResetError:
            closed.append(b"")
    assert closed == [b""]


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: tcp.Settings(framing="xml"),  # type: ignore[arg-type]
        lambda: tcp.Settings(largest=0),
        lambda: tcp.Settings(framing="length", width=1, largest=256),
        lambda: tcp.Settings(silence=-1),
        lambda: tcp.Settings(receive_buffer=0),
    ],
)
def test_settings_that_make_no_sense(wrong: Callable[[], Any]):
    with pytest.raises(ValueError, match="tcp"):
        wrong()
