"""The end of the program waits for cleanups, for a while, and for nothing else."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import pytest

SETUP = """
import asyncio, itertools, sys, threading, time
from concurrent.futures import ThreadPoolExecutor
from operators import Flow
from operators._kernel.hosts import exits
from operators.schedulers import event_loop, executor, thread

async def rows():
    try:
        for n in itertools.count():
            yield n
            await asyncio.sleep(0.001)
    finally:
        await asyncio.sleep(0.02)
        sys.stdout.write("clean\\n")

def plain_rows():
    try:
        for n in itertools.count():
            yield n
            time.sleep(0.001)
    finally:
        sys.stdout.write("clean\\n")

def push(emitter):
    n = 0
    while emitter.emit(n):
        n += 1
        time.sleep(0.001)
    sys.stdout.write("clean\\n")

async def apush(emitter):
    try:
        while await emitter.emit(1):
            await asyncio.sleep(0.001)
    finally:
        await asyncio.sleep(0.02)
        sys.stdout.write("clean\\n")

pool = ThreadPoolExecutor(20)
"""
FLOWS = [
    "Flow.from_iterable(plain_rows())",
    "Flow.from_async_iterable(rows())",
    "Flow.from_async_iterable(rows()).merge(Flow.never())",
    "Flow.from_async_iterable(rows()).publish_on(thread())",
    "Flow.from_iterable(plain_rows()).subscribe_on(thread())",
    "Flow.from_iterable(plain_rows()).subscribe_on(executor(pool))",
    "Flow.from_iterable(plain_rows()).publish_on(executor(pool), prefetch=4)",
    "Flow.create(push)",
    "Flow.create(push, scheduler=executor(pool))",
    "Flow.create(apush)",
]
ENDS = {
    "break": "for flow in flows:\n    for item in flow: break",
    "an exit": "for _ in zip(*flows): raise SystemExit(0)",
    "generators left open": "left = [iter(flow) for flow in flows]\nfor each in left: next(each)",
    "runs under way": """
for flow in flows[1:]:  # the first one would run in the caller
    begun = threading.Event()
    left = left, flow.for_each(lambda _, it=begun: it.set())
    begun.wait()
""",
}


def run(program: str, seconds: float = 30.0) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", SETUP + program], capture_output=True, text=True, timeout=seconds
    )


@pytest.mark.parametrize("end", ENDS)
def test_what_was_begun_is_cleaned_up(end: str):
    ended = run(f"flows = [{', '.join(FLOWS)}]\nleft = ()\n{ENDS[end]}")
    count = len(FLOWS) - (end == "runs under way")
    assert (ended.stdout, ended.stderr, ended.returncode) == ("clean\n" * count, "", 0)


def test_endless_flows_on_the_users_pool_end_with_the_program():
    ended = run("""
endless = Flow.range(10**15)
flows = [
    endless.publish_on(executor(pool)),
    endless.subscribe_on(executor(pool)),
    endless.filter(lambda n: False).subscribe_on(executor(pool)),
    endless.flat_map(lambda n: Flow.of(n).publish_on(executor(pool))),
    endless.subscribe_on(executor(pool)).publish_on(executor(pool)),
    endless.map_async(abs, executor=pool),
    endless.publish_on(executor(pool)).on_backpressure_drop(),
]
handles = [flow.for_each(lambda _: None) for flow in flows]
time.sleep(0.05)
assert not [handle for handle in handles if handle.done]
""")
    assert (ended.stdout, ended.stderr, ended.returncode) == ("", "", 0)


def test_a_thread_that_goes_on_after_the_main_one_is_served():
    ended = run("""
def consume():
    threading.main_thread().join()
    time.sleep(0.05)
    items = [next(each) for each in flows for _ in range(40)]
    print(len(items), flush=True)
    for each in flows:
        each.close()
flows = [iter(Flow.from_iterable(plain_rows()).publish_on(thread())),
         iter(Flow.from_async_iterable(rows())), iter(Flow.create(push)),
         iter(Flow.from_iterable(plain_rows()).subscribe_on(thread()))]
for each in flows:
    next(each)
threading.Thread(target=consume).start()
""")
    assert ended.stderr == ""
    assert ended.stdout.splitlines() == ["160", *["clean"] * 4]


def test_a_thread_that_waits_for_what_ran_on_a_pool_is_told():
    ended = run("""
def consume():
    try:
        for item in flow:
            threading.main_thread().join()
    except RuntimeError as error:
        print(error, flush=True)
flow = Flow.range(10**15).publish_on(executor(pool), prefetch=4)
threading.Thread(target=consume).start()
time.sleep(0.05)
""")
    assert ended.stderr == ""
    assert "ended" in ended.stdout or "after shutdown" in ended.stdout


@pytest.mark.parametrize("end", ["for item in FLOW: break", "handle = FLOW.for_each(str)"])
def test_what_takes_too_long_is_given_up(end: str):
    program = end.replace("FLOW", "Flow.create(lambda e: (e.emit(1), time.sleep(60)))")
    begun = time.monotonic()
    ended = run(f"exits.spend(exits.SECONDS - 0.2)\n{program}")
    assert (ended.stdout, ended.stderr, ended.returncode) == ("", "", 0)
    assert time.monotonic() - begun < 30


@pytest.mark.parametrize("raised", ["SystemExit", "GeneratorExit"])
def test_what_is_no_exception_leaves_no_thread_and_nothing_is_logged(raised: str):
    ended = run(f"""
import gc
threading.excepthook = lambda it: None
def leave(_): raise {raised}
async def aleave(_): raise {raised}
async def aleaving():
    yield 1
    raise {raised}
for flow in [
    Flow.from_async_iterable(aleaving()),
    Flow.range(3).publish_on(thread()).map(leave),
    Flow.range(3).publish_on(event_loop()).map(leave),
    Flow.range(3).map(leave).subscribe_on(thread()),
    Flow.create(leave),
    Flow.create(aleave),
    Flow.range(3).map_async(aleave),
    Flow.range(3).map_async(leave),
    Flow.range(3).publish_on(executor(pool)).map(leave),
]:
    try:
        list(flow)
    except RuntimeError as error:
        assert {raised!r} in str(error) or "cancelled" in str(error), error
    except {raised}:
        pass  # where the loop's own thread runs the function
pool.shutdown()
deadline = time.monotonic() + 20
while threading.active_count() > 1 and time.monotonic() < deadline:
    time.sleep(0.001)
print(threading.active_count())
gc.collect()
""")
    log = [line for line in ended.stderr.splitlines() if "retrieved" in line or "destroyed" in line]
    assert log == []
    assert ended.stdout == "1\n"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_child_gets_a_clear_error_or_begins_afresh():
    ended = run("""
import os, signal
begun = [threading.Event() for _ in range(5)]
def flows():
    return [
        Flow.from_async_iterable(rows()),
        Flow.create(push),
        Flow.from_iterable(plain_rows()).publish_on(thread(), prefetch=2),
        Flow.from_iterable(plain_rows()).subscribe_on(thread()),
        Flow.from_iterable(plain_rows()).publish_on(executor(pool), prefetch=2),
    ]
handles = [flow.for_each(lambda _, it=it: it.set()) for flow, it in zip(flows(), begun)]
for it in begun:
    it.wait()
left = [iter(flow) for flow in flows()]
for each in left:
    next(each)
child = os.fork()
if not child:
    signal.alarm(25)
    for each in left:
        try:
            for _ in range(50):  # what had begun no thread yet begins one here
                next(each)
        except RuntimeError as error:
            assert "fork()" in str(error), error
    for handle in handles:
        try:
            handle.result()
            os._exit(1)
        except RuntimeError as error:
            assert "fork()" in str(error), error
    pool = ThreadPoolExecutor(1)
    assert [next(iter(flow)) for flow in flows()] == [0] * 5
    print("afresh", flush=True)
    os._exit(0)
status = os.waitpid(child, 0)[1]
for it in begun:
    it.clear()
for it in begun:
    it.wait()  # the parent goes on
for each in left:
    next(each)
    each.close()
for handle in handles:
    handle.cancel()
sys.exit(status)
""")
    assert ended.returncode == 0, ended.stderr
    assert "afresh" in ended.stdout
