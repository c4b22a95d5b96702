"""NATS JetStream as a source and a sink."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest

from operators import Flow
from operators.connectors import Message, nats
from operators.connectors.extras import MissingExtraError
from tests.connectors.brokers import nothing
from tests.connectors.faults.nats import BROKER, given, sink, source, waiting
from tests.connectors.kit import DEADLINE, cancelled_after, eventually
from tests.connectors.peers import Address
from tests.operators.kit import notes, probe

Place = tuple[Address, str]


@pytest.fixture
def place() -> Place:
    return BROKER.new(BROKER.server())


@pytest.mark.server("nats")
class TestSource:
    def test_what_is_written_is_read(self, place: Place):
        Flow.range(300).map(lambda n: Message(b"%d" % n)).apply(sink(*place)).run()
        found = list(source(*place, follow=False))
        assert [message.value for message in found] == [b"%d" % n for n in range(300)]
        assert [message.headers for message in found] == [
            {"subject": f"{place[1]}.new", "sequence": n, "redelivered": False}
            for n in range(1, 301)
        ]

    def test_with_no_demand_the_server_keeps_all(self, place: Place):
        BROKER.fill(place, 200)
        seen = probe(source(*place, prefetch=10), 0)
        try:
            time.sleep(0.1)  # it is as right when nothing has happened by then
            assert given(*place) == 0
            seen.request(1)
            eventually(lambda: len(seen.items) == 1)
            assert given(*place) <= 10
            seen.request(9)
            eventually(lambda: len(seen.items) == 10)
            assert given(*place) == 10
            seen.request(1)
            eventually(lambda: len(seen.items) == 11)
            assert given(*place) <= 20
        finally:
            seen.cancel()

    def test_a_prefetch_of_one_is_demand_to_the_message(self, place: Place):
        BROKER.fill(place, 20)
        seen = probe(source(*place, prefetch=1), 3)
        try:
            eventually(lambda: len(seen.items) == 3)
            assert given(*place) == 3
            for message in seen.items:
                assert message.ack()
            eventually(lambda: given(*place) == 0)
            assert waiting(*place) == 17
        finally:
            seen.cancel()

    def test_answers_may_come_after_the_end(self, place: Place):
        BROKER.fill(place, 20)
        for message in list(source(*place).take(5)):
            assert message.ack()
            assert not message.nack()
        eventually(lambda: waiting(*place) == 15)

    def test_nack_gives_it_again_and_reject_does_not(self, place: Place):
        BROKER.fill(place, 3)
        seen: list[tuple[int, bool]] = []

        def once(message: Message[Any]) -> None:
            seen.append((BROKER.number(message), message.headers["redelivered"]))
            if len(seen) == 1:
                assert message.nack()
            elif len(seen) == 2:
                assert nats.reject(message.with_value("changed"))
                assert not message.ack()
            else:
                message.ack()

        run = source(*place).for_each(once)
        cancelled_after(run, lambda: waiting(*place) == 0 and len(seen) == 4)
        assert sorted(seen) == [(0, False), (0, True), (1, False), (2, False)]

    def test_what_is_in_hand_is_not_given_to_others(self, place: Place):
        BROKER.fill(place, 1)
        other: list[Any] = []

        async def slowly(message: Message[Any]) -> Message[Any]:
            await asyncio.sleep(2.5)  # a second without a word is enough to lose it
            return message

        run = source(*place).map_async(slowly).tap(lambda message: message.ack()).for_each(nothing)
        eventually(lambda: given(*place) == 1)
        looking = source(*place).for_each(other.append)
        try:
            eventually(lambda: waiting(*place) == 0)
            assert other == []
        finally:
            run.cancel()
            looking.cancel()

    def test_stream_and_consumer_are_made_where_there_are_none(self, place: Place):
        address, stream = place[0], place[1] + "-new"
        made: dict[str, Any] = {"subjects": (f"{stream}.*",), "follow": False}
        assert list(source(address, stream, **made)) == []
        BROKER.fill((address, stream), 3)
        wanted = source(address, stream, consumer="other", subject=f"{stream}.old", follow=False)
        assert list(wanted) == []
        assert len(list(source(address, stream, follow=False))) == 3

    def test_on_an_event_loop(self, place: Place):
        async def main() -> list[int]:
            await Flow.range(100).map(BROKER.item).apply(sink(*place))
            found: list[int] = []
            async for message in source(*place).take(100):
                found.append(BROKER.number(message))
                message.ack()
            return found

        assert asyncio.run(main()) == list(range(100))

    def test_a_password_is_for_the_server_only(
        self, place: Place, capsys: pytest.CaptureFixture[str]
    ):
        host, port = place[0]
        BROKER.fill(place, 1)
        flow = nats.source(
            f"nats://ada:secret@{host}:{port}", place[1], "other", nats.SourceSettings(follow=False)
        )
        flow.explain()
        assert "secret" not in capsys.readouterr().out


@pytest.mark.server("nats")
class TestSink:
    def test_it_is_passed_on_when_it_is_stored(self, place: Place):
        for n, _ in enumerate(Flow.range(20).map(BROKER.item).apply(sink(*place)), 1):
            assert waiting(*place) >= n

    def test_the_server_leaves_out_what_it_has_had(self, place: Place):
        def written() -> None:
            flow = Flow.of(b"a", b"b", b"a").apply(sink(*place, message_id=bytes.decode))
            assert flow.count().run() == 3

        written()
        written()
        assert waiting(*place) == 2

    def test_the_stream_is_made_where_there_is_none(self, place: Place):
        name = place[1] + "-new"
        settings = nats.SinkSettings(stream=name)
        (host, port), _ = place
        Flow.of(b"a").apply(nats.sink(f"nats://{host}:{port}", f"{name}.new", settings)).run()
        assert len(list(source(place[0], name, follow=False))) == 1

    def test_for_anybodys_publisher(self, place: Place):
        subscriber = sink(*place).subscriber()
        Flow.range(10).map(BROKER.item).subscribe(subscriber)
        subscriber.handle.result(DEADLINE)
        assert waiting(*place) == 10

    def test_an_error_says_where_it_stands(self, place: Place):
        with pytest.raises(TypeError, match="a message is bytes") as raised:
            Flow.of(1).apply(sink(*place)).run()
        assert "in nats.sink, written at" in notes(raised.value)

    def test_from_stream_to_stream_with_answers(self, place: Place):
        to = BROKER.new(BROKER.server())
        BROKER.fill(place, 500)
        moved = source(*place).apply(sink(*to)).tap(lambda message: message.ack())
        assert moved.take(500).count().run() == 500
        eventually(lambda: waiting(*place) == 0)
        assert waiting(*to) == 500


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: nats.SourceSettings(prefetch=0),
        lambda: nats.SourceSettings(ack_wait=0),
        lambda: nats.SourceSettings(timeout=0),
        lambda: nats.SinkSettings(batch=0),
        lambda: nats.SinkSettings(timeout=-1),
    ],
)
def test_settings_that_make_no_sense(wrong: Any):
    with pytest.raises(ValueError, match="nats"):
        wrong()


def test_names_that_are_none():
    with pytest.raises(TypeError, match="consumer must be a str"):
        nats.source("nats://localhost", "sold", None)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="subject must be a str"):
        nats.sink("nats://localhost", b"sold")  # type: ignore[arg-type]


def test_what_to_install(monkeypatch: pytest.MonkeyPatch):
    for name in ("nats", "nats.aio.client"):
        monkeypatch.setitem(__import__("sys").modules, name, None)
    with pytest.raises(MissingExtraError, match=r"pip install 'reactive-streams\[nats\]'"):
        nats.source("nats://localhost", "sold", "billing").run()
