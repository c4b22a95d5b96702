"""Server-Sent Events: the rules of the stream, a client that connects again, a server."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from operators import Backoff, Flow
from operators.connectors import Message, http, values
from operators.connectors.http import event_source
from operators.connectors.http.sse import Events, event_of
from tests.connectors.asgi import serving
from tests.connectors.http_peers import CHUNKED_EVENTS, LAST, chunk, replies, url
from tests.connectors.kit import cancelled_after, eventually
from tests.connectors.peers import reset

EVENTS = http.ServerSettings(format="events")
SOON = Backoff(0.001, most=0.01)


def parsed(*pieces: bytes, largest: int = 1_000) -> list[tuple[str, dict[str, Any]]]:
    found = Events(largest)
    for piece in pieces:
        found.feed(piece)
    return [(event.value, dict(event.headers)) for event in found.take(1_000)]


# The stream ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("stream", "data"),
    [
        (b"data: YHOO\ndata: +2\ndata: 10\n\n", ["YHOO\n+2\n10"]),
        (b": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n\n",
         ["first event", "second event", " third event"]),
        (b"data\n\ndata\ndata\n\ndata:", ["", "\n"]),
        (b"data:test\n\ndata: test\n\n", ["test", "test"]),
        (b"\xef\xbb\xbfdata: bom\n\n", ["bom"]),
        (b"\xef\xbb\xbf\xef\xbb\xbfdata: two\n\ndata: a\n\n", ["a"]),
        (b"data: a\r\rdata: b\r\n\r\ndata: c\n\r\n", ["a", "b", "c"]),
        (b"data: \xff\n\n", ["\ufffd"]),
        (b"unknown: a\nDATA: b\ndata : c\nevent: x\n\n", []),
        (b"data: not ended\n", []),
    ],
)  # fmt: skip
def test_a_stream_is_read_by_the_rules(stream: bytes, data: list[str]):
    assert [value for value, _ in parsed(stream)] == data
    assert [value for value, _ in parsed(*(stream[n : n + 1] for n in range(len(stream))))] == data


def test_names_and_ids():
    stream = (
        b"event: add\nid: 1\ndata: a\n\ndata: b\n\nid: x\0y\ndata: c\n\nid\ndata: d\n\nid: 9\n\n"
    )
    assert parsed(stream) == [
        ("a", {"event": "add", "id": "1"}),
        ("b", {"event": "message", "id": "1"}),
        ("c", {"event": "message", "id": "1"}),
        ("d", {"event": "message"}),
    ]
    found = Events(100)
    found.feed(stream + b"id: 10\ndata: cut")
    assert found.last_id == "9"


@pytest.mark.parametrize(
    ("said", "pause"), [(b"250", 0.25), (b" 7", 0.007), (b"-1", None), (b"1s", None), (b"", None)]
)
def test_retry_is_digits(said: bytes, pause: float | None):
    found = Events(100)
    found.feed(b"retry:" + said + b"\n\n")
    assert found.retry == pause


@pytest.mark.parametrize(
    "stream", [b"data: " + b"x" * 101, b"data: 012345678\n" * 20, b": " + b"x" * 101]
)
def test_what_is_too_large(stream: bytes):
    with pytest.raises(http.FrameTooLargeError, match=r"100 are allowed"):
        parsed(stream, largest=100)


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


@given(st.lists(st.tuples(TEXT, st.sampled_from(["", "7", "a b"])), max_size=5), st.data())
def test_what_is_written_is_read_however_it_is_cut(items: list[tuple[str, str]], data: Any):
    stream = b"".join(event_of(Message(text, {"id": id_, "event": "e"})) for text, id_ in items)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=5)))
    pieces = [stream[a:b] for a, b in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
    ends = [text.replace("\r\n", "\n").replace("\r", "\n") for text, _ in items]
    found = parsed(*pieces, largest=10_000)
    assert [value for value, _ in found] == ends
    assert [headers.get("id", "") for _, headers in found] == [id_ for _, id_ in items]


@pytest.mark.parametrize("headers", [{"event": "a\nb"}, {"id": "\r"}, {"id": "\0"}])
def test_a_name_of_several_lines_is_refused(headers: dict[str, str]):
    with pytest.raises(ValueError, match="may have no line end"):
        event_of(Message("a", headers))


# Client and server -----------------------------------------------------------------------------


def test_events_from_a_server_to_a_client():
    items = [Message({"n": 1}, {"event": "token", "id": "1"}), "plain", Message("two\nlines")]
    with serving(http.Response(Flow.of(*items), EVENTS)) as at:
        found = list(http.events(f"http://{at}/"))
    assert found == [
        Message('{"n": 1}', {"event": "token", "id": "1"}),
        Message("plain", {"event": "message", "id": "1"}),
        Message("two\nlines", {"event": "message", "id": "1"}),
    ]


def test_the_head_of_events_comes_at_once_and_comments_where_there_is_none():
    settings = http.ServerSettings(format="events", keep_alive=0.01)
    with serving(http.Response(Flow.never(), settings)) as at:
        seen: list[bytes] = []
        settings_ = http.ClientSettings(format="bytes")
        run = http.source(f"http://{at}/", settings_).apply(values()).for_each(seen.append)
        cancelled_after(run, lambda: b"".join(seen).count(b": still here\n\n") >= 2)


def counting(log: list[str]) -> Any:
    """Numbers from the one after the last id; each third answer is cut after two events, each other ended."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        last = http.last_event_id(scope)
        log.append(last)
        begin = int(last or 0) + 1
        if begin > 10:
            await send({"type": "http.response.start", "status": 204, "headers": []})
            await send({"type": "http.response.body"})
            return
        numbers = Flow.range(begin, begin + 2).map(lambda n: Message(str(n), {"id": str(n)}))
        if len(log) % 3 == 0:
            numbers = numbers.concat(Flow.error(ValueError("cut")))
        await http.Response(numbers, EVENTS)(scope, receive, send)

    return app


def test_it_goes_on_where_it_was_until_there_is_no_more():
    log: list[str] = []
    with serving(counting(log)) as at:
        settings = http.ClientSettings(reconnect="always", backoff=SOON)
        found = http.events(f"http://{at}/", settings).apply(values()).map(int)
        assert list(found) == list(range(1, 11))
    assert log[0] == ""
    assert log[-1] == "10"


def test_it_begins_where_it_is_told_to():
    log: list[str] = []
    with serving(counting(log)) as at:
        settings = http.ClientSettings(headers={"Last-Event-ID": "4"})
        assert list(http.events(f"http://{at}/", settings).apply(values())) == ["5", "6"]


def refused(status: int, more: bytes = b"") -> bytes:
    # Each peer answers one request: without the close the next one might go to whom is gone.
    head = b"HTTP/1.1 %d No\r\ncontent-length: 0\r\nconnection: close\r\n%b\r\n"
    return head % (status, more)


def cut(data: bytes) -> Callable[[socket.socket], Any]:
    def answer(client: socket.socket) -> None:
        client.sendall(CHUNKED_EVENTS + chunk(data))

    return answer


def test_lost_connections_are_made_again_and_ends_are_ends():
    asked: list[bytes] = []
    address = replies(
        cut(b"id: 1\ndata: a\n\nid: 2\ndata: cut"),
        refused(503),
        cut(b"id: 2\ndata: b\n\n"),
        CHUNKED_EVENTS + chunk(b"data: c\n\n") + LAST,
        asked=asked,
    )
    settings = http.ClientSettings(reconnect="lost", backoff=SOON)
    assert list(http.events(url(address), settings).apply(values())) == ["a", "b", "c"]
    ids = [b"last-event-id: 1" in head for head in asked]
    assert ids == [False, True, True, False]
    assert b"last-event-id: 2" in asked[3]


def test_the_pause_of_the_server_counts(monkeypatch: pytest.MonkeyPatch):
    pauses: list[float] = []

    async def noted(seconds: float) -> None:
        pauses.append(seconds)

    monkeypatch.setattr(event_source, "sleep", noted)
    address = replies(
        cut(b"retry: 1500\ndata: a\n\n"),
        refused(429, b"retry-after: 7\r\n"),
        CHUNKED_EVENTS + LAST,
    )
    settings = http.ClientSettings(reconnect="lost", backoff=SOON)
    assert list(http.events(url(address), settings).apply(values())) == ["a"]
    assert [seconds for seconds in pauses if seconds >= 1] == [1.5, 7.0]


def test_it_gives_up_when_the_backoff_does():
    settings = http.ClientSettings(
        reconnect="lost", backoff=Backoff(0.001, factor=1, budget=0.0035)
    )
    asked: list[bytes] = []
    address = replies(*[refused(503)] * 4, asked=asked)
    with pytest.raises(http.StatusError, match="status 503"):
        http.events(url(address), settings).run()
    assert len(asked) == 4


def test_without_reconnect_a_lost_connection_is_an_error():
    seen: list[Any] = []
    with pytest.raises(ConnectionResetError):
        http.events(url(replies(cut(b"data: a\n\n")))).tap(seen.append).run()
    assert len(seen) == 1


def test_what_is_no_stream_of_events():
    with (
        serving(http.Response(Flow.of({"error": "quota"}))) as at,
        pytest.raises(http.BadRecordError, match=r"not text/event-stream: b'{.error.: .quota.}"),
    ):
        http.events(f"http://{at}/", http.ClientSettings(reconnect="always")).run()


def test_a_cancel_while_it_pauses():
    asked: list[bytes] = []
    address = replies(refused(503), asked=asked)
    settings = http.ClientSettings(reconnect="lost", backoff=Backoff(60))
    run = http.events(url(address), settings).for_each(lambda _: None)
    cancelled_after(run, lambda: asked)


def test_a_server_that_is_killed_and_comes_back():
    seen: list[str] = []

    def killed(client: socket.socket) -> None:
        client.sendall(CHUNKED_EVENTS + chunk(b"id: 5\ndata: a\n\n"))
        eventually(lambda: seen == ["a"])
        reset(client)

    asked: list[bytes] = []
    address = replies(killed, CHUNKED_EVENTS + chunk(b"data: b\n\n") + LAST, asked=asked)
    settings = http.ClientSettings(reconnect="lost", backoff=SOON)
    http.events(url(address), settings).apply(values()).tap(seen.append).run()
    assert seen == ["a", "b"]
    assert b"last-event-id: 5" in asked[1]


def test_a_proxy_passes_tokens_on_to_many_each_at_its_own_pace():
    stopped: list[int] = []
    asked: list[int] = []

    async def tokens() -> Any:
        asked.append(1)
        try:
            for n in range(500):
                yield Message("x" * 1_000, {"id": str(n)})
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            stopped.append(1)

    def upstream() -> Flow[Any]:
        return Flow.from_async_iterable(tokens())

    with serving(http.Response(Flow.defer(upstream), EVENTS)) as model:
        shared = http.events(f"http://{model}/").replay(1_000).ref_count()
        proxy = http.Response(shared.on_backpressure_buffer(1_000), EVENTS)
        with serving(proxy, send_buffer=16_384) as at:
            events = http.events(f"http://{at}/", http.ClientSettings(prefetch=1))
            slow, fast = iter(events), iter(events)
            next(slow)
            assert [next(fast).headers["id"] for _ in range(500)][-1] == "499"
            fast.close()
            assert not stopped  # one is still there
            assert [next(slow).headers["id"] for _ in range(499)][-1] == "499"
            slow.close()
            eventually(lambda: stopped)
    assert asked == [1]
