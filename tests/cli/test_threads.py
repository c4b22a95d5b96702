"""To wait, at the end of a program, for the threads that it has begun."""

from __future__ import annotations

import threading

import pytest

from operators._kernel.hosts import threads

DEADLINE = 20.0


@pytest.mark.parametrize("daemon", [True, False])
def test_a_new_thread_is_waited_for(daemon: bool):
    go_on = threading.Event()
    before = threads.running()
    thread = threading.Thread(target=go_on.wait, daemon=daemon)
    thread.start()
    assert not threads.wait_for_new(before, 0.01, daemons_only=False)
    # The interpreter itself waits for those that are no daemons.
    assert threads.wait_for_new(before, 0.01, daemons_only=True) is not daemon
    go_on.set()
    assert threads.wait_for_new(before, DEADLINE, daemons_only=False)
    assert not thread.is_alive()


def test_a_thread_that_is_about_to_begin_is_waited_for(monkeypatch):
    before = threads.running()
    begun = threading.Thread(target=lambda: None)
    looks: list[int] = []

    def running() -> set[threading.Thread]:
        # As long as Thread.start has not returned, the thread is listed and cannot be joined.
        looks.append(1)
        if len(looks) == 3:
            begun.start()
        return before | ({begun} if len(looks) < 4 or begun.is_alive() else set())

    monkeypatch.setattr(threads, "running", running)
    assert threads.wait_for_new(before, DEADLINE, daemons_only=False)
    assert len(looks) >= 4
    assert not begun.is_alive()


def test_threads_that_were_there_before_are_not_waited_for():
    go_on = threading.Event()
    thread = threading.Thread(target=go_on.wait)
    thread.start()
    assert threads.wait_for_new(threads.running(), DEADLINE, daemons_only=False)
    go_on.set()
    thread.join()
