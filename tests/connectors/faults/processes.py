"""What goes wrong around processes."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from operators import Flow
from operators.connectors import processes, values
from tests.connectors.kit import cancelled_after, eventually, outcome, settled
from tests.operators.kit import probe

ENDLESS = "while True: print('x' * 99)"
STUBBORN = """
import signal, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("ready", flush=True)
while True: time.sleep(60)
"""


def python(code: str, *arguments: str) -> Sequence[str]:
    return [sys.executable, "-c", code, *arguments]


def _outcome(flow: Flow[Any]) -> str:
    return outcome(flow.run).replace(sys.executable, "python")


def no_such_program() -> str:
    return _outcome(processes.source(["no-such-program-at-all"]))


def it_fails() -> str:
    code = "import sys; print('a'); print('no luck', file=sys.stderr); sys.exit(3)"
    return _outcome(processes.source(python(code)))


def it_is_killed() -> str:
    code = "import os; print('a', flush=True); os.kill(os.getpid(), 9)"
    return _outcome(processes.source(python(code)))


def it_prints_more_than_is_asked_for() -> str:
    with tempfile.TemporaryDirectory() as folder:
        count = Path(folder, "count")
        code = f"""
import sys
for n in range(100_000):
    print('x' * 99)
    if n % 100 == 99:
        sys.stdout.flush(); open({str(count)!r}, 'w').write(str(n))
"""
        seen = probe(processes.source(python(code)), 5)
        eventually(lambda: len(seen.items) == 5)
        lines = settled(lambda: int((count.exists() and count.read_text()) or 0))
        assert lines * 100 < 500_000, lines
        seen.cancel()
    return "it has to wait, after 500 KB at most"


def it_reads_nothing() -> str:
    asked: list[bytes] = []
    flow = Flow.repeat_value(b"x" * 10_000).tap(asked.append)
    sleeping = processes.sink(python("import time; time.sleep(60)"))
    passed: list[bytes] = []
    run = flow.apply(sleeping).for_each(passed.append)
    held = settled(lambda: len(asked)) - len(passed)
    cancelled_after(run, lambda: True)
    assert 64 <= held <= 130, held
    return "the flow waits; `batch` items wait and as many are in hand"


def it_ends_before_it_has_read_all() -> str:
    flow = Flow.repeat_value("x" * 1_000).apply(processes.sink(python("input()")))
    kind = _outcome(flow).split(":")[0]
    assert kind == "BrokenPipeError"
    return kind


def it_reads_no_more_and_goes_on() -> str:
    code = "import os, time; os.close(0); time.sleep(60)"
    return _outcome(Flow.repeat_value("x" * 1_000).apply(processes.sink(python(code)))).split(":")[
        0
    ]


def it_fails_before_it_has_read_all() -> str:
    code = "import sys; input(); sys.exit('enough')"
    return _outcome(Flow.repeat_value("x" * 1_000).apply(processes.sink(python(code))))


def it_leaves_others_behind() -> str:
    code = "import subprocess as s, sys; s.Popen(['sleep', '0.5'], stdout=s.DEVNULL); sys.exit(1)"
    return _outcome(processes.source(python(code)))


def a_line_without_end() -> str:
    settings = processes.SourceSettings(largest=1_000)
    code = "import sys; sys.stdout.write('x' * 10_000)"
    return _outcome(processes.source(python(code), settings)).split(" of ")[0]


def not_the_encoding() -> str:
    code = "import sys; sys.stdout.buffer.write(b'\\xff\\n')"
    return _outcome(processes.source(python(code))).split(":")[0]


def cancel_while_it_waits() -> str:
    run = processes.source(python("import time; time.sleep(60)")).for_each(lambda _: None)
    cancelled_after(run, lambda: True)
    return "it is ended"


def cancel_while_it_writes() -> str:
    seen: list[str] = []
    run = processes.source(python(ENDLESS)).apply(values()).for_each(seen.append)
    cancelled_after(run, lambda: seen)
    return "it is ended"


def it_will_not_end() -> str:
    settings = processes.SourceSettings(grace=0.01)
    seen: list[str] = []
    run = processes.source(python(STUBBORN), settings).apply(values()).for_each(seen.append)
    cancelled_after(run, lambda: seen == ["ready"])
    return "killed, after `grace`"


def two_threads() -> str:
    flow = processes.source(python("print(1); print(2)")).apply(values())
    seen: list[list[str]] = [[], []]
    runs = [flow.for_each(each.append) for each in seen]
    for run in runs:
        run.result(20)
    assert seen == [["1", "2"]] * 2
    return "a program each"


FAULTS = {
    "a line without end": a_line_without_end,
    "cancel while it waits": cancel_while_it_waits,
    "cancel while it writes": cancel_while_it_writes,
    "it ends before it has read all": it_ends_before_it_has_read_all,
    "it reads no more, and goes on": it_reads_no_more_and_goes_on,
    "it fails": it_fails,
    "it fails before it has read all": it_fails_before_it_has_read_all,
    "it is killed": it_is_killed,
    "it prints more than is asked for": it_prints_more_than_is_asked_for,
    "it leaves others behind, who hold its pipe": it_leaves_others_behind,
    "it reads nothing": it_reads_nothing,
    "it will not end": it_will_not_end,
    "no such program": no_such_program,
    "not the encoding": not_the_encoding,
    "two threads": two_threads,
}
