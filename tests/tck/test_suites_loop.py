"""Suites for components that live on an event loop, and what is said where they cannot be run."""

from __future__ import annotations

import pytest

from tests.tck.test_cli import ROOT

MINE = """
import asyncio


class Taker:
    def __init__(self):
        self.items = asyncio.Queue()
        self.loop = asyncio.get_running_loop()
        self.task = None

    def on_subscribe(self, subscription):
        if subscription is None:
            raise TypeError("a Subscription is needed")
        if self.task is not None:
            return subscription.cancel()
        self.task = self.loop.create_task(self.work(subscription))

    async def work(self, subscription):
        while True:
            subscription.request(1)
            await self.items.get()

    def on_next(self, item):
        if item is None:
            raise TypeError("None is no element")
        self.items.put_nowait(item)

    def on_error(self, error):
        if error is None:
            raise TypeError("an Exception is needed")
        self.task.cancel()

    def on_complete(self):
        self.task.cancel()
"""
TEST = """
from tck.suites import SubscriberBlackboxVerification
from mine import Taker


class TestOnLoop(SubscriberBlackboxVerification[int]):
    loop = "asyncio"

    def create_subscriber(self):
        return Taker()


class TestOnNone(SubscriberBlackboxVerification[int]):
    def create_subscriber(self):
        return Taker()


class TestOnAnother(SubscriberBlackboxVerification[int]):
    loop = "asnycio"

    def create_subscriber(self):
        return Taker()
"""


@pytest.fixture(autouse=True)
def here(monkeypatch: pytest.MonkeyPatch, pytester: pytest.Pytester):
    monkeypatch.setenv("PYTHONPATH", f"{ROOT}:{pytester.path}")
    pytester.makepyfile(mine=MINE, test_mine=TEST)
    pytester.makeini("[pytest]\nfilterwarnings = error")


def test_a_suite_runs_on_the_loop_that_it_names(pytester):
    done = pytester.runpytest_subprocess("-k", "TestOnLoop")
    assert done.ret == pytest.ExitCode.OK, done.stdout.str()
    done.stdout.fnmatch_lines(["*TestOnLoop conforms*"])


@pytest.mark.parametrize(
    ("suite", "says"),
    [
        ("TestOnNone", 'create_subscriber*needs a running event loop: give loop="asyncio"*'),
        ("TestOnAnother", "loop is one of 'thread', 'asyncio', 'trio', not 'asnycio'"),
    ],
)
def test_one_that_cannot_be_run_breaks_no_rule(pytester, suite: str, says: str):
    done = pytester.runpytest_subprocess("-k", f"{suite} and spec201")
    assert done.ret == pytest.ExitCode.TESTS_FAILED
    done.stdout.fnmatch_lines([f"*{says}"])
    text = done.stdout.str()
    assert "43 rules" not in text
    assert "Traceback" not in text


def test_a_variable_that_makes_no_sense_is_told_once_for_a_suite(pytester, monkeypatch):
    monkeypatch.setenv("TCK_DEADLNE", "1")
    done = pytester.runpytest_subprocess("-k", "TestOnLoop")
    assert done.ret == pytest.ExitCode.INTERRUPTED
    done.stdout.fnmatch_lines(
        ["*TCK_DEADLNE=1: there is no such setting; did you mean TCK_DEADLINE?"]
    )
    assert done.stdout.str().count("no such setting") == 1


def test_where_there_is_no_suite_the_variables_are_nobodys(pytester, monkeypatch):
    monkeypatch.setenv("TCK_DEADLNE", "1")
    pytester.makepyfile(test_mine="def test_it(): pass")
    assert pytester.runpytest_subprocess().ret == pytest.ExitCode.OK
