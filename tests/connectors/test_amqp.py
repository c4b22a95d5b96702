"""AMQP as a source and a sink."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest

from operators import Flow
from operators.connectors import Message, amqp
from operators.connectors.extras import MissingExtraError
from tests.connectors.faults.amqp import BROKER, asked, ready, sink, source
from tests.connectors.kit import DEADLINE, cancelled_after, eventually
from tests.connectors.peers import Address
from tests.operators.kit import notes, probe

Place = tuple[Address, str]


@pytest.fixture
def place() -> Place:
    return BROKER.new(BROKER.server())


@pytest.mark.server("amqp")
class TestSource:
    def test_what_is_written_is_read(self, place: Place):
        def properties(item: Any) -> dict[str, Any]:
            return {"message_id": f"m{item.value.decode()}", "headers": {"colour": "red"}}

        messages = Flow.range(200).map(lambda n: Message(b"%d" % n))
        messages.apply(sink(*place, properties=properties)).run()
        found = list(source(*place, follow=False, linger=0.0))
        assert [message.value for message in found] == [b"%d" % n for n in range(200)]
        assert [message.headers for message in found] == [
            {
                "colour": "red",
                "routing_key": place[1],
                "exchange": "",
                "message_id": f"m{n}",
                "redelivered": False,
            }
            for n in range(200)
        ]

    def test_with_no_demand_the_server_keeps_all(self, place: Place):
        BROKER.fill(place, 100)
        seen = probe(source(*place, prefetch=10), 0)
        try:
            time.sleep(0.1)  # it is as right when nothing has happened by then
            assert ready(*place) == 100
            seen.request(1)
            eventually(lambda: len(seen.items) == 1)
            eventually(lambda: ready(*place) == 90)
            seen.request(4)
            eventually(lambda: len(seen.items) == 5)
            for message in seen.items:
                assert message.ack()
            eventually(lambda: ready(*place) == 85)
        finally:
            seen.cancel()

    def test_answers_may_come_after_the_end(self, place: Place):
        BROKER.fill(place, 20)
        for message in list(source(*place).take(5)):
            assert message.ack()
            assert not message.nack()
        # The connection is kept for them: with it what was not answered would go back.
        eventually(lambda: ready(*place) == 15)

    def test_nack_gives_it_again_and_reject_does_not(self, place: Place):
        BROKER.fill(place, 3)
        seen: list[tuple[int, bool]] = []

        def once(message: Message[Any]) -> None:
            seen.append((BROKER.number(message), message.headers["redelivered"]))
            if len(seen) == 1:
                assert message.nack()
            elif len(seen) == 2:
                assert amqp.reject(message.with_value("changed"))
                assert not message.ack()
            else:
                message.ack()

        run = source(*place).for_each(once)
        cancelled_after(run, lambda: len(seen) == 4)
        assert sorted(seen) == [(0, False), (0, True), (1, False), (2, False)]
        eventually(lambda: ready(*place) == 0)

    def test_a_queue_is_made_where_there_is_none(self, place: Place):
        address, queue = place[0], place[1] + "-new"
        assert list(source(address, queue, follow=False)) == []
        BROKER.fill((address, queue), 3)
        assert ready(address, queue) == 3

    def test_on_an_event_loop(self, place: Place):
        async def main() -> list[int]:
            await Flow.range(50).map(BROKER.item).apply(sink(*place))
            found: list[int] = []
            async for message in source(*place).take(50):
                found.append(BROKER.number(message))
                message.ack()
            return found

        assert asyncio.run(main()) == list(range(50))

    def test_a_password_is_for_the_server_only(
        self, place: Place, capsys: pytest.CaptureFixture[str]
    ):
        source(*place).explain()
        assert "guest" not in capsys.readouterr().out


@pytest.mark.server("amqp")
class TestSink:
    def test_it_is_passed_on_when_it_is_confirmed(self, place: Place):
        for n, _ in enumerate(Flow.range(20).map(BROKER.item).apply(sink(*place)), 1):
            assert ready(*place) >= n

    def test_to_an_exchange(self, place: Place):
        address, queue = place
        asked(address, lambda channel: channel.queue_bind(queue, "amq.direct", "new"))
        Flow.of(b"a", b"b").apply(sink(address, "new", exchange="amq.direct")).run()
        assert [each.value for each in source(*place, follow=False)] == [b"a", b"b"]

    def test_for_anybodys_publisher(self, place: Place):
        subscriber = sink(*place).subscriber()
        Flow.range(10).map(BROKER.item).subscribe(subscriber)
        subscriber.handle.result(DEADLINE)
        assert ready(*place) == 10

    def test_an_error_says_where_it_stands(self, place: Place):
        with pytest.raises(TypeError, match="a message is bytes") as raised:
            Flow.of(1).apply(sink(*place)).run()
        assert "in amqp.sink, written at" in notes(raised.value)

    def test_from_queue_to_queue_with_answers(self, place: Place):
        to = BROKER.new(BROKER.server())
        BROKER.fill(place, 200)
        moved = source(*place).apply(sink(*to)).tap(lambda message: message.ack())
        assert moved.take(200).count().run() == 200
        assert ready(*to) == 200
        eventually(lambda: ready(*place) == 0)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: amqp.SourceSettings(prefetch=0),
        lambda: amqp.SourceSettings(prefetch=65_536),
        lambda: amqp.SourceSettings(timeout=0),
        lambda: amqp.SinkSettings(batch=0),
        lambda: amqp.SinkSettings(timeout=-1),
    ],
)
def test_settings_that_make_no_sense(wrong: Any):
    with pytest.raises(ValueError, match="amqp"):
        wrong()


def test_names_that_are_none():
    with pytest.raises(TypeError, match="queue must be a str"):
        amqp.source("amqp://localhost", None)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="routing_key must be a str"):
        amqp.sink("amqp://localhost", b"sold")  # type: ignore[arg-type]


def test_what_to_install(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(__import__("sys").modules, "aiormq", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'reactive-streams\[amqp\]'"):
        amqp.source("amqp://localhost", "sold").run()
