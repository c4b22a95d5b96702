"""retry: another try after an error."""

from __future__ import annotations

from typing import Any

import pytest

from operators import Flow
from operators.schedulers import thread
from reactive_streams import UNBOUNDED
from tests.operators.kit import Handmade, Pulled, probe


def failing(times: int, items: list[Any]) -> tuple[Flow[Any], list[int]]:
    """Return a flow that fails so many times after its items, and a record of its subscriptions."""
    tries: list[int] = []

    def make() -> Flow[Any]:
        tries.append(1)
        flow = Flow.from_iterable(items)
        return flow.concat(Flow.error(KeyError(len(tries)))) if len(tries) <= times else flow

    return Flow.defer(make), tries


def test_it_subscribes_anew_after_each_error():
    flow, tries = failing(2, [1, 2])

    assert list(flow.retry(2)) == [1, 2, 1, 2, 1, 2]
    assert len(tries) == 3


def test_the_error_of_the_last_try_passes():
    flow, tries = failing(9, [1])
    seen = probe(flow.retry(2), 99)

    assert seen.items == [1, 1, 1]
    assert seen.error.args == (3,)
    assert len(tries) == 3


def test_no_times_is_no_retry():
    flow, tries = failing(1, [1])
    with pytest.raises(KeyError):
        list(flow.retry(0))
    assert len(tries) == 1


def test_without_a_number_it_does_not_give_up():
    flow, tries = failing(2000, [])

    assert list(flow.retry(UNBOUNDED)) == []
    assert len(tries) == 2001


def test_a_new_try_is_asked_for_what_is_left():
    publishers = [Handmade(), Handmade()]
    waiting = iter(publishers)
    seen = probe(Flow.defer(lambda: next(waiting)).retry(1), 5)
    publishers[0].emit(1, 2)
    publishers[0].fail(KeyError())

    assert publishers[1].requests == [3]
    seen.request(1)
    assert publishers[1].requests == [3, 1]
    seen.cancel()
    assert (publishers[0].cancels, publishers[1].cancels) == (0, 1)


def test_a_bad_request_is_not_tried_again():
    flow, tries = failing(0, [1, 2])
    seen = probe(flow.retry(5)).request(-1)

    assert isinstance(seen.error, ValueError)
    assert len(tries) == 1


def test_a_cancelled_flow_is_not_tried_again():
    tries: list[int] = []
    seen: Any = None

    def broken(n: int) -> int:
        tries.append(n)
        seen.cancel()
        raise KeyError

    seen = probe(Flow.of(1).map(broken).retry(UNBOUNDED))
    with_hook = seen.request(1)
    assert tries == [1]
    assert not with_hook.ended


@pytest.fixture(autouse=True)
def taken(dropped: Any):
    """An error that comes after a cancel can go nowhere but to the hook."""
    yield
    dropped.errors = [it for it in dropped.errors if not isinstance(it[0], KeyError)]


def test_generators_of_failed_tries_are_closed():
    pulled = Pulled(range(9))
    tries = iter([2, 1])

    def check(n: int) -> int:
        if n == 2 and next(tries, 0):
            raise KeyError
        return n

    assert list(Flow.from_iterable(pulled).map(check).retry(3).take(6)) == [0, 1, 0, 1, 0, 1]
    assert (pulled.opened, pulled.closed) == (3, 3)


def test_across_threads():
    flow, tries = failing(3, list(range(50)))
    seen = probe(flow.publish_on(thread(), prefetch=4).retry(3), 1, each=1).until_end()

    assert seen.items == list(range(50)) * 4
    assert len(tries) == 4
    assert seen.violations == []
