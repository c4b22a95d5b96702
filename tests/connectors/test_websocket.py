"""WebSocket: both sides, both ways."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest
import websockets.sync.server as bare
from websockets.exceptions import ConnectionClosed

from operators import Flow
from operators.connectors import http, values
from tests.connectors.asgi import serving
from tests.connectors.kit import DEADLINE, cancelled_after, eventually, settled
from tests.operators.kit import soon

JSON = http.WebSocketSettings(format="json")
Handle = Callable[[http.WebSocket], Flow[Any] | None]


def shout(socket: http.WebSocket) -> Flow[Any]:
    return socket.source().apply(values()).map(lambda text: text.upper()).apply(socket.sink())


@contextmanager
def server(
    handle: Handle, settings: http.WebSocketSettings = JSON, **options: Any
) -> Iterator[str]:
    with serving(http.WebSocketApp(handle, settings), **options) as at:
        yield f"ws://{at}/"


@contextmanager
def plain(serve: Callable[[Any], Any], **options: Any) -> Iterator[str]:
    """A server of websockets' own, in threads."""
    with bare.serve(serve, "127.0.0.1", 0, **options) as made:
        thread = threading.Thread(target=made.serve_forever, daemon=True)
        thread.start()
        host, port = made.socket.getsockname()
        yield f"ws://{host}:{port}/"
        made.shutdown()
        thread.join(DEADLINE)


def talk(address: str, both: Callable[[http.WebSocket], Flow[Any]], **settings: Any) -> Flow[Any]:
    return http.websocket(address, http.WebSocketSettings(**settings)).concat_map(both)


def asking(*items: Any, answers: int) -> Callable[[http.WebSocket], Flow[Any]]:
    def both(socket: http.WebSocket) -> Flow[Any]:
        said = Flow.of(*items).apply(socket.sink()).ignore_elements()
        return socket.source().apply(values()).take(answers).merge(said)

    return both


def heard(socket: http.WebSocket) -> Flow[Any]:
    return socket.source().apply(values())


@pytest.mark.parametrize("compressed", [False, True])
def test_an_echo_both_ways(compressed: bool):
    with server(shout, http.WebSocketSettings()) as address:
        found = talk(address, asking("a", "größer", answers=2), compressed=compressed)
        assert list(found) == ["A", "GRÖSSER"]


def test_text_and_binary():
    def same(socket: http.WebSocket) -> Flow[Any]:
        return socket.source().apply(socket.sink())

    with server(same, http.WebSocketSettings()) as address:
        assert list(talk(address, asking("a", b"\x00\xff", answers=2))) == ["a", b"\x00\xff"]


def test_json_values():
    def giving(socket: http.WebSocket) -> Flow[Any]:
        return Flow.of({"n": 1}, [2]).apply(socket.sink())

    with server(giving) as address:
        assert list(talk(address, heard, format="json")) == [{"n": 1}, [2]]


def test_a_server_that_has_sent_all_closes_normally():
    def giving(socket: http.WebSocket) -> Flow[Any]:
        return Flow.range(1_000).apply(socket.sink())

    with server(giving) as address:
        assert list(talk(address, heard, format="json")) == list(range(1_000))


def test_a_client_that_has_sent_all_closes_normally():
    got: list[Any] = []

    def taking(socket: http.WebSocket) -> Flow[Any]:
        return (
            socket.source().apply(values()).tap(got.append).on_terminate(lambda: got.append("end"))
        )

    with server(taking) as address:
        talk(address, lambda s: Flow.range(1_000).apply(s.sink()), format="json").run()
        eventually(lambda: "end" in got)
    assert got == [*range(1_000), "end"]


def test_headers_and_subprotocols():
    seen: list[Any] = []

    def handle(socket: http.WebSocket) -> Flow[Any]:
        seen.append((socket.headers["x-token"], socket.subprotocol))
        return Flow.of("a").apply(socket.sink())

    with server(handle, http.WebSocketSettings(subprotocols=("b", "a"))) as address:
        settings: dict[str, Any] = {"headers": {"X-Token": "t"}, "subprotocols": ("a", "b")}
        found = talk(
            address, lambda s: heard(s).map(lambda text: (text, s.subprotocol)), **settings
        )
        assert found.run() == ("a", "b")
    assert seen == [("t", "b")]


def test_a_client_that_is_refused():
    with server(lambda _: None) as address, pytest.raises(http.StatusError, match="403") as raised:
        talk(address, heard).run()
    assert raised.value.status == 403


# Demand ----------------------------------------------------------------------------------------

KILO = "x" * 1_000


class Counted:
    def __init__(self) -> None:
        self.made = 0
        self.closed = 0

    def flow(self) -> Flow[str]:
        return Flow.defer(lambda: Flow.from_async_iterable(self._endless()))

    async def _endless(self) -> Any:
        try:
            while True:
                self.made += 1
                yield KILO
        finally:
            await asyncio.sleep(0.01)
            self.closed += 1


def test_a_slow_reader_slows_the_flow_of_a_server_down():
    counted = Counted()
    plain_ = http.WebSocketSettings()
    with server(lambda s: counted.flow().apply(s.sink()), plain_, send_buffer=65_536) as address:
        items = iter(talk(address, heard))
        next(items)
        made = settled(lambda: counted.made)
        for _ in range(200):
            next(items)
        assert settled(lambda: counted.made) < made + 400
        items.close()
        eventually(lambda: counted.closed == 1)
    assert made < 8_000


def test_a_server_that_does_not_ask_slows_a_sink_down():
    counted = Counted()
    hold = asyncio.Event()

    def one(socket: http.WebSocket) -> Flow[Any]:
        async def wait(_: Any) -> int:
            await hold.wait()
            return 1

        return socket.source().map_async(wait, concurrency=1)

    with server(one, http.WebSocketSettings()) as address:
        run = talk(address, lambda s: counted.flow().apply(s.sink())).for_each(lambda _: None)
        try:
            eventually(lambda: counted.made > 100)
            made = settled(lambda: counted.made)
        finally:
            run.cancel()
        eventually(lambda: counted.closed == 1)
    assert made < 8_000


# Ends ------------------------------------------------------------------------------------------


def test_a_client_that_goes_cancels_a_flow_that_writes_nothing_for_now():
    closed: list[str] = []

    async def quiet() -> Any:
        try:
            yield "a"
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0.01)
            closed.append("cleaned up")

    def giving(socket: http.WebSocket) -> Flow[Any]:
        return Flow.from_async_iterable(quiet()).apply(socket.sink())

    with server(giving, http.WebSocketSettings()) as address:
        assert talk(address, heard).first().run() == "a"
        eventually(lambda: closed)


def test_a_client_that_goes_cancels_a_flow_that_has_nothing_to_do_with_it():
    closed: list[int] = []

    def other(socket: http.WebSocket) -> Flow[Any]:
        return Flow.never().on_finally(lambda: closed.append(1))

    with server(other) as address:
        opened: list[Any] = []
        cancelled_after(http.websocket(address).for_each(opened.append), lambda: opened)
        eventually(lambda: closed)


@pytest.mark.parametrize(
    ("code", "fails"), [(1000, False), (1001, False), (1011, True), (4001, True)]
)
def test_the_code_of_a_close(code: int, fails: bool):
    def serve(connection: Any) -> None:
        connection.send("a")
        connection.close(code, "why")

    with plain(serve) as address:
        if fails:
            with pytest.raises(http.ClosedError, match=f"closed with {code}: why") as raised:
                talk(address, heard).run()
            assert (raised.value.code, raised.value.reason) == (code, "why")
        else:
            assert talk(address, heard).run() == "a"


@pytest.mark.parametrize("way", ["end", "cancel", "error"])
def test_what_the_other_side_is_told(way: str):
    codes: list[Any] = []
    got: list[Any] = []

    def serve(connection: Any) -> None:
        try:
            while True:
                got.append(connection.recv(DEADLINE))
        except ConnectionClosed as error:
            codes.append(error.rcvd and error.rcvd.code)

    ends: dict[str, Flow[Any]] = {
        "end": Flow.of("a"),
        "cancel": Flow.of("a").concat(Flow.never()),
        "error": Flow.of("a").concat(Flow.error(ValueError("broken"))),
    }
    with plain(serve) as address:
        run = talk(address, lambda s: ends[way].apply(s.sink())).for_each(lambda _: None)
        if way == "cancel":
            cancelled_after(run, lambda: got)
        elif way == "error":
            with pytest.raises(ValueError, match="broken"):
                run.result(DEADLINE)
        else:
            run.result(DEADLINE)
        eventually(lambda: codes)
    assert codes == [{"end": 1000, "cancel": 1001, "error": 1011}[way]]


def test_a_flow_of_a_server_that_fails_is_told_with_1011():
    def failing(socket: http.WebSocket) -> Flow[Any]:
        return Flow.of("a").concat(Flow.error(ValueError("broken"))).apply(socket.sink())

    with server(failing) as address, pytest.raises(http.ClosedError, match="closed with 1011"):
        talk(address, heard).run()


def test_a_connection_that_is_half_consumed_closes_at_once():
    """What has come and was not asked for keeps nobody from closing."""
    over: list[Any] = []

    def serve(connection: Any) -> None:
        try:
            for _ in range(100_000):
                connection.send(KILO)
        except ConnectionClosed as error:
            over.append(error)

    with plain(serve) as address:
        items = iter(talk(address, heard, close_timeout=0.2))
        next(items)
        time.sleep(0.05)  # more comes than was asked for: with less, it is as good
        began = time.monotonic()
        items.close()
        assert time.monotonic() - began < DEADLINE
        eventually(lambda: over)


def test_what_came_before_a_close_is_delivered():
    def serve(connection: Any) -> None:
        for n in range(10):
            connection.send(str(n))
        connection.close()

    with plain(serve) as address:
        found = talk(address, lambda s: heard(s).delay(0.001))
        assert list(found) == [str(n) for n in range(10)]


def test_pings_are_answered_and_sent():
    latency: list[float] = []

    def serve(connection: Any) -> None:
        connection.send("a")
        assert connection.ping().wait(DEADLINE)
        latency.append(1)
        connection.send("b")
        connection.recv(DEADLINE)

    with plain(serve) as address:
        settings = {"ping_interval": 0.01}
        run = iter(talk(address, heard, **settings))
        assert [next(run), next(run)] == ["a", "b"]
        run.close()
    assert latency


def test_who_does_not_answer_a_ping_is_gone():
    from tests.connectors.peers import answering
    from tests.connectors.websocket_peers import greet

    def serve(client: Any) -> None:
        greet(client)
        while client.recv(100):
            pass

    address = answering(serve)
    settings = {"ping_interval": 0.05, "ping_timeout": 0.05, "close_timeout": 0.05}
    flow = talk("ws://{}:{}/".format(*address), heard, **settings)
    with pytest.raises(http.ClosedError, match=r"100[06]|1011"):
        flow.run()


def test_a_task_that_is_cancelled_once_more_while_it_closes_cuts_the_connection_off():
    from tests.connectors.peers import answering
    from tests.connectors.websocket_peers import frame, greet

    closing, gone = threading.Event(), threading.Event()

    def serve(client: Any) -> None:
        greet(client)
        client.sendall(frame(b"a"))
        client.recv(100)  # the client's close, which is not answered
        closing.set()
        with suppress(OSError):
            client.recv(100)
        gone.set()

    async def main(address: Any) -> None:
        got: list[Any] = []

        async def use() -> None:
            async for item in talk("ws://{}:{}/".format(*address), heard, close_timeout=600.0):
                got.append(item)

        using = asyncio.create_task(use())
        await soon(lambda: got)
        using.cancel()
        await soon(closing.is_set)
        assert not using.done()
        using.cancel()
        await asyncio.wait([using], timeout=DEADLINE)
        assert using.cancelled()
        await soon(gone.is_set)

    asyncio.run(main(answering(serve)))


# Use -------------------------------------------------------------------------------------------


def test_a_client_that_takes_nothing_does_not_keep_a_server_from_its_end():
    told: list[str] = []

    async def receive() -> dict[str, Any]:
        if told:
            await asyncio.Event().wait()
        return {"type": "websocket.connect"}

    async def send(message: Any) -> None:
        told.append(message["type"])
        if message["type"] == "websocket.close":
            await asyncio.Event().wait()

    async def main() -> None:
        settings = http.WebSocketSettings(close_timeout=0.01)
        app = http.WebSocketApp(lambda socket: Flow.of("a").apply(socket.sink()), settings)
        async with asyncio.timeout(DEADLINE):
            await app({"type": "websocket", "path": "/", "headers": []}, receive, send)

    asyncio.run(main())
    assert told == ["websocket.accept", "websocket.send", "websocket.close"]


def test_a_socket_cannot_be_used_twice():
    def twice(socket: http.WebSocket) -> Flow[Any]:
        one = Flow.of("a")
        return one.apply(socket.sink()).concat(one.apply(socket.sink()))

    with (
        server(shout, http.WebSocketSettings()) as address,
        pytest.raises(RuntimeError, match="used before"),
    ):
        talk(address, twice).run()


def test_values_that_cannot_be_sent():
    with server(shout, http.WebSocketSettings()) as address:
        number = talk(address, lambda s: Flow.of(1).apply(s.sink()))
        long = talk(address, lambda s: Flow.of("xx").apply(s.sink()), largest=1)
        with pytest.raises(TypeError, match="use format='json'"):
            number.run()
        with pytest.raises(http.FrameTooLargeError):
            long.run()


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: http.WebSocketSettings(format="xml"),  # type: ignore[arg-type]
        lambda: http.WebSocketSettings(prefetch=0),
        lambda: http.WebSocketSettings(silence=-1),
    ],
)
def test_settings_that_make_no_sense(wrong: Callable[[], Any]):
    with pytest.raises(ValueError, match="http"):
        wrong()
