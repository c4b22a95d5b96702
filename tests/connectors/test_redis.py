"""Redis Streams as a source and a sink."""

from __future__ import annotations

import asyncio
import time
from threading import Event
from typing import Any

import pytest

from operators import Flow
from operators.connectors import Message, redis, values
from operators.connectors.extras import MissingExtraError
from tests.connectors.brokers import nothing
from tests.connectors.faults.redis import BROKER, GROUP, asked, given, sink, source, waiting
from tests.connectors.kit import DEADLINE, cancelled_after, eventually
from tests.connectors.peers import Address
from tests.operators.kit import notes, probe

Place = tuple[Address, str]


@pytest.fixture
def place() -> Place:
    return BROKER.new(BROKER.server())


@pytest.mark.server("redis")
class TestSource:
    def test_what_is_written_is_read(self, place: Place):
        rows = [{"name": f"n{n}", "price": n} for n in range(300)]
        Flow.from_iterable(rows).map(Message).apply(sink(*place)).run()
        found = list(source(*place, text=True, follow=False))
        assert [message.value for message in found] == [
            {name: str(value) for name, value in row.items()} for row in rows
        ]
        with asked(place[0]) as bare:
            ids = [key.decode() for key, _ in bare.xrange(place[1])]
        assert [message.headers for message in found] == [
            {"stream": place[1], "id": each, "redelivered": False} for each in ids
        ]

    def test_a_cancel_while_it_leaves_does_not_break_that_off(
        self, place: Place, monkeypatch: pytest.MonkeyPatch
    ):
        from redis.asyncio import Redis

        BROKER.fill(place, 1)
        with asked(place[0]) as bare:
            before = len(bare.client_list())
            begun, go_on, remove = Event(), Event(), Redis.eval

            async def held_up(*args: Any) -> Any:
                begun.set()
                await asyncio.to_thread(go_on.wait, DEADLINE)
                return await remove(*args)

            monkeypatch.setattr(Redis, "eval", held_up)
            seen = probe(source(*place, follow=False, linger=0.0).tap(Message.ack), 9)
            assert begun.wait(DEADLINE)
            seen.cancel()
            go_on.set()
            eventually(lambda: bare.xinfo_consumers(place[1], GROUP) == [])
            eventually(lambda: len(bare.client_list()) == before)

    def test_with_no_demand_the_server_keeps_all(self, place: Place):
        BROKER.fill(place, 200)
        seen = probe(source(*place, prefetch=10), 0)
        try:
            time.sleep(0.1)  # it is as right when nothing has happened by then
            assert given(*place) == 0
            seen.request(1)
            eventually(lambda: len(seen.items) == 1)
            assert given(*place) == 10
            seen.request(9)
            eventually(lambda: len(seen.items) == 10)
            assert given(*place) == 10
            seen.request(1)
            eventually(lambda: len(seen.items) == 11)
            assert given(*place) == 20
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
        found = list(source(*place).take(5))
        assert given(*place) >= 5
        for message in found:
            assert message.ack()
            assert not message.nack()
        eventually(lambda: waiting(*place) == 15)

    def test_answers_that_come_late_are_told_of(self, place: Place, caplog: Any):
        BROKER.fill(place, 2)
        (first,) = source(*place, linger=0.0).take(1)
        assert first.ack()
        assert "an answer came too late" in caplog.text
        assert waiting(*place) == 2

    def test_nack_gives_it_again(self, place: Place):
        BROKER.fill(place, 3)
        seen: list[tuple[int, bool]] = []

        def once(message: Message[Any]) -> None:
            seen.append((BROKER.number(message), message.headers["redelivered"]))
            if len(seen) == 1:
                message.nack()
            else:
                message.ack()

        run = source(*place, claim_idle=1_000.0).for_each(once)
        cancelled_after(run, lambda: len(seen) == 4)
        assert seen == [(0, False), (1, False), (2, False), (0, True)]

    def test_what_a_member_of_the_same_name_had_comes_first(self, place: Place):
        BROKER.fill(place, 50)
        named: dict[str, Any] = {"consumer": "one", "claim_idle": 1_000.0, "linger": 0.0}
        kept = list(source(*place, **named).take(20))
        assert kept[0].headers["redelivered"] is False
        numbers = [
            (BROKER.number(message), message.headers["redelivered"])
            for message in source(*place, follow=False, **named)
        ]
        assert [n for n, _ in numbers] == list(range(50))
        assert all(again for n, again in numbers if n < 20)

    def test_what_is_in_hand_is_not_claimed_by_others(self, place: Place):
        BROKER.fill(place, 1)
        working = source(*place, claim_idle=0.1)
        other: list[Any] = []

        async def slowly(message: Message[Any]) -> Message[Any]:
            await asyncio.sleep(1.0)
            return message

        run = working.map_async(slowly).tap(lambda message: message.ack()).for_each(nothing)
        eventually(lambda: given(*place) == 1)
        looking = source(*place, claim_idle=0.1).for_each(other.append)
        try:
            eventually(lambda: waiting(*place) == 0)
            assert other == []
        finally:
            run.cancel()
            looking.cancel()

    def test_what_is_let_go_of_without_a_word_comes_again(self, place: Place):
        BROKER.fill(place, 4)
        seen: list[int] = []

        def second_time(message: Message[Any]) -> bool:
            seen.append(BROKER.number(message))
            return seen.count(BROKER.number(message)) == 2

        flow = source(*place, claim_idle=0.1).filter(second_time)
        run = flow.tap(lambda message: message.ack()).for_each(nothing)
        # The last one may be held by the flow, until there is another.
        cancelled_after(run, lambda: {n for n in seen if seen.count(n) > 1} >= {0, 1, 2})

    def test_a_group_is_made_where_there_is_none(self, place: Place):
        address, stream = place[0], place[1] + "-new"
        assert list(source(address, stream, follow=False)) == []
        BROKER.fill((address, stream), 3)
        assert len(list(source(address, stream, follow=False))) == 3
        later = redis.SourceSettings(start="$", follow=False)
        url = f"redis://{address[0]}:{address[1]}"
        assert list(redis.source(url, stream, "others", later)) == []
        everything = redis.SourceSettings(follow=False)
        assert len(list(redis.source(url, stream, "third", everything))) == 3

    def test_members_that_are_done_are_gone(self, place: Place):
        BROKER.fill(place, 10)
        assert len(list(source(*place).apply(values()).take(10))) == 10
        with asked(place[0]) as bare:
            eventually(lambda: bare.xinfo_consumers(place[1], GROUP) == [])

    def test_on_an_event_loop(self, place: Place):
        async def main() -> list[int]:
            await Flow.range(100).map(BROKER.item).apply(sink(*place))
            found: list[int] = []
            async for message in source(*place).take(100):
                found.append(BROKER.number(message))
                message.ack()
            return found

        assert asyncio.run(main()) == list(range(100))
        # The last answer may have come too late for this loop: then it is given again.
        eventually(lambda: waiting(*place) <= 1)


@pytest.mark.server("redis")
class TestSink:
    def test_it_is_passed_on_when_it_is_written(self, place: Place):
        for n, _ in enumerate(Flow.range(50).map(BROKER.item).apply(sink(*place)), 1):
            assert waiting(*place) >= n

    def test_the_oldest_go_where_there_is_a_largest_length(self, place: Place):
        Flow.range(2_000).map(BROKER.item).apply(sink(*place, maxlen=100)).run()
        with asked(place[0]) as bare:
            assert 100 <= bare.xlen(place[1]) < 400  # whole nodes of the server go

    def test_for_anybodys_publisher(self, place: Place):
        subscriber = sink(*place).subscriber()
        Flow.range(10).map(BROKER.item).subscribe(subscriber)
        subscriber.handle.result(DEADLINE)
        assert waiting(*place) == 10

    def test_an_error_says_where_it_stands(self, place: Place):
        with pytest.raises(TypeError, match="mapping of field to value") as raised:
            Flow.of({}).apply(sink(*place)).run()
        assert "in redis.sink, written at" in notes(raised.value)

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
        lambda: redis.SourceSettings(prefetch=0),
        lambda: redis.SourceSettings(claim_idle=0),
        lambda: redis.SourceSettings(timeout=-1),
        lambda: redis.SinkSettings(batch=0),
        lambda: redis.SinkSettings(maxlen=0),
    ],
)
def test_settings_that_make_no_sense(wrong: Any):
    with pytest.raises(ValueError, match="redis"):
        wrong()


def test_names_that_are_none():
    with pytest.raises(TypeError, match="group must be a str"):
        redis.source("redis://localhost", "sold", None)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="stream must be a str"):
        redis.sink("redis://localhost", b"sold")  # type: ignore[arg-type]


def test_a_password_is_not_shown(capsys: pytest.CaptureFixture[str]):
    redis.source("redis://ada:secret@localhost:1/2", "sold", "billing").explain()
    shown = capsys.readouterr().out
    assert "redis://localhost:1/2" in shown
    assert "secret" not in shown


def test_what_to_install(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(__import__("sys").modules, "redis", None)
    monkeypatch.setitem(__import__("sys").modules, "redis.asyncio", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'reactive-streams\[redis\]'"):
        redis.source("redis://localhost", "sold", "billing").run()
