"""Answers to messages: on their way to a system, from whatever thread, and after the end of a run."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest

from operators.connectors import Message
from operators.connectors.answers import Answers, let_go, reject
from tests.operators.kit import soon


class System:
    """A system that is told; `gate` holds it up, `error` is what it raises."""

    def __init__(self, linger: float = 20.0) -> None:
        self.told: list[tuple[list[Any], list[Any], list[Any]]] = []
        self.released = 0
        self.gate = asyncio.Event()
        self.gate.set()
        self.error: Exception | None = None
        self.answers = Answers("system", self._tell, linger)

    async def _tell(self, done: list[Any], undone: list[Any], rejected: list[Any]) -> None:
        await self.gate.wait()
        if self.error is not None:
            raise self.error
        self.told.append((done, undone, rejected))

    def give(self, *tokens: Any) -> list[Message[Any]]:
        return [Message(token, settle=self.answers.give(token)) for token in tokens]

    async def close(self, *, failed: bool = False) -> None:
        await self.answers.close(self._release, failed=failed)

    async def _release(self) -> None:
        self.released += 1


def test_what_comes_while_it_is_told_is_the_next_batch():
    async def main() -> None:
        system = System()
        first, *others = system.give(1, 2, 3, 4)
        system.gate.clear()
        assert first.ack()
        await asyncio.sleep(0.01)  # it is as right when it is not under way by then
        assert others[0].ack()
        assert others[1].nack()
        assert reject(others[2].with_value("x"))
        assert not others[2].ack()
        system.gate.set()
        await system.close()
        assert system.told == [([1], [], []), ([2], [3], [4])]
        assert system.released == 1

    asyncio.run(main())


def test_what_comes_at_the_end_of_a_batch_while_it_closes_is_told_once():
    async def main() -> None:
        system = System()
        first, second = system.give(1, 2)
        system.gate.clear()
        assert first.ack()
        await soon(lambda: system.answers._task is not None)
        telling = system.answers._task
        assert telling is not None

        def answer(_: object) -> None:
            system.gate.clear()
            assert second.ack()

        telling.add_done_callback(answer)  # before whoever closes is told of it
        closing = asyncio.create_task(system.close())
        await asyncio.sleep(0)
        system.gate.set()
        await soon(lambda: len(system.told) == 1 and system.answers._task not in (None, telling))
        for _ in range(5):
            await asyncio.sleep(0)
        system.gate.set()
        await closing
        await soon(lambda: system.released)
        assert system.told == [([1], [], []), ([2], [], [])]
        assert system.answers.error is None

    asyncio.run(main())


def test_from_another_thread():
    async def main() -> None:
        system = System()
        messages = system.give(*range(100))
        thread = threading.Thread(target=lambda: [each.ack() for each in messages])
        thread.start()
        await soon(lambda: not system.answers.in_hand)
        thread.join()
        assert [n for done, _, _ in system.told for n in done] == list(range(100))
        await system.close()

    asyncio.run(main())


def test_the_connection_is_kept_for_those_in_hand():
    async def main() -> None:
        system = System()
        first, second = system.give(1, 2)
        await system.close()
        assert system.released == 0
        first.ack()
        del second  # without a word: it is to be given again
        await soon(lambda: system.released)
        assert sorted(system.told) in ([([1], [2], [])], [([], [2], []), ([1], [], [])])

    asyncio.run(main())


def test_not_for_longer_than_asked_for(caplog: pytest.LogCaptureFixture):
    async def main() -> None:
        system = System(linger=0.01)
        (message,) = system.give(1)
        await system.close()
        await soon(lambda: system.released)
        message.ack()
        assert "an answer came too late" in caplog.text
        assert system.told == []

    asyncio.run(main())


def test_the_last_answers_before_a_loop_is_closed_are_told():
    async def main() -> System:
        system = System()
        kept.extend(system.give(1, 2))
        await system.close()
        kept[0].ack()
        return system

    kept: list[Message[Any]] = []
    system = asyncio.run(main())
    assert system.told == [([1], [], [])]
    assert system.released == 1


def test_a_loop_that_is_closed_just_as_a_connection_is_kept_closes_that():
    async def main() -> System:
        system = System()
        kept.extend(system.give(1))
        await system.close()
        kept[0].ack()
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()
        await asyncio.sleep(0)
        return system

    kept: list[Message[Any]] = []
    system = asyncio.run(main())
    assert system.told == [([1], [], [])]
    assert system.released == 1


def test_what_keeps_an_answer_from_getting_through_is_for_the_run():
    async def main() -> None:
        system = System()
        (message,) = system.give(1)
        system.error = OSError("gone")
        message.ack()
        await soon(lambda: system.answers.error)
        with pytest.raises(OSError, match="gone"):
            system.answers.check()
        await system.close(failed=True)
        assert system.released == 1

    asyncio.run(main())


def test_a_run_that_has_failed_says_nothing_more(caplog: pytest.LogCaptureFixture):
    async def main() -> None:
        system = System()
        (message,) = system.give(1)
        system.error = OSError("gone")
        message.ack()
        await system.close(failed=True)
        assert system.released == 1
        assert caplog.text == ""

    asyncio.run(main())


def test_a_batch_holds_no_item_that_was_given():
    class Item:
        pass

    items = [Item(), Item()]
    given = let_go(items)
    first = next(given)
    assert first not in items
    assert len(list(given)) == 1


def test_reject_is_for_those_that_can_be():
    with pytest.raises(TypeError, match="comes from no source that could be told so"):
        reject(Message(1))
