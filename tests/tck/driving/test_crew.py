"""The kit's threads go on from stand to stand, as long as nothing is wrong with them."""

from __future__ import annotations

import threading
from contextvars import ContextVar
from typing import Any

import pytest

from tck.driving.crew import Job, kept
from tck.driving.driver import Driver, Hung

LONG = 30.0
here: ContextVar[str] = ContextVar("here", default="nothing")


def done(job: Job) -> int:
    assert job.join(LONG)
    return job.ident


def alive() -> set[int | None]:
    return {thread.ident for thread in threading.enumerate()}


def test_a_thread_that_is_done_does_the_next_job_under_its_name() -> None:
    names: list[str] = []
    with kept():
        one = done(Job(lambda: names.append(threading.current_thread().name), "tck-one"))
        two = done(Job(lambda: names.append(threading.current_thread().name), "tck-two"))
        assert one == two
    assert names == ["tck-one", "tck-two"]


def test_two_jobs_at_once_have_a_thread_each() -> None:
    met = threading.Barrier(2)
    with kept():
        one, two = Job(met.wait, "tck-1"), Job(met.wait, "tck-2")
        assert done(one) != done(two)


def test_none_is_left_behind_when_all_who_keep_them_are_over() -> None:
    with kept():
        with kept():
            one = done(Job(int, "tck-one"))
        assert one in alive()
    assert one not in alive()


def test_without_anybody_who_keeps_them_a_thread_ends_with_its_job() -> None:
    assert done(Job(int, "tck-one")) not in alive()


def test_each_job_has_a_context_of_its_own() -> None:
    seen: list[str] = []
    with kept():
        one = done(Job(lambda: here.set("one"), "tck-one"))
        assert done(Job(lambda: seen.append(here.get()), "tck-two")) == one
    assert seen == ["nothing"]


def test_a_thread_on_which_a_job_has_raised_is_not_used_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told: list[Any] = []
    monkeypatch.setattr(threading, "excepthook", lambda args: told.append(args.exc_type))

    def fail(error: BaseException) -> None:
        raise error

    with kept():
        for error, known in ((ValueError(), (ValueError,)), (KeyError(), ())):
            one = Job(lambda error=error: fail(error), "tck-one", known)  # type: ignore[misc]
            assert done(one) not in alive()
    assert told == [KeyError]  # the other is known


@pytest.mark.parametrize("loop", ["thread", "asyncio"])
def test_a_driver_whose_calls_return_leaves_its_thread_to_the_next_but_for_that_of_a_loop(
    loop: Any,
) -> None:
    with kept():
        driver = Driver(loop=loop)
        driver.call(int, LONG)
        driver.close()
        assert (driver.ident in alive()) == (loop == "thread")


def test_a_driver_of_which_a_call_has_raised_takes_its_thread_with_it() -> None:
    def fail() -> None:
        raise ValueError

    with kept():
        driver = Driver()
        with pytest.raises(ValueError):
            driver.call(fail, LONG)
        driver.close()
        assert driver.ident not in alive()


def test_a_thread_that_hung_is_never_used_again_even_when_it_comes_back() -> None:
    go, back = threading.Event(), threading.Event()

    def hang() -> None:
        go.wait(LONG)
        back.set()

    with kept():
        driver = Driver()
        with pytest.raises(Hung):
            driver.call(hang, 0.01)
        hung = driver.ident
        driver.close()
        go.set()
        back.wait(LONG)
        thread = next((each for each in threading.enumerate() if each.ident == hung), None)
        if thread is not None:
            thread.join(LONG)
        assert hung not in alive()
