"""`operators run`: what it takes, what it prints, and the exit code it ends with."""

from __future__ import annotations

import re

import pytest


def fields(stdout: str) -> dict[str, list[str]]:
    """The rows of the table by the name of the stage, up to the empty line."""
    lines = stdout.split("\n\n")[0].splitlines()
    return {cells[0]: cells[1:] for cells in (re.split(r" {2,}", line) for line in lines[1:])}


def test_a_flow_runs_to_its_end_and_everything_is_told(write, run):
    write("numbers = Flow.range(10).filter(lambda n: n % 2).map(str).named('as text')")
    done = run("flows.py:numbers")
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    table, result, summary = done.stdout.split("\n\n")
    heads = re.split(r" {2,}", table.splitlines()[0])
    assert heads == ["stage", "requested", "emitted", "held at most", "items/s", "end"]
    rows = fields(done.stdout)
    assert list(rows) == ["range", "filter", "as text"]
    # The consumer asks for one at a time: it asked for a sixth, and was told of the end instead.
    assert rows["range"][:2] == ["11", "10"]
    assert rows["filter"][:2] == ["6", "5"]
    assert {cells[-1] for cells in rows.values()} == {"completed"}
    assert result == "result: 9"
    assert re.search(r"^items +5 in \d+\.\d s \([\d,.]+ items/s\)$", summary, re.MULTILINE)
    assert re.search(
        r"^in flight +at most 1 at any time; the promised bound is 1$", summary, re.MULTILINE
    )
    assert re.search(r"^memory +\d+ MB at the peak$", summary, re.MULTILINE)


@pytest.mark.parametrize(
    ("text", "target", "result"),
    [
        ("made = lambda: Flow.of(1, 2)", "flows.py:made", "result: 2"),
        ("def made(more=3): return Flow.of(1, more)", "flows.py:made", "result: 3"),
        ("made = Flow.defer(lambda: Flow.of(4))", "flows.py:made", "result: 4"),
        ("made = Flow.of(5)", "flows:made", "result: 5"),
        ("class Space: made = Flow.of(6)", "flows:Space.made", "result: 6"),
        ("made = Flow.of('two\\nlines')", "flows.py:made", "two\nlines"),
    ],
    ids=["function", "defaults", "defer", "module", "dotted", "lines"],
)
def test_what_can_be_run(write, run, text: str, target: str, result: str):
    write(text)
    done = run(target)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split("\n\n")[1] == result


def test_a_file_finds_the_modules_beside_it(write, run, tmp_path):
    (tmp_path / "inner").mkdir()
    write("from beside import text\nflow = Flow.of(text)", "inner/flows.py")
    write("text = 'from beside'", "inner/beside.py")
    assert "result: from beside" in run("inner/flows.py:flow").stdout


def test_a_flow_of_nothing_has_no_result(write, run):
    write("flow = Flow.empty()")
    done = run("flows.py:flow")
    assert done.returncode == 0
    assert "result" not in done.stdout
    assert re.search(r"^items +0 in ", done.stdout, re.MULTILINE)


def test_a_flow_made_by_defer_is_seen_whole_and_made_once(write, run):
    write("""
        def make():
            print("made")
            return Flow.range(6).buffer(3)
        flow = Flow.defer(make).map(len)
    """)
    done = run("flows.py:flow")
    assert done.stdout.count("made\n") == 1
    assert "the promised bound is 4" in done.stdout
    assert "in flight   at most 3 at any time" in done.stdout


USELESS = {
    "no.py:flow": "error: no.py: no such file",
    "folder.py:flow": "error: folder.py: this is not a file",
    "no.such.module:flow": "error: no.such.module: no such module (no module named no)",
    "flows.py:flwo": "error: flows.py has no flwo; did you mean flow?",
    "flows.py:zzz": "error: flows.py has no zzz; it has flow",
    "flows.py": "error: flows.py: which flow of it? Give FILE_OR_MODULE:NAME; it has flow",
    "flows": "error: flows: which flow of it? Give FILE_OR_MODULE:NAME, as in flows.py:words",
    "flows.py:items": "error: items of flows.py is not a Flow, or a function without arguments "
    "that returns one: it is [1, 2] (list)",
    "flows.py:Flow": "it is the class Flow",
    "flows.py:with_argument": "missing a required argument: 'n'",
    "flows.py:coroutine": "it is a coroutine function",
    "flows.py:publisher": "a Publisher, which Flow.from_publisher makes a Flow of (Theirs)",
    "flows.py:gives_three": "error: gives_three() of flows.py returned no Flow, but 3 (int)",
    "flows.py:raises": "error: raises() of flows.py raised RuntimeError: no luck (",
    "absent.py:flow": "cannot be imported: ModuleNotFoundError: No module named 'no_such'",
    "absent:flow": "cannot be imported: ModuleNotFoundError: No module named 'no_such'",
    "syntax.py:flow": "error: syntax.py cannot be imported: SyntaxError: ",
    "zero.py:flow": "error: zero.py cannot be imported: ZeroDivisionError: division by zero (",
    "exits.py:flow": "error: exits.py cannot be imported: SystemExit: 0 (",
}


@pytest.mark.parametrize("target", USELESS)
def test_what_cannot_be_run_is_told_in_one_line(write, run, tmp_path, target: str):
    write("""
        class Theirs:
            def subscribe(self, subscriber): ...
        flow = Flow.of(1)
        items = [1, 2]
        publisher = Theirs()
        def with_argument(n): ...
        async def coroutine(): ...
        def gives_three(): return 3
        def raises(): raise RuntimeError("no\\nluck")
    """)
    (tmp_path / "folder.py").mkdir()
    write("import no_such", "absent.py")
    write("def f(:", "syntax.py")
    write("1 / 0", "zero.py")
    write("raise SystemExit(0)", "exits.py")
    done = run(target)
    assert done.returncode == 2
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1
    assert done.stderr.startswith("error: ")
    assert USELESS[target] in done.stderr


def test_a_failed_import_tells_where(write, run, tmp_path):
    path = write("x = 1\ny = 1 / 0", "zero.py")
    assert f"({path}:3)" in run("zero.py:flow").stderr


FAILING = {
    "for": ("Flow.of('1', 'x').map(parse).filter(bool)", "map", "'x'"),
    "thread": ("Flow.of('1', 'x').publish_on(thread()).map(parse)", "map", "'x'"),
    "pool": ("Flow.of('1', 'x').map_async(parse, concurrency=2)", "map_async", "'x'"),
    "loop": ("Flow.of('1', 'x').map_async(aparse, concurrency=2)", "map_async", "'x'"),
    "inner": ("Flow.of('1', 'x').flat_map(lambda t: Flow.of(t).map(parse))", "map", "'x'"),
    "process": ("processes(Flow.of('1', 'x'))", "map_async", "'x'"),
}


@pytest.mark.parametrize("kind", FAILING)
def test_a_pipeline_that_fails_tells_operator_place_and_item(write, run, kind: str):
    text, operator, item = FAILING[kind]
    path = write(f"""
        from concurrent.futures import ProcessPoolExecutor
        from multiprocessing import get_context
        from operators.schedulers import thread
        def parse(text):
            return int(text)
        async def aparse(text):
            return parse(text)
        def processes(flow):
            def made():
                pool = ProcessPoolExecutor(1, mp_context=get_context("spawn"))
                return flow.map_async(parse, executor=pool).on_finally(pool.shutdown)
            return Flow.defer(made)
        flow = {text}
    """)
    done = run("flows.py:flow")
    assert done.returncode == 1
    assert "ValueError: invalid literal for int() with base 10: 'x'" in done.stderr
    assert re.search(
        rf"^in {operator}, written at {re.escape(str(path))}:\d+$", done.stderr, re.MULTILINE
    )
    assert re.search(rf"^  item: {item}$", done.stderr, re.MULTILINE)
    # The user's frames, and no others.
    files = set(re.findall(r'File "([^"]*)"', done.stderr))
    assert files == {str(path)}
    assert re.search(r"^items +[01] in ", done.stdout, re.MULTILINE)


def test_an_error_without_frames_has_no_empty_traceback(write, run):
    write("flow = Flow.error(LookupError('nothing here'))")
    done = run("flows.py:flow")
    assert done.returncode == 1
    assert done.stderr.splitlines() == ["the pipeline failed:", "LookupError: nothing here", ""]


def test_a_function_that_exits_fails_the_run(write, run):
    write("import sys\nflow = Flow.of(1).map(lambda n: sys.exit('bye'))")
    done = run("flows.py:flow")
    assert done.returncode == 1
    assert "SystemExit: bye" in done.stderr
    assert "failed" in done.stdout


def test_a_result_that_cannot_be_shown_is_no_failure(write, run):
    write("""
        class Shy:
            def __str__(self): raise RuntimeError("no")
        flow = Flow.of(Shy())
        long = Flow.of("x" * 100_000)
    """)
    done = run("flows.py:flow")
    assert done.returncode == 0
    assert "<Shy, whose str() raised RuntimeError('no')>" in done.stdout
    done = run("flows.py:long")
    assert "... (100,000 characters)" in done.stdout
    assert len(done.stdout) < 20_000


def test_on_finally_has_run_when_the_program_ends(write, run):
    write("""
        import time
        def close():
            time.sleep(0.3)
            print("closed")
        flow = Flow.range(3).map_async(str, concurrency=1).on_finally(close)
    """)
    assert "closed" in run("flows.py:flow").stdout


def test_what_was_dropped_is_told(write, run):
    write("""
        from threading import Event
        all_came = Event()
        def late(emitter):
            all_came.wait()
            emitter.emit("late")
            emitter.complete()
        # Two of them wait for their partners in zip, two in the buffer.
        kept = Flow.range(10).on_finally(all_came.set)
        flow = kept.on_backpressure_buffer(2, overflow="drop_newest").zip(
            Flow.create(late), prefetch=2
        )
    """)
    done = run("flows.py:flow")
    column = re.split(r" {2,}", done.stdout.splitlines()[0]).index("dropped")
    assert fields(done.stdout)["on_backpressure_buffer"][column - 1] == "6"
    assert "dropped" not in run("flows.py:kept").stdout


def test_flows_made_meanwhile_are_counted_together(write, run):
    write("flow = Flow.range(4).flat_map(lambda n: Flow.range(n).named('inner'))")
    done = run("flows.py:flow")
    assert fields(done.stdout)["flat_map"][1] == "6"
    assert re.search(r"^ +inner \* +[\d,]+ +6 ", done.stdout, re.MULTILINE)
    assert "* all flows made at this place" in done.stdout
    assert "beside what flows made meanwhile hold" in done.stdout


def test_a_line_every_second_while_it_runs(write, run):
    write("""
        import time
        flow = Flow.range(12).tap(lambda _: time.sleep(0.2)).named("slow")
    """)
    done = run("flows.py:flow", "--plain")
    lines = done.stderr.splitlines()
    assert 1 <= len(lines) <= 4
    assert re.fullmatch(
        r" +\d+\.\d s  \d+ items \(\d+/s\); in flight 1, at most 1 of 1; waiting for slow", lines[0]
    )
    assert re.search(r"^waited for +slow \(\d+% of the time\)", done.stdout, re.MULTILINE)


@pytest.mark.parametrize("arguments", [[], ["run"], ["walk"], ["run", "a:b", "--fast"]])
def test_arguments_that_make_no_sense(arguments: list[str], capsys):
    from operators._cli import main

    with pytest.raises(SystemExit) as exit_:
        main(arguments)
    assert exit_.value.code == 2
    assert "usage: python -m operators" in capsys.readouterr().err


def test_help_tells_what_a_target_is_and_what_the_exit_codes_mean(capsys):
    from operators._cli import main

    with pytest.raises(SystemExit) as exit_:
        main(["run", "--help"])
    assert exit_.value.code == 0
    text = capsys.readouterr().out
    assert "FILE_OR_MODULE:NAME" in text
    assert "a function without arguments" in text
    assert all(re.search(rf"^ +{code} ", text, re.MULTILINE) for code in (0, 1, 2, 130))
