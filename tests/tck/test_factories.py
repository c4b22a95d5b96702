"""A factory that makes nothing to be verified is bad use: one clear line, and no rule is named."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

import tck
from tck.checks.player import Player
from tck.scripts.script import Action, Script

ROOT = Path(__file__).resolve().parents[2]
DEADLINE = 50.0
MINE = """
import asyncio
import json
import sys
import threading
import time


def raises(*args):
    return json.loads("{")


def blocks(*args):
    threading.Event().wait(30)


def none(*args):
    "Forgets to return what it has made."


def makes_a_coroutine(*args):
    return async_factory()


async def async_factory():
    return None


def generates(*args):
    yield 1


def wrong(*args):
    return 3


def a_class(*args):
    return Half


class Half:
    def on_next(self, item):
        pass

    def on_subscribe(self, subscription):
        pass


def half(*args):
    return Half()


def exits(*args):
    sys.exit("not today")


def needs_asyncio(*args):
    asyncio.get_running_loop()


def needs_trio(*args):
    import trio

    trio.lowlevel.current_trio_token()


class Taker:
    def on_subscribe(self, subscription):
        subscription.cancel()

    def on_next(self, item):
        pass

    def on_error(self, error):
        pass

    def on_complete(self):
        pass

    def subscribe(self, subscriber):
        raise RuntimeError("broken")


def prints(*args):
    print("made one\\n  more")
    return Taker()


class NeedsItLater(Taker):
    def on_subscribe(self, subscription):
        self.task = asyncio.create_task(self.work())

    async def work(self):
        pass


def later(*args):
    return NeedsItLater()


def a_whole_class(*args):
    return Taker


class Awaited(Taker):
    async def on_next(self, item):
        pass

    async def subscribe(self, subscriber):
        pass


def awaited(*args):
    return Awaited()
"""
LINE = {name: f"mine.py:{MINE[: MINE.index(text)].count(chr(10)) + 1}" for name, text in {
    "raises": "return json", "none": "def none", "exits": "sys.exit(", "asyncio": "asyncio.get_running",
}.items()}  # fmt: skip


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    (tmp_path / "mine.py").write_text(MINE, "utf-8")
    return tmp_path


def run(folder: Path, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tck", "verify", *arguments], cwd=folder, capture_output=True,
        encoding="utf-8", timeout=DEADLINE, check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8", **more},
    )  # fmt: skip


@pytest.mark.parametrize(
    ("name", "says", "options"),
    [
        ("raises", ("raised JSONDecodeError: Expecting", LINE["raises"]), ()),
        ("none", ("returned None, and not a", "is a return missing?", LINE["none"]), ()),
        ("makes_a_coroutine", ("returned a coroutine, and not a", "--loop asyncio"), ()),
        ("async_factory", ("it is a coroutine function",), ()),
        ("generates", ("returned a generator, which is no",), ()),
        ("wrong", ("returned an int, which is no",), ()),
        ("a_class", ("returned the class Half, and not a", "is it to be called?"), ()),
        ("a_whole_class", ("returned the class Taker, and not a", "is it to be called?"), ()),
        ("awaited", ("returned an Awaited, whose ", "is a coroutine function, which nobody awaits"), ()),
        ("half", ("returned a Half, which is no", "it has no ", "subscribe()"), ()),
        ("exits", ("called sys.exit('not today')", LINE["exits"]), ()),
        ("needs_asyncio", ("needs a running event loop", "--loop asyncio", LINE["asyncio"]),
         ("--loop", "thread")),
        ("needs_asyncio", ("needs a running event loop", "--loop asyncio"), ("--loop", "trio")),
        ("needs_trio", ("needs a running event loop", "--loop trio"), ("--loop", "asyncio")),
        ("prints", ("prints 'made one more'",), ()),
    ],
)  # fmt: skip
@pytest.mark.parametrize("kind", ["publisher", "processor"])
def test_it_is_one_line_and_bad_use(
    mine: Path, kind: str, name: str, says: tuple[str, ...], options: tuple[str, ...]
):
    done = run(mine, f"mine.py:{name}", "--kind", kind, *options)
    assert (done.returncode, done.stdout) == (2, "")
    assert len(done.stderr.splitlines()) == 1, done.stderr
    assert name in done.stderr
    for words in says:
        assert words in done.stderr
    assert "§" not in done.stderr


@pytest.mark.parametrize(
    ("name", "loop"), [("needs_asyncio", "asyncio"), ("needs_trio", "trio"), ("later", "asyncio")]
)
@pytest.mark.parametrize("kind", ["subscriber", "processor"])
def test_who_takes_signals_is_told_which_loop_it_needs(mine: Path, name: str, loop: str, kind: str):
    done = run(mine, f"mine.py:{name}", "--kind", kind)
    assert (done.returncode, done.stdout) == (2, "")
    assert f'needs a running event loop: give loop="{loop}" (--loop {loop})' in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_one_that_blocks_is_told_in_time_with_its_stack(mine: Path):
    began = time.perf_counter()
    done = run(mine, "mine.py:blocks", TCK_HANG="0.5")
    assert time.perf_counter() - began < 10
    assert (done.returncode, done.stdout) == (2, "")
    first, *stack = done.stderr.splitlines()
    assert "blocks(1) has not returned within 0.5 s" in first
    assert "mine.py" in "".join(stack)
    assert "threading.Event().wait(30)" in "".join(stack)


def test_an_option_for_a_loop_that_there_is_not(mine: Path):
    done = run(mine, "mine.py:half", "--loop", "twisted")
    assert (done.returncode, done.stdout) == (2, "")
    assert "twisted" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_what_a_component_prints_is_no_part_of_the_report(mine: Path):
    (mine / "talks.py").write_text(
        "class Talks:\n"
        "    def __init__(self, elements): pass\n"
        "    def subscribe(self, subscriber):\n"
        "        print('somebody is there')\n",
        "utf-8",
    )
    done = run(mine, "talks.py:Talks", "--deadline", "0.05")
    assert done.returncode == 1
    assert "somebody is there" not in done.stdout.replace("print('somebody is there')", "")
    assert "somebody is there" in done.stderr


class Good:
    """As much of a Publisher as it takes to be one."""

    def subscribe(self, subscriber: Any) -> None:
        subscriber.on_subscribe(self)
        subscriber.on_complete()

    def request(self, n: Any) -> None: ...

    def cancel(self) -> None: ...


@pytest.mark.parametrize("number", [2, 5, 60])
def test_one_that_fails_later_is_told_too(number: int):
    made: list[int] = []

    def sometimes(elements: int) -> Good:
        made.append(elements)
        if len(made) == number:
            raise OSError("too many open files")
        return Good()

    with pytest.raises(tck.Unusable, match=r"sometimes\(\d+\) raised OSError: too many open files"):
        tck.verify_publisher(sometimes, settings=tck.Settings(deadline=0.01, quiet=0.001))
    assert len(made) == number


def test_one_that_blocks_is_waited_for_once():
    over = threading.Event()
    began = time.perf_counter()
    with pytest.raises(tck.Unusable, match=r"(?s)not returned within 0\.3 s.*over\.wait") as told:
        tck.verify_publisher(lambda _n: over.wait(30), settings=tck.Settings(hang=0.3))
    over.set()
    assert time.perf_counter() - began < 3
    assert str(told.value).count("\n") >= 1


def test_one_that_is_slow_has_the_time_that_the_settings_give_also_where_the_kit_is_in_haste():
    made: list[int] = []
    script = Script("PublisherStand", (3,), (Action("subscribe", result="a"),))

    def slow(elements: int) -> Good:
        made.append(elements)
        if len(made) == 1:
            threading.Event().wait(1.5)  # longer than what is left to a script that is only tried
        return Good()

    with Player(slow, tck.Settings()).play(script) as stand:
        assert not stand.breaches()
    assert len(made) == 2


def test_a_factory_of_a_publisher_that_fails_is_a_factory():
    def failed() -> Any:
        raise ValueError("on purpose")

    with pytest.raises(tck.Unusable, match=r"failed\(\) raised ValueError: on purpose"):
        tck.verify_publisher(lambda _n: Good(), failed=failed, settings=tck.Settings(deadline=0.01))


def test_nothing_is_hidden_that_is_to_end_the_program():
    def interrupted(_elements: int) -> Any:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        tck.verify_publisher(interrupted)


def test_a_component_that_exits_ends_no_more_than_its_call():
    class Leaves(Good):
        def request(self, n: Any) -> None:
            sys.exit(3)

        def subscribe(self, subscriber: Any) -> None:
            subscriber.on_subscribe(self)

    report = tck.verify_publisher(
        lambda _n: Leaves(), settings=tck.Settings(deadline=0.05, quiet=0.001, examples=5)
    )
    assert "3.16" in {violation.rule for violation in report.violations}
