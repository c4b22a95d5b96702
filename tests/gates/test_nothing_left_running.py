"""The fixture around every test fails one that leaves something running, and says what it is."""

from __future__ import annotations

from pathlib import Path

import pytest

LEAKS = '''
import asyncio
import concurrent.futures
import gc
import subprocess
import sys
import threading

import pytest

held = []
release = threading.Event()


def test_thread():
    threading.Thread(target=release.wait, name="forgotten", daemon=True).start()


def test_executor():
    held.append(concurrent.futures.ThreadPoolExecutor(1, "idle pool"))


def test_generator():
    def numbers():
        yield 1
        yield 2

    held.append(numbers())
    next(held[-1])


def test_async_generator():
    async def ticks():
        yield 1
        yield 2

    async def main():
        held.append(ticks())
        await anext(held[-1])

    asyncio.run(main())


def test_async_generator_without_a_loop():
    async def beats():
        yield 1
        yield 2

    held.append(beats())
    with pytest.raises(StopIteration):
        held[-1].asend(None).send(None)


def test_task_and_loop():
    async def endless():
        await asyncio.Event().wait()

    async def main():
        held.append(asyncio.create_task(endless()))
        await asyncio.sleep(0)

    loop = asyncio.new_event_loop()
    held.append(loop)
    loop.run_until_complete(main())


def test_process():
    held.append(subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE))


def test_exception_nobody_fetched():
    async def fail():
        raise ValueError("nobody fetched me")

    async def main():
        asyncio.ensure_future(fail())
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        gc.collect()

    asyncio.run(main())


@pytest.mark.may_leave("generator", reason="what this test is about")
def test_allowed():
    test_generator()


def test_last():
    """What was left is of the tests before; here it is only put away."""
    release.set()
    for item in reversed(held):
        match item:
            case subprocess.Popen():
                item.communicate()
            case concurrent.futures.Executor():
                item.shutdown()
            case asyncio.Task():
                item.cancel()
                loop = item.get_loop()
                loop.run_until_complete(asyncio.gather(item, return_exceptions=True))
            case asyncio.AbstractEventLoop():
                item.close()
'''

CLEAN = """
import asyncio
import concurrent.futures
import multiprocessing
import subprocess
import sys
import threading
import time

import pytest


def test_thread_that_is_ending():
    threading.Thread(target=time.sleep, args=(0.2,)).start()


def test_process_that_is_ending():
    process = subprocess.Popen([sys.executable, "-c", ""])
    threading.Thread(target=process.wait).start()


def test_executors():
    with concurrent.futures.ThreadPoolExecutor() as pool:
        assert list(pool.map(abs, [-1])) == [1]
    context = multiprocessing.get_context("spawn")
    with concurrent.futures.ProcessPoolExecutor(1, mp_context=context) as pool:
        assert list(pool.map(abs, [-1])) == [1]


def test_generator_in_a_cycle():
    def numbers():
        yield 1
        yield 2

    running = numbers()
    next(running)
    with pytest.raises(ValueError) as caught:
        raise ValueError(running)


def test_generators_that_never_began_or_have_ended():
    async def ticks(closed=iter):
        closed
        yield 1

    async def main():
        return [tick async for tick in ticks()]

    global kept
    kept = ticks(), (n for n in "ab"), asyncio.run(main())


def test_default_executor_and_early_exit():
    async def ticks():
        while True:
            yield 1

    async def main():
        await asyncio.to_thread(abs, -1)
        async for _ in ticks():
            break

    asyncio.run(main())


def test_fixture(tmp_path, capsys, monkeypatch):
    print("x")


@pytest.fixture
def running():
    pool = concurrent.futures.ThreadPoolExecutor()
    pool.submit(abs, -1).result()
    yield pool
    pool.shutdown()


def test_own_fixture(running):
    assert running.submit(abs, -1).result() == 1


@pytest.fixture(scope="module")
def shared():
    pool = concurrent.futures.ThreadPoolExecutor(1)
    pool.submit(abs, -1).result()
    yield pool
    pool.shutdown()


@pytest.mark.parametrize("n", [1, 2])
def test_shared_fixture(shared, n):
    assert shared.submit(abs, -n).result() == n
"""


@pytest.fixture
def project(pytester: pytest.Pytester, root: Path) -> pytest.Pytester:
    """An empty project with the settings and the fixture of this one."""
    pytester.path.joinpath("tests").mkdir()
    for name in ("pyproject.toml", "tests/conftest.py"):
        pytester.path.joinpath(name).write_text((root / name).read_text())
    return pytester


def test_what_is_left_running_fails_its_test(project, root):
    sample = project.path / "tests" / "test_sample.py"
    sample.write_text(LEAKS)
    shorter = project.path / "tests" / "conftest.py"
    text = shorter.read_text().replace("SECONDS_TO_END = 5.0", "SECONDS_TO_END = 0.3")
    shorter.write_text(text)
    result = project.runpytest_subprocess()
    # Each test passes by itself; it is what stays behind that fails.
    result.assert_outcomes(passed=10, errors=8)
    line = next(n for n, text in enumerate(LEAKS.splitlines(), 1) if "forgotten" in text)
    result.stdout.fnmatch_lines_random(
        [
            f"    thread: daemon 'forgotten', started at {sample}:{line} in test_thread",
            "    executor: a ThreadPoolExecutor 'idle pool' that nobody shut down",
            f"    generator: test_generator.<locals>.numbers ({sample}:*)",
            f"    async generator: test_async_generator.<locals>.ticks ({sample}:*): left to *",
            f"    async generator: test_async_generator_without_a_loop.<locals>.beats ({sample}:*)",
            "    task: <Task pending *endless*",
            "    event loop: <_UnixSelectorEventLoop running=False closed=False *",
            "    process: process *-c input()*",
            "    asyncio error: Task exception was never retrieved (ValueError('nobody *'))",
        ]
    )
    result.stdout.no_fnmatch_line("*ERROR at teardown of test_allowed*")


def test_what_has_ended_or_is_ending_passes(project):
    project.path.joinpath("tests", "test_sample.py").write_text(CLEAN)
    result = project.runpytest_subprocess()
    result.assert_outcomes(passed=10)
