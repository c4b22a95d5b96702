"""What is too deep completes, or says so by a RecursionError; it never hangs or ends the interpreter."""

from __future__ import annotations

import subprocess
import sys

import pytest

pytestmark = pytest.mark.long

PRELUDE = """
import sys
from operators import Flow, as_processor
from operators.schedulers import immediate

def nested(step, depth, flow=None):
    flow = flow or Flow.of(1)
    for _ in range(depth):
        flow = step(flow)
    return flow

def run(flow):
    try:
        print("completed", list(flow)[:1])
    except RecursionError as error:
        print("too deep:", error)
"""

NESTED = {
    "zip": "run(nested(lambda inner: Flow.of(1).zip(inner).map(lambda pair: pair[1]), {depth}))",
    "merge": "run(nested(lambda inner: Flow.empty().merge(inner), {depth}))",
    "concat": "run(nested(lambda inner: Flow.empty().concat(inner), {depth}))",
    "concat, pushed": (
        "run(nested(lambda inner: Flow.empty().concat(inner).limit_rate(3), {depth}))"
    ),
    "concat_map": "run(nested(lambda inner: Flow.of(0).concat_map(lambda _: inner), {depth}))",
    "concat_map, pushed": (
        "run(nested(lambda inner: Flow.of(0).limit_rate(1).concat_map(lambda _: inner), {depth}))"
    ),
    "flat_map": "run(nested(lambda inner: Flow.of(0).flat_map(lambda _: inner), {depth}))",
    "on_error_resume": (
        "run(nested(lambda inner: Flow.error(ValueError()).on_error_resume(lambda _: inner),"
        " {depth}))"
    ),
    "on_error_resume, in a row": """
def once_more(flow):
    return flow.on_error_resume(lambda error: Flow.of(1).concat(Flow.error(error)))
run(nested(once_more, {depth}, Flow.error(ValueError())).on_error_return(2))
""",
    "on_error_resume of itself": """
flow = Flow.error(ValueError()).on_error_resume(lambda error: flow)
run(flow)
run(flow.map(str))
run(flow.limit_rate(1))
""",
    "defer": "run(nested(lambda inner: Flow.defer(lambda: inner), {depth}))",
    "from_publisher": "run(nested(Flow.from_publisher, {depth}))",
    "flat_map_iterable": (
        "run(nested(lambda inner: Flow.of(0).flat_map_iterable(lambda _: inner), {depth}))"
    ),
    "map over a loop": (
        "run(nested(lambda inner: Flow.of(0).map(lambda _: list(inner)[0]), {depth}))"
    ),
    "processors": """
def process(flow):
    processor = as_processor(lambda inner: inner.map(abs))
    flow.subscribe(processor)
    return Flow.from_publisher(processor)
run(nested(process, {depth}))
""",
    "a function that recurses": """
def endless(n):
    return endless(n + 1)
run(Flow.of(1).map(endless))
run(Flow.from_publisher(Flow.of(1)).map(endless))
run(Flow.of(1).concat_map(lambda n: Flow.of(n).map(endless)).limit_rate(1))
""",
    "a flow of itself": """
def itself(n):
    return Flow.of(n).concat_map(itself)
run(itself(1))
run(itself(1).limit_rate(1))
def always(n):
    return Flow.of(n).flat_map(always)
run(always(1))
""",
}


@pytest.mark.timeout(240)  # what hangs is found; a machine that others keep busy does not hang
@pytest.mark.parametrize("name", NESTED)
def test_it_completes_or_says_so(name: str) -> None:
    program = PRELUDE
    for depth in (100, 1_000) if "{depth}" in NESTED[name] else (100,):
        program += f"print('depth', {depth}, flush=True)\n{NESTED[name].format(depth=depth)}\n"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=200, check=False
    )
    print(name, done.stdout)
    assert done.returncode == 0, done.stderr[-2_000:]
    lines = [line for line in done.stdout.splitlines() if not line.startswith("depth ")]
    assert len(lines) >= program.count("print('depth'")
    assert all(line.startswith(("completed [", "too deep: ")) for line in lines)
