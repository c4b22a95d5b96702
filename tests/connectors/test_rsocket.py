"""RSocket: demand is told exactly, and all else that crosses; both ends ours, or one by hand."""

from __future__ import annotations

import asyncio
import queue
import struct
import threading
from contextlib import suppress
from typing import Any

import pytest

from operators import Flow
from operators.connectors import Message, rsocket, values
from operators.schedulers import thread
from reactive_streams import UNBOUNDED
from tck import Settings
from tests.connectors.kit import DEADLINE, MANY, eventually
from tests.connectors.rsockets import (
    CANCEL,
    CHANNEL,
    COMPLETE,
    ERROR,
    FNF,
    NEXT,
    PAYLOAD,
    REQUEST_N,
    RESPONSE,
    SETUP,
    STREAM,
    Hand,
    by_hand,
    client_of,
    frame,
    numbered,
    serving,
    setup,
)
from tests.operators.heart import LONGEST, Heart
from tests.operators.kit import probe
from tests.tck.own import Own
from tests.tck.verifying import conforms, verify_source

BOTH = ["tcp://127.0.0.1:0", "ws://127.0.0.1:0"]
MOST = 2**31 - 1


def n_of(n: int) -> bytes:
    return struct.pack(">I", n)


def ask(url: str, how: str, *args: Any) -> Flow[Any]:
    """One request over a connection of its own."""
    return rsocket.connect(url, lambda connection: getattr(connection, how)(*args))


# Each interaction, both ends ours ---------------------------------------------------------------


@pytest.mark.parametrize("where", BOTH)
def test_each_kind_of_request(where: str):
    forgotten: queue.Queue[Any] = queue.Queue()

    def keep(message: Message[bytes]) -> Flow[Any]:
        forgotten.put(message)
        return Flow.empty()

    responder = rsocket.Responder(
        request_stream=lambda message: Flow.range(int(message.value)).map(numbered),
        request_response=lambda message: Flow.of(message.value.upper()),
        request_channel=lambda first, incoming: incoming.map(
            lambda message: first.value + message.value
        ),
        fire_and_forget=keep,
        metadata_push=keep,
    )
    with serving(responder, where) as url:
        assert list(rsocket.source(url, b"300").apply(values())) == [*map(numbered, range(300))]
        assert ask(url, "request_response", b"hi").run() == Message(b"HI")
        found = ask(url, "request_channel", Flow.of(b"a", b"b", b"c")).apply(values())
        assert list(found) == [b"aa", b"ab", b"ac"]
        assert list(ask(url, "fire_and_forget", b"bye")) == []
        assert forgotten.get(timeout=DEADLINE) == Message(b"bye")
        assert list(ask(url, "metadata_push", b"all")) == []
        assert forgotten.get(timeout=DEADLINE) == Message(b"", {"metadata": b"all"})
        assert Flow.of(b"1", b"2").apply(rsocket.sink(url)).count().run() == 2


@pytest.mark.parametrize("where", BOTH)
def test_many_requests_over_one_connection(where: str):
    with serving(url=where) as url:

        def use(connection: rsocket.Connection) -> Flow[Any]:
            return Flow.range(200).flat_map(
                lambda n: connection.request_stream(numbered(n)).count(), concurrency=50
            )

        assert sorted(rsocket.connect(url, use)) == list(range(200))


def test_a_connection_inside_of_another_flow_lasts_until_its_answers_are_there():
    ticks = Flow.interval(0.02).take(2).on_backpressure_buffer(2)  # whoever asks may be late
    later = rsocket.Responder(request_stream=lambda m: ticks.map(numbered))

    async def main(url: str) -> list[Any]:
        one, other = (rsocket.source(url).apply(values()) for _ in range(2))
        return sorted([value async for value in one.merge(other)])

    with serving(later) as url:
        assert asyncio.run(main(url)) == [b"0", b"0", b"1", b"1"]


def test_on_an_event_loop_and_the_server_asks_too():
    async def main() -> list[Any]:
        urls: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        settings = rsocket.Settings(on_listening=urls.set_result)
        listening = rsocket.listen("tcp://127.0.0.1:0", rsocket.Responder(), settings)
        asked = listening.flat_map(lambda client: client.request_stream(b"who").apply(values()))
        heard: asyncio.Queue[bytes] = asyncio.Queue()
        server = asked.for_each(heard.put_nowait)
        own = rsocket.Responder(request_stream=lambda message: Flow.of(message.value, b"me"))
        client = rsocket.connect(await urls, lambda _: Flow.never(), responder=own)
        run = client.for_each(lambda _: None)
        async with asyncio.timeout(DEADLINE):
            found = [await heard.get(), await heard.get()]
        run.cancel()
        server.cancel()
        await asyncio.gather(run, server, return_exceptions=True)
        return found

    assert asyncio.run(main()) == [b"who", b"me"]


def test_metadata_and_fragments_cross():
    long = Message(b"d" * 1_000, {"metadata": b"m" * 500})
    echo = rsocket.Responder(
        request_stream=lambda message: Flow.of(message, b"", message),
        request_channel=lambda first, incoming: incoming,
    )
    for fragment in (None, 64, 700):
        with serving(echo, fragment=fragment) as url:
            settings = rsocket.Settings(fragment=fragment)
            found = list(rsocket.source(url, long, settings))
            assert found == [long, Message(b""), long]
            flow = rsocket.connect(
                url, lambda c: c.request_channel(Flow.of(long, b"", b"x", long)), settings
            )
            assert list(flow) == [long, Message(b""), Message(b"x"), long]


# REQUEST_N --------------------------------------------------------------------------------------


def test_the_other_side_is_told_exactly_what_is_asked_for():
    told: queue.Queue[int] = queue.Queue()

    def serve(hand: Hand) -> None:
        stream, n, _ = hand.asked()
        told.put(n)
        hand.send(*[frame(stream, PAYLOAD, NEXT, numbered(k)) for k in range(3)])
        told.put(hand.request_n())
        hand.send(*[frame(stream, PAYLOAD, NEXT, numbered(k)) for k in range(3, 5)])
        told.put(hand.request_n())
        hand.send(frame(stream, PAYLOAD, NEXT | COMPLETE, b"5"))
        hand.rest()

    seen = probe(rsocket.source(by_hand(serve)).apply(values()), 0)
    assert told.empty()  # the request is held back until something is asked for
    seen.request(3)
    assert told.get(timeout=DEADLINE) == 3
    eventually(lambda: len(seen.items) == 3)
    seen.request(2)
    assert told.get(timeout=DEADLINE) == 2
    eventually(lambda: len(seen.items) == 5)
    seen.request(1_000)
    assert told.get(timeout=DEADLINE) == 1_000
    eventually(lambda: seen.completed)
    # What comes with the end is two signals.
    assert seen.items == [b"0", b"1", b"2", b"3", b"4", b"5"]
    assert not seen.violations


def test_nothing_is_asked_before_there_is_demand():
    asked = threading.Event()

    def serve(hand: Hand) -> None:
        assert hand.receive()[1] == SETUP
        connected.set()
        hand.receive()
        asked.set()

    connected = threading.Event()
    flow = rsocket.connect(by_hand(serve), lambda c: Flow.of(c).concat_map(subscribe))
    seen: list[Any] = []

    def subscribe(connection: rsocket.Connection) -> Flow[Any]:
        seen.append(probe(connection.request_stream(b""), 0))
        return Flow.never()

    run = flow.for_each(lambda _: None)
    try:
        assert connected.wait(DEADLINE)
        eventually(lambda: seen)
        assert not asked.wait(0.05)
        seen[0].request(1)
        assert asked.wait(DEADLINE)
    finally:
        run.cancel()


def test_demand_above_31_bits_is_told_in_parts(monkeypatch: pytest.MonkeyPatch):
    def serve(hand: Hand) -> None:
        stream, n, _ = hand.asked()
        told.append(n)
        hand.send(*[frame(stream, PAYLOAD, NEXT, b"x")] * 4)
        told.append(hand.request_n())
        hand.send(*[frame(stream, PAYLOAD, NEXT, b"x")] * 3, frame(stream, PAYLOAD, COMPLETE))
        hand.rest()

    told: list[int] = []
    monkeypatch.setattr("operators.connectors.rsocket.streams.MOST", 7)
    seen = probe(rsocket.source(by_hand(serve)), UNBOUNDED)
    eventually(lambda: seen.completed)
    assert len(seen.items) == 7
    assert told == [7, 4]


@pytest.mark.parametrize(("asked", "first"), [(MOST, MOST), (2**40, MOST), (UNBOUNDED, MOST)])
def test_a_frame_has_31_bits_of_demand(asked: int, first: int):
    told: queue.Queue[int] = queue.Queue()

    def serve(hand: Hand) -> None:
        stream, n, _ = hand.asked()
        told.put(n)
        hand.send(frame(stream, PAYLOAD, COMPLETE))
        hand.rest()

    seen = probe(rsocket.source(by_hand(serve)), asked)
    assert told.get(timeout=DEADLINE) == first
    eventually(lambda: seen.completed)


@pytest.mark.parametrize("n", [0, -1, "1"])
def test_demand_that_makes_no_sense_is_no_matter_of_the_other_side(n: Any):
    gone = threading.Event()

    def serve(hand: Hand) -> None:
        hand.asked()
        asked.set()
        try:
            kinds.append(hand.receive()[1])
        finally:
            gone.set()

    kinds: list[int] = []
    asked = threading.Event()
    seen = probe(rsocket.source(by_hand(serve)), 1)
    assert asked.wait(DEADLINE)
    seen.request(n)
    eventually(lambda: seen.error is not None)
    assert "§3.9" in str(seen.error)
    assert gone.wait(DEADLINE)
    assert kinds in ([], [CANCEL])


def test_a_peer_that_sends_more_than_was_asked_for_is_refused():
    kinds: queue.Queue[int] = queue.Queue()

    def serve(hand: Hand) -> None:
        stream, _, _ = hand.asked()
        hand.send(*[frame(stream, PAYLOAD, NEXT, b"x")] * 3)
        kinds.put(hand.receive()[1])
        hand.rest()

    seen = probe(rsocket.source(by_hand(serve)), 2)
    eventually(lambda: seen.error is not None)
    assert isinstance(seen.error, rsocket.ProtocolError)
    assert len(seen.items) == 2
    assert kinds.get(timeout=DEADLINE) == CANCEL


def test_what_comes_after_the_end_is_nobodys():
    def serve(hand: Hand) -> None:
        stream, _, _ = hand.asked()
        over = [frame(stream, PAYLOAD, COMPLETE), frame(stream, PAYLOAD, NEXT, b"late")]
        hand.send(frame(stream, PAYLOAD, NEXT, b"x"), *over, frame(stream, ERROR, 0, n_of(0x201)))
        hand.rest()

    seen = probe(rsocket.source(by_hand(serve)), 10)
    eventually(lambda: seen.completed)
    assert len(seen.items) == 1
    assert not seen.violations


# Our answers ------------------------------------------------------------------------------------


def test_a_publisher_of_ours_is_asked_for_a_window_at_most():
    made: list[int] = []
    endless = rsocket.Responder(
        request_stream=lambda _: Flow.range(10**9).tap(made.append).map(lambda _: b"x" * 1_000)
    )
    with serving(endless, window=16) as url, client_of(url) as hand:
        hand.send(frame(1, STREAM, 0, n_of(MOST)))
        hand.receive()
        before = -1
        while before != (before := len(made)):  # until it has stopped
            threading.Event().wait(0.2)
        # What two kernels hold, and 16 items of ours; not 10**9.
        assert 16 <= len(made) < 5_000
        assert made == list(range(len(made)))
        hand.send(frame(1, CANCEL))


def test_no_more_than_was_asked_for_is_asked_of_a_flow():
    asked: list[int] = []
    responder = rsocket.Responder(
        request_stream=lambda _: Flow.range(10).map(numbered).tap(on_request=asked.append)
    )
    with serving(responder) as url, client_of(url) as hand:
        hand.send(frame(1, STREAM, 0, n_of(3)))
        assert [hand.receive()[3] for _ in range(3)] == [b"0", b"1", b"2"]
        hand.send(frame(1, REQUEST_N, 0, n_of(7)))
        assert [hand.receive()[3] for _ in range(7)] == [*map(numbered, range(3, 10))]
        assert hand.receive()[2] & COMPLETE
    assert asked == [3, 7]


def test_a_slow_reader_has_the_other_side_wait():
    made: list[int] = []
    ahead: list[int] = []
    responder = rsocket.Responder(
        request_stream=lambda _: Flow.range(300).tap(made.append).map(lambda _: b"x" * 1_000)
    )

    def slowly(_: Any) -> None:
        taken.append(None)
        ahead.append(len(made) - len(taken))
        threading.Event().wait(0.001)

    taken: list[None] = []
    with serving(responder) as url:
        slow = rsocket.source(url).limit_rate(16).publish_on(thread("slow"), prefetch=16)
        assert slow.tap(slowly).count().run() == 300
    assert max(ahead) <= 32


def test_our_kit_over_a_publisher_of_ours_through_the_wire():
    with serving() as url:

        def source(elements: int) -> Flow[Any]:
            return rsocket.source(url, numbered(min(elements, 1_000))).apply(values()).map(int)

        own = Own("rsocket.source", source, MANY, hops=True)
        conforms(verify_source(own, Settings(**own.declares)))


def test_a_publisher_may_take_its_time_to_hand_the_subscription_over():
    class Late:
        def subscribe(self, subscriber: Any) -> None:
            flow = Flow.of(b"a", b"b")
            threading.Timer(0.05, lambda: flow.subscribe(subscriber)).start()

    with serving(rsocket.Responder(request_stream=lambda _: Late())) as url:
        assert list(rsocket.source(url).apply(values())) == [b"a", b"b"]


def test_items_from_another_thread_are_marshalled_to_the_loop():
    elsewhere = rsocket.Responder(
        request_stream=lambda _: Flow.range(1_000).publish_on(thread("elsewhere")).map(numbered)
    )
    with serving(elsewhere) as url:
        seen = probe(rsocket.source(url).apply(values()).publish_on(thread("here")), 1_000)
        eventually(lambda: seen.completed)
        assert seen.items == [*map(numbered, range(1_000))]
        assert not seen.violations


def test_a_cancel_crosses():
    gone = threading.Event()
    responder = rsocket.Responder(request_stream=lambda _: Flow.never().on_finally(gone.set))

    def given_up(connection: rsocket.Connection) -> Flow[Any]:
        return connection.request_stream().take_until(0.01).concat(Flow.never())

    with serving(responder) as url:
        with client_of(url) as hand:
            hand.send(frame(1, STREAM, 0, n_of(1)), frame(1, CANCEL))
            assert gone.wait(DEADLINE)
            gone.clear()
        run = rsocket.connect(url, given_up).for_each(lambda _: None)
        try:
            assert gone.wait(DEADLINE)  # by the frame: the connection goes on
        finally:
            run.cancel()


def test_an_error_crosses_with_its_message_and_its_code():
    codes = {b"plain": OSError("disk full"), b"own": rsocket.RemoteError(0x301, "sold out")}
    failing = rsocket.Responder(
        request_stream=lambda message: Flow.of(b"1").concat(Flow.error(codes[message.value])),
        request_response=lambda message: Flow.error(codes[message.value]),
    )
    with serving(failing) as url:
        for payload, code, text in ((b"plain", 0x201, "disk full"), (b"own", 0x301, "sold out")):
            for how in ("request_stream", "request_response"):
                with pytest.raises(rsocket.RemoteError) as caught:
                    ask(url, how, payload).run()
                assert (caught.value.code, caught.value.text) == (code, text)


def test_what_has_no_function_is_rejected_and_what_raises_is_told(caplog: Any):
    def raises(message: Message[bytes]) -> Any:
        raise OSError("no such thing")

    with serving(rsocket.Responder(request_stream=raises, request_response=lambda _: 7)) as url:  # type: ignore[arg-type,return-value]
        with pytest.raises(rsocket.RemoteError, match="no such thing"):
            ask(url, "request_stream").run()
        with pytest.raises(rsocket.RemoteError, match="must give a Flow or a Publisher"):
            ask(url, "request_response").run()
        with pytest.raises(rsocket.RemoteError, match="REJECTED: there is no request_channel"):
            ask(url, "request_channel", Flow.of(b"a")).run()


def test_an_answer_that_is_no_payload_is_told(caplog: Any):
    with (
        serving(rsocket.Responder(request_stream=lambda _: Flow.of("text"))) as url,
        pytest.raises(rsocket.RemoteError, match="a payload is bytes"),
    ):
        rsocket.source(url).run()
    assert "no payload" in caplog.text


def test_no_more_requests_than_settings_allow():
    never = rsocket.Responder(request_stream=lambda _: Flow.never())
    with serving(never, streams=2) as url, client_of(url) as hand:
        hand.send(*[frame(n, STREAM, 0, n_of(1)) for n in (1, 3, 5)])
        stream, kind, _, body = hand.receive()
        assert (stream, kind, body[:4]) == (5, ERROR, n_of(0x202))
        hand.send(frame(1, CANCEL), frame(7, STREAM, 0, n_of(1)), frame(9, STREAM, 0, n_of(1)))
        assert hand.receive()[:2] == (9, ERROR)


# Channels ---------------------------------------------------------------------------------------


def test_the_items_of_a_channel_go_as_they_are_asked_for():
    asked: list[int] = []

    def serve(hand: Hand) -> None:
        stream, n, payload = hand.asked(CHANNEL)
        told.append((n, payload))
        hand.send(frame(stream, REQUEST_N, 0, n_of(2)))
        told.append([hand.receive()[3], hand.receive()[3]])
        hand.send(frame(stream, REQUEST_N, 0, n_of(5)))
        told.append([hand.receive()[3], hand.receive()[2]])
        hand.send(frame(stream, PAYLOAD, NEXT | COMPLETE, b"well"))
        hand.rest()

    told: list[Any] = []
    items = Flow.range(4).map(numbered).tap(on_request=asked.append)
    assert list(ask(by_hand(serve), "request_channel", items).apply(values())) == [b"well"]
    assert told == [(1, b"0"), [b"1", b"2"], [b"3", COMPLETE]]
    assert asked == [1, 2, 5]


def test_a_channel_without_items_asks_nothing():
    with serving() as url:
        assert list(ask(url, "request_channel", Flow.empty())) == []
        with pytest.raises(OSError, match="mine"):
            ask(url, "request_channel", Flow.error(OSError("mine"))).run()


def test_a_channel_completes_when_both_directions_have():
    first = rsocket.Responder(
        request_channel=lambda message, incoming: Flow.of(b"only").merge(
            incoming.tap(lambda m: got.append(m.value)).ignore_elements()
        )
    )
    got: list[bytes] = []
    with serving(first) as url:
        items = Flow.range(500).map(numbered)
        assert list(ask(url, "request_channel", items).apply(values())) == [b"only"]
        assert got == [*map(numbered, range(500))]


def test_who_wants_nothing_of_a_channel_says_so():
    stopped = threading.Event()
    deaf = rsocket.Responder(request_channel=lambda first, _: Flow.of(first.value))
    with serving(deaf) as url:
        items = Flow.of(b"a").concat(Flow.never()).on_finally(stopped.set)
        assert list(ask(url, "request_channel", items).apply(values())) == [b"a"]
        assert stopped.wait(DEADLINE)


def test_an_error_ends_both_directions_of_a_channel():
    seen: queue.Queue[Any] = queue.Queue()
    responder = rsocket.Responder(
        request_channel=lambda first, incoming: incoming.tap(on_error=seen.put).apply(values())
    )
    items = Flow.of(b"a").concat(Flow.error(OSError("mine")))

    def use(connection: rsocket.Connection) -> Flow[Any]:
        asked = connection.request_channel(items).tap(on_error=mine.append)
        return asked.on_error_resume(lambda _: Flow.never())

    mine: list[Exception] = []
    with serving(responder) as url:
        run = rsocket.connect(url, use).for_each(lambda _: None)
        try:
            assert str(seen.get(timeout=DEADLINE)) == "APPLICATION_ERROR: mine"
            eventually(lambda: mine)
            assert isinstance(mine[0], OSError)
        finally:
            run.cancel()


def test_what_comes_of_a_channel_is_for_one():
    twice = rsocket.Responder(request_channel=lambda _, incoming: incoming.merge(incoming))
    with serving(twice) as url, pytest.raises(rsocket.RemoteError, match="has a Subscriber"):
        ask(url, "request_channel", Flow.of(b"a")).run()


def test_a_sink_is_told_of_the_other_sides_error_and_cancel():
    failing = rsocket.Responder(
        request_channel=lambda _, incoming: incoming.take(2).concat(Flow.error(OSError("full")))
    )
    with serving(failing) as url, pytest.raises(rsocket.RemoteError, match="full"):
        Flow.range(10_000).map(numbered).apply(rsocket.sink(url)).run()
    with serving(rsocket.Responder(request_channel=lambda *_: Flow.empty())) as url:
        with pytest.raises(ConnectionResetError, match="wants no more"):
            Flow.range(10_000).map(numbered).apply(rsocket.sink(url)).run()
        assert list(Flow.empty().apply(rsocket.sink(url))) == []


# A connection -----------------------------------------------------------------------------------


def test_a_sign_of_life_is_answered():
    with serving() as url, client_of(url) as hand:
        hand.send(frame(0, 3, 0x80, bytes(8) + b"there?"))
        length = int.from_bytes(hand.file.read(3), "big")
        answer = hand.file.read(length)
        assert answer[:6] == frame(0, 3)
        assert answer[14:] == b"there?"


@pytest.mark.parametrize(
    ("first", "code", "text"),
    [
        (frame(0, 13, 0, bytes(24)), 0x004, "resumption"),
        (setup(flags=0x40), 0x002, "leases"),
        (frame(1, STREAM, 0, n_of(1)), 0x001, "no SETUP"),
        (b"\0\0\0", 0x101, "3 bytes"),
    ],
)
def test_a_client_that_begins_in_another_way_is_told(first: bytes, code: int, text: str):
    with serving() as url, client_of(url, first) as hand:
        stream, kind, _, body = hand.receive()
        assert (stream, kind, body[:4]) == (0, ERROR, n_of(code))
        assert text in body[4:].decode()
        hand.rest()  # it ends


def test_fragments_without_end_are_refused():
    with serving(largest=10_000) as url, client_of(url) as hand:
        hand.send(frame(1, STREAM, 0x80, n_of(1) + b"x" * 5_000))
        hand.send(*[frame(1, PAYLOAD, 0x80 | NEXT, b"x" * 3_000)] * 2)
        _, kind, _, body = hand.receive()
        assert kind == ERROR
        assert b"largest=10,000" in body


def test_a_request_that_is_forgotten_takes_no_place():
    got: queue.Queue[bytes] = queue.Queue()

    def keep(message: Message[bytes]) -> Flow[Any]:
        got.put(message.value)
        return Flow.empty()

    with serving(rsocket.Responder(fire_and_forget=keep), streams=1) as url, client_of(url) as hand:
        hand.send(*[frame(n, FNF, 0, numbered(n)) for n in (1, 3, 5)])
        assert [got.get(timeout=DEADLINE) for _ in range(3)] == [b"1", b"3", b"5"]
        hand.send(frame(7, RESPONSE, 0, b""))
        assert hand.receive()[:2] == (7, ERROR)


@pytest.mark.parametrize("url", ["http://a:1", "tcp://a", "a:1", "", "tcp://a:x", "ws:/a:1"])
def test_an_address_that_is_none_is_refused_at_once(url: str):
    with pytest.raises(ValueError, match="an address is tcp://host:port or ws://host:port"):
        rsocket.source(url)
    with pytest.raises(TypeError, match="url must be a str"):
        rsocket.source(7)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="a payload is bytes"):
        rsocket.source("tcp://127.0.0.1:1", "text")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "field",
    [{"window": 0}, {"fragment": 63}, {"keep_alive": -1.0}, {"data_mime": ""}, {"streams": 0}],
)
def test_settings_that_make_no_sense_are_refused(field: dict[str, Any]):
    with pytest.raises(ValueError, match=next(iter(field))):
        rsocket.Settings(**field)


@pytest.mark.parametrize("where", BOTH)
def test_the_loop_gets_its_turn_while_all_that_there_is_is_asked_for(where: str):
    responder = rsocket.Responder(request_stream=lambda _: Flow.range(UNBOUNDED).map(numbered))

    async def main(url: str) -> Heart:
        heart, begun, enough = Heart(), asyncio.Event(), asyncio.Event()
        seen: list[Any] = []

        def count(item: Any) -> None:
            seen.append(item)
            if len(seen) == 100:
                begun.set()
            if len(seen) == 20_000:
                enough.set()

        run = rsocket.source(url, b"").for_each(count)
        await begun.wait()  # what is imported, and how it is greeted, is another matter
        heart.note()
        heart.longest = 0.0
        beating = asyncio.create_task(heart.beat())
        await enough.wait()
        beating.cancel()
        run.cancel()
        with suppress(asyncio.CancelledError):
            await run
        return heart

    async def both() -> Heart:
        urls: asyncio.Queue[str] = asyncio.Queue()
        settings = rsocket.Settings(on_listening=urls.put_nowait)
        serving = rsocket.listen(where, responder, settings).for_each(lambda _: None)
        try:
            return await main(await urls.get())
        finally:
            serving.cancel()
            with suppress(asyncio.CancelledError):
                await serving

    assert asyncio.run(both()).longest < LONGEST
