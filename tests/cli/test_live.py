"""The live table, in a terminal of its own; and where there is none."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path

import pytest

from operators._cli.view import LiveView, PlainView, choose_view
from tests.cli.program import DEADLINE, command, environment


def run_in_terminal(
    folder: Path, *arguments: str, keys: bytes = b"", when: bytes = b""
) -> tuple[int, str]:
    """Run the program in a terminal of 100 x 30; type `keys` once `when` has been printed."""
    terminal, inside = pty.openpty()
    fcntl.ioctl(inside, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 100, 0, 0))
    process = subprocess.Popen(
        command("run", *arguments),
        cwd=folder,
        env=environment(TERM="xterm-256color"),
        stdin=inside,
        stdout=inside,
        stderr=inside,
        start_new_session=True,
        # The terminal is to be the one that controls the program, so that Ctrl-C becomes a signal.
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
    )
    os.close(inside)
    output = b""
    deadline = time.monotonic() + DEADLINE
    try:
        while time.monotonic() < deadline:
            if not select.select([terminal], [], [], 1.0)[0]:
                continue
            try:
                read = os.read(terminal, 65536)
            except OSError:  # how Linux says that nobody is inside any more
                break
            if not read:
                break
            output += read
            if keys and when in output:
                os.write(terminal, keys)
                keys = b""
        return process.wait(DEADLINE), output.decode()
    finally:
        process.kill()
        process.wait()
        os.close(terminal)


FLOWS = """
    import time
    slow = Flow.range(8).map(str).named("text").tap(lambda _: time.sleep(0.1)).named("slow")
    endless = Flow.range(10**9).tap(lambda _: time.sleep(0.01)).named("slow")
    class Shown:
        def __rich__(self): return "[bold]shown by rich[/]"
    rich = Flow.of(Shown())
    def loud(n):
        print("a line of the user's", n)
    talking = Flow.range(3).tap(loud)
"""


def test_a_live_table_is_drawn_again_and_again(write, tmp_path):
    write(FLOWS)
    code, output = run_in_terminal(tmp_path, "flows.py:slow")
    assert code == 0
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", output)
    frames = text.count("waits for")
    assert frames >= 3
    assert "(works)" in text
    assert "slow to take it" in text
    assert re.search(r"\d\.\d s; waiting for slow", text)
    # It explains itself: a title, a legend, and a line that adds the columns up.
    assert "flows.py:slow: each stage from the source down; Ctrl-C ends it" in text
    assert (
        "in flight in all 1 = 1 worked on + 0 buffered + 0 with the consumer; at most 1 of 1"
        in text
    )
    assert "of N: what all stages may hold together" in text
    # The last frame stays, and what came of it stands below.
    last = text[text.rindex("held at most") :]
    assert last.count("completed") == 3
    assert "result: 7" in last
    assert "the promised bound is 1" in last
    # The cursor was hidden while it was drawn, and is back.
    assert output.rindex("\x1b[?25h") > output.rindex("\x1b[?25l")


def test_ctrl_c_in_the_terminal_leaves_it_in_order(write, tmp_path):
    write(FLOWS)
    code, output = run_in_terminal(tmp_path, "flows.py:endless", keys=b"\x03", when=b"(works)")
    assert code == 130
    assert "Traceback" not in output
    assert "stopped by SIGINT" in output
    assert output.rindex("\x1b[?25h") > output.rindex("\x1b[?25l")
    assert re.search(r"at most 1 at any time", output)


def test_plain_is_plain_also_in_a_terminal(write, tmp_path):
    write(FLOWS)
    code, output = run_in_terminal(tmp_path, "flows.py:slow", "--plain")
    assert code == 0
    assert "\x1b" not in output
    assert "result: 7" in output


def test_a_result_that_rich_can_show_is_shown_by_rich(write, tmp_path):
    write(FLOWS)
    _, output = run_in_terminal(tmp_path, "flows.py:rich")
    assert "\x1b[1mshown by rich\x1b[0m" in output


def test_what_the_user_prints_stands_above_the_table(write, tmp_path):
    write(FLOWS)
    _, output = run_in_terminal(tmp_path, "flows.py:talking")
    assert output.rindex("a line of the user's 2") < output.rindex("held at most")


class Terminal:
    """A standard output that says that it is a terminal."""

    def isatty(self) -> bool:
        return True

    def write(self, text: str) -> int:
        return len(text)

    def flush(self) -> None: ...


@pytest.mark.parametrize(
    ("plain", "term", "has_rich", "kind"),
    [
        (False, "xterm", True, LiveView),
        (True, "xterm", True, PlainView),
        (False, "dumb", True, PlainView),
        (False, "xterm", False, PlainView),
    ],
    ids=["live", "plain", "dumb terminal", "no rich"],
)
def test_which_view_is_chosen(monkeypatch, plain: bool, term: str, has_rich: bool, kind: type):
    monkeypatch.setattr(sys, "stdout", Terminal())
    monkeypatch.setenv("TERM", term)
    if not has_rich:
        monkeypatch.setitem(sys.modules, "rich.console", None)
    assert type(choose_view(plain=plain)) is kind


def test_without_a_terminal_the_view_is_plain(monkeypatch, capsys):
    monkeypatch.setenv("TERM", "xterm")
    assert type(choose_view(plain=False)) is PlainView
