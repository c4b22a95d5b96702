"""Ctrl-C and its like: whatever the pipeline is doing, it ends, and leaves nothing behind."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

from tests.cli.program import DEADLINE, ROOT, command, environment

FLOWS = """
    import asyncio, time
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context
    from operators.schedulers import thread

    def ready(item):
        print("ready", flush=True)

    def slowly(item):
        time.sleep(0.05)
        return item

    async def ticks():
        try:
            while True:
                yield 1
                await asyncio.sleep(0.01)
        finally:
            print("source closed", flush=True)

    def endless():
        try:
            while True:
                yield 1
        finally:
            print("source closed", flush=True)

    def produce(emitter):
        while emitter.emit(1):
            time.sleep(0.01)

    def in_processes():
        pool = ProcessPoolExecutor(1, mp_context=get_context("spawn"), initializer=deaf)
        calls = Flow.from_iterable(endless()).map_async(slowly, concurrency=4, executor=pool)
        return calls.on_finally(pool.shutdown)

    def deaf():
        import signal
        signal.signal(signal.SIGINT, signal.SIG_IGN)

    synchronous = Flow.from_iterable(endless()).map(slowly).tap(ready)
    fast = Flow.from_iterable(endless()).tap(lambda n, told=[]: told or (told.append(1), ready(n)))
    hop = Flow.from_iterable(endless()).publish_on(thread(), prefetch=4).map(slowly).tap(ready)
    asynchronous = Flow.from_async_iterable(ticks()).tap(ready)
    threads = Flow.range(10**9).map_async(slowly, concurrency=3).tap(ready)
    processes = Flow.defer(in_processes).tap(ready)
    pushed = Flow.create(produce).tap(ready)
    waiting = Flow.of(1).tap(ready).concat(Flow.never())
"""
EXAMPLES = ROOT / "examples"
KINDS = ["synchronous", "fast", "hop", "asynchronous", "threads", "processes", "pushed", "waiting"]


@pytest.mark.parametrize("kind", KINDS)
def test_ctrl_c_stops_a_pipeline_cleanly(write, start, kind: str):
    write(FLOWS)
    program = start(f"flows.py:{kind}")
    program.wait_for("ready")
    program.signal(signal.SIGINT)
    code, out, err = program.end()
    assert code == 130
    assert "Traceback" not in out + err
    assert "stopped by SIGINT" in err
    assert "promised bound" in out
    assert not program.left()
    if kind in ("synchronous", "fast", "hop", "asynchronous", "processes"):
        assert "source closed" in out


def test_the_processes_of_the_demo_never_see_a_ctrl_c(write, start):
    write(f"""
        import sys
        sys.path.append({str(EXAMPLES)!r})
        from multiprocessing import get_context
        from stdlib_words import Pool
        def call(n):
            return n
        def made():
            pool = Pool(2, mp_context=get_context("spawn"))
            items = Flow.range(10**9).tap(lambda n: n or print("ready", flush=True))
            return items.map_async(call, concurrency=4, executor=pool).on_finally(pool.shutdown)
    """)
    program = start("flows.py:made")
    program.wait_for("ready")  # before the first call: the processes are being started now
    program.signal(signal.SIGINT)
    code, out, err = program.end()
    assert code == 130
    assert "Traceback" not in out + err
    assert not program.left()


@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP"])
def test_other_signals_stop_it_as_cleanly(write, start, name: str):
    write(FLOWS)
    program = start("flows.py:processes")
    program.wait_for("ready")
    number = getattr(signal, name)
    program.process.send_signal(number)  # such a one comes to the program alone
    code, out, err = program.end()
    assert code == 128 + number
    assert "Traceback" not in out + err
    assert "source closed" in out
    assert not program.left()


@pytest.mark.parametrize("pool", ["thread", "process"])
def test_a_second_ctrl_c_does_not_wait_for_calls_under_way(write, start, pool: str):
    write("""
        import signal, time
        from concurrent.futures import ProcessPoolExecutor
        from multiprocessing import get_context
        def stuck(item):
            signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
            print("ready", flush=True)
            time.sleep(600)
        thread = Flow.range(3).map_async(stuck, concurrency=1)
        def in_process():
            pool = ProcessPoolExecutor(1, mp_context=get_context("spawn"))
            return Flow.range(3).map_async(stuck, executor=pool).on_finally(pool.shutdown)
        process = Flow.defer(in_process)
    """)
    program = start(f"flows.py:{pool}")
    program.wait_for("ready")
    program.signal(signal.SIGINT)
    program.wait_for_error("Ctrl-C again")
    program.signal(signal.SIGINT)
    code, out, err = program.end()
    assert code == 130
    assert "Traceback" not in out + err
    assert not program.left()


def test_a_signal_that_is_ignored_stays_so(write, tmp_path):
    write(
        FLOWS
        + """
    import os, signal
    harmless = Flow.range(3).tap(lambda n: os.kill(os.getpid(), signal.SIGHUP))
    """
    )
    nohup = ["import os, signal, sys", "signal.signal(signal.SIGHUP, signal.SIG_IGN)"]
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "; ".join([*nohup, "os.execv(sys.argv[1], sys.argv[1:])"]),
            *command("run", "flows.py:harmless"),
        ],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=DEADLINE,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "result: 2" in done.stdout


def test_ctrl_c_while_the_module_is_imported(write, start):
    write("""
        import time
        print("ready", flush=True)
        time.sleep(600)
    """)
    program = start("flows.py:flow")
    program.wait_for("ready")
    program.signal(signal.SIGINT)
    code, _, err = program.end()
    assert code == 130
    assert "Traceback" not in err
