"""HTTP: bodies both ways, on the client's side and on the server's."""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
import time
import tracemalloc
from collections.abc import Callable
from typing import Any

import pytest
import trustme
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.routing import Route

from operators import Flow
from operators.connectors import http, values
from operators.connectors.http.formats import encoder
from tests.connectors.asgi import serving
from tests.connectors.http_peers import replies, url, whole
from tests.connectors.kit import DEADLINE, cancelled_after, eventually, settled
from tests.operators.kit import notes

JSON = http.ClientSettings(format="json")


def numbered(count: int) -> Any:
    return http.Response(Flow.range(count).map(lambda n: {"n": n}))


def client(**settings: Any) -> http.ClientSettings:
    return http.ClientSettings(**settings)


def test_json_lines_from_a_server_to_a_client():
    with serving(numbered(1_000)) as at:
        found = list(http.source(f"http://{at}/", JSON))
    assert [message.value for message in found] == [{"n": n} for n in range(1_000)]
    assert found[0].headers["status"] == 200
    assert found[0].headers["content-type"] == "application/x-ndjson"


@pytest.mark.parametrize(
    ("format", "body", "good"),
    [("json", b"1\n\n2\nthree\n4\n", [1, 2]), ("lines", b"a\nb\n\xff\n", ["a", "b"])],
)
def test_what_comes_before_a_line_that_is_wrong_is_given(format: Any, body: bytes, good: list[Any]):
    got: list[Any] = []
    settings = http.ClientSettings(format=format)
    with pytest.raises(http.BadRecordError, match=r"line [34]"):
        http.source(url(replies(whole(body))), settings).apply(values()).tap(got.append).run()
    assert got == good


@pytest.mark.parametrize(
    ("format", "items", "found"),
    [
        ("lines", ["a", "", "größer", "x" * 200_000], ["a", "", "größer", "x" * 200_000]),
        ("json", [{"a": [1, None]}, "two\nlines", 3], [{"a": [1, None]}, "two\nlines", 3]),
        ("bytes", [b"abc" * 1_000], [b"abc" * 1_000]),
    ],
)
def test_what_is_sent_comes_in_each_format(format: Any, items: list[Any], found: list[Any]):
    app = http.Response(Flow.of(*items), http.ServerSettings(format=format))
    with serving(app) as at:
        got = list(http.source(f"http://{at}/", client(format=format)).apply(values()))
    assert ([b"".join(got)] if format == "bytes" else got) == found


def test_an_item_comes_when_it_is_there():
    """Nothing waits for more to come with it."""
    more = asyncio.Event()
    loops: list[Any] = []

    async def items() -> Any:
        loops.append(asyncio.get_running_loop())
        yield 1
        await more.wait()
        yield 2

    with serving(http.Response(Flow.from_async_iterable(items()))) as at:
        found = []
        for message in http.source(f"http://{at}/", JSON):
            found.append(message.value)
            loops[0].call_soon_threadsafe(more.set)
    assert found == [1, 2]


def uploading(got: list[Any], settings: http.ServerSettings = http.ServerSettings()) -> Any:  # noqa: B008
    """An endpoint of Starlette that collects what it is sent, and says how much it was."""

    async def take(request: Request) -> Any:
        flow = http.body(request.scope, request.receive, settings).apply(values()).tap(got.append)
        return http.Response(flow.count().map(lambda n: {"got": n}))

    return Starlette(routes=[Route("/up", take, methods=["POST", "GET"])])


def test_a_sink_is_the_body_of_a_request():
    got: list[Any] = []
    with serving(uploading(got)) as at:
        sink = http.sink(f"http://{at}/up", client(body_format="json"))
        assert Flow.range(1_000).apply(sink).count().run() == 1_000
    assert got == list(range(1_000))


def test_a_flow_as_the_body_of_what_is_asked():
    got: list[Any] = []
    with serving(uploading(got)) as at:
        settings = client(body=Flow.range(5), body_format="json", format="json")
        answer = http.source(f"http://{at}/up", settings).apply(values())
        assert list(answer) == [{"got": 5}]
        assert list(answer) == [{"got": 5}]  # anew for each
    assert got == [*range(5), *range(5)]


@pytest.mark.parametrize("kind", [bytes, str, "plain", "async"])
def test_other_bodies(kind: Any):
    async def later() -> Any:
        yield "1\n"
        yield "2\n"

    bodies: dict[Any, Any] = {
        bytes: b"1\n2\n",
        str: "1\n2\n",
        "plain": ["1\n", "2\n"],
        "async": later(),
    }
    got: list[Any] = []
    with serving(uploading(got)) as at:
        assert http.source(f"http://{at}/up", client(body=bodies[kind], format="json")).run()
    assert got == [1, 2]


def test_what_is_sent_can_be_answered_as_it_comes():
    """The body of the request is the flow that is answered with."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        lines = http.ServerSettings(format="lines")
        louder = http.body(scope, receive, lines).map(lambda message: message.value.upper())
        await http.Response(louder, lines)(scope, receive, send)

    with serving(app) as at:
        settings = client(body=Flow.of("a", "b"), body_format="lines")
        assert list(http.source(f"http://{at}/", settings).apply(values())) == ["A", "B"]


# A slow reader ---------------------------------------------------------------------------------

KILO = "x" * 1_000


class Counted:
    """Lines of 1 KB, as many as are asked for."""

    def __init__(self) -> None:
        self.made = 0
        self.closed = 0

    def flow(self) -> Flow[str]:
        return Flow.defer(self._flow)

    def _flow(self) -> Flow[str]:
        async def endless() -> Any:
            try:
                while True:
                    self.made += 1
                    yield KILO
            finally:
                await asyncio.sleep(0)  # cleanup that is waited for
                self.closed += 1

        return Flow.from_async_iterable(endless())


def test_a_slow_reader_slows_the_flow_of_a_server_down():
    counted = Counted()
    app = http.Response(counted.flow(), http.ServerSettings(format="lines"))
    with serving(app, send_buffer=65_536) as at:
        items = iter(http.source(f"http://{at}/", client(prefetch=16)))
        next(items)
        made = settled(lambda: counted.made)
        for _ in range(200):
            next(items)
        assert settled(lambda: counted.made) < made + 400
        items.close()
        eventually(lambda: counted.closed == 1)
    # The kernel's buffers of both sides, that of the server (uvicorn), and our batches.
    assert made < 600


def test_a_slow_server_slows_a_sink_down():
    taken: list[str] = []
    hold = threading.Event()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        settings = http.ServerSettings(format="lines", prefetch=16)
        lines = http.body(scope, receive, settings).apply(values()).tap(taken.append)
        await lines.take(1)
        while not hold.is_set():  # noqa: ASYNC110 - it is set by another thread
            await asyncio.sleep(0.01)

    counted = Counted()
    with serving(app) as at:
        run = (
            counted.flow()
            .apply(http.sink(f"http://{at}/", client(body_format="lines")))
            .for_each(lambda _: None)
        )
        try:
            eventually(lambda: taken)
            made = settled(lambda: counted.made)
        finally:
            run.cancel()
            hold.set()
        eventually(lambda: counted.closed == 1)
    assert made < 7_000


def test_a_client_that_goes_cancels_the_flow_and_its_cleanup_is_awaited():
    closed: list[str] = []

    async def forever() -> Any:
        try:
            yield 1
            await asyncio.Event().wait()  # nothing more is sent, so that no write can tell
        finally:
            await asyncio.sleep(0.01)
            closed.append("source")

    answered: list[int] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await http.Response(Flow.from_async_iterable(forever()))(scope, receive, send)
        answered.append(len(closed))

    with serving(app) as at:
        assert http.source(f"http://{at}/", JSON).apply(values()).first().run() == 1
        eventually(lambda: answered)
    assert answered == [1]


def test_a_client_that_goes_while_it_sends_fails_the_body():
    seen: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        lines = http.body(scope, receive, http.ServerSettings(format="lines")).tap(seen.append)
        try:
            await lines
        except ConnectionResetError as error:
            seen.append(error)

    with serving(app) as at:
        host, port = at.split(":")
        with socket.create_connection((host, int(port)), DEADLINE) as plain:
            plain.sendall(
                b"POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n2\r\na\n\r\n"
            )
            eventually(lambda: seen)
        eventually(lambda: len(seen) == 2)
    assert "the client is gone" in str(seen[1])


def test_a_cancel_while_the_answer_is_awaited():
    begun: list[int] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        begun.append(1)
        await http.Response(Flow.never())(scope, receive, send)
        begun.append(2)

    with serving(app) as at:
        cancelled_after(http.source(f"http://{at}/").for_each(lambda _: None), lambda: begun)
        eventually(lambda: begun == [1, 2])


# Errors ----------------------------------------------------------------------------------------


def test_a_status_that_is_no_success():
    settings = http.ServerSettings(status=401, headers={"WWW-Authenticate": "Bearer"})
    app = http.Response(Flow.of({"detail": "no such key"}), settings)
    with serving(app) as at, pytest.raises(http.StatusError, match="status 401") as raised:
        http.source(f"http://{at}/secret?key=hidden", JSON).run()
    assert raised.value.status == 401
    assert raised.value.headers["www-authenticate"] == "Bearer"
    assert "no such key" in raised.value.body
    assert "hidden" not in str(raised.value)
    assert "in http.source, written at" in notes(raised.value)


def test_a_sink_fails_where_the_server_refuses():
    app = http.Response(Flow.of("full"), http.ServerSettings(status=507, format="lines"))
    with serving(app) as at, pytest.raises(http.StatusError, match=r"status 507: 'full"):
        Flow.of("a").apply(http.sink(f"http://{at}/")).run()


def failing(after: int) -> Flow[Any]:
    return Flow.range(after).map(str).concat(Flow.error(ValueError("broken")))


def test_a_flow_that_fails_at_once_is_a_500():
    app = http.Response(failing(0))
    with serving(app) as at, pytest.raises(http.StatusError, match="status 500"):
        http.source(f"http://{at}/").run()


def test_a_flow_that_fails_later_cuts_the_answer():
    app = http.Response(failing(3), http.ServerSettings(batch=1))
    seen: list[Any] = []
    with serving(app) as at, pytest.raises(ConnectionResetError, match="the connection was lost"):
        http.source(f"http://{at}/", JSON).tap(seen.append).run()
    assert len(seen) <= 3


def test_an_error_of_what_comes_cuts_the_request():
    got: list[Any] = []
    with serving(uploading(got)) as at, pytest.raises(ValueError, match="broken"):
        failing(3).apply(http.sink(f"http://{at}/up", client(body_format="json"))).run()


def test_an_item_that_is_no_bytes():
    with serving(numbered(1)) as at, pytest.raises(TypeError, match="use format='json'"):
        Flow.of(1).apply(http.sink(f"http://{at}/")).run()


def test_a_body_is_read_once():
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await http.body(scope, receive)
        await http.Response(http.body(scope, receive))(scope, receive, send)

    with serving(app) as at, pytest.raises(http.StatusError, match="status 500"):
        http.source(f"http://{at}/", client(body=b"1\n")).run()


def test_head_runs_nothing():
    counted = Counted()
    with serving(http.Response(counted.flow())) as at:
        assert list(http.source(f"http://{at}/", client(method="HEAD"))) == []
    assert counted.made == 0


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: http.ClientSettings(format="xml"),  # type: ignore[arg-type]
        lambda: http.ClientSettings(largest=0),
        lambda: http.ClientSettings(silence=-1),
        lambda: http.ServerSettings(format="xml"),  # type: ignore[arg-type]
        lambda: http.ServerSettings(batch=0),
        lambda: http.sink("http://127.0.0.1/", client(body=b"a")),
    ],
)
def test_settings_that_make_no_sense(wrong: Callable[[], Any]):
    with pytest.raises(ValueError, match="http"):
        wrong()


# TLS -------------------------------------------------------------------------------------------


def test_tls(tmp_path: Any):
    authority, cert = trustme.CA(), tmp_path / "cert.pem"
    authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(str(cert))
    theirs = ssl.create_default_context()
    authority.configure_trust(theirs)

    def talk(socket: http.WebSocket) -> Flow[Any]:
        return Flow.of("a").apply(socket.sink())

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "websocket":
            await http.WebSocketApp(talk)(scope, receive, send)
        else:
            await numbered(2)(scope, receive, send)

    with serving(app, ssl_certfile=str(cert)) as at:
        settings = client(format="json", tls=theirs)
        answer = http.source(f"https://{at}/", settings).apply(values())
        assert list(answer) == [{"n": 0}, {"n": 1}]
        sockets = http.websocket(f"wss://{at}/", http.WebSocketSettings(tls=theirs))
        assert sockets.concat_map(lambda socket: socket.source()).apply(values()).run() == "a"


# Memory ----------------------------------------------------------------------------------------


def test_a_long_answer_is_never_in_memory():
    """20 MB, of which a slow reader has no more than it is said to hold."""
    item = "x" * 1_000
    app = http.Response(Flow.repeat_value(item).take(20_000), http.ServerSettings(format="lines"))
    largest = 0
    with serving(app, send_buffer=65_536) as at:
        tracemalloc.start()
        try:
            for n, _ in enumerate(http.source(f"http://{at}/").apply(values())):
                if n % 2_000 == 0:
                    time.sleep(0.001)  # to have all queues fill up
                    largest = max(largest, tracemalloc.get_traced_memory()[0])
        finally:
            tracemalloc.stop()
        assert n == 19_999
    assert largest < 5_000_000


def test_bytes_are_a_line_as_they_are():
    line = encoder("lines", "it", "utf-8")
    assert [line(b"\xffa"), line("ä"), line(3)] == [b"\xffa\n", "ä\n".encode(), b"3\n"]
    with pytest.raises(ValueError, match="it: a line may have no line feed"):
        line(b"a\nb")
