"""`python -m reactive_streams`: what it prints, where, and the exit code it ends with."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import reactive_streams
from reactive_streams.__main__ import main
from reactive_streams.glossary import GLOSSARY
from reactive_streams.rules import RULES, rule

ROOT = Path(reactive_streams.__file__).parent.parent
# A hang is to fail its own test; no machine is so loaded that a start takes this long.
DEADLINE = 50


@pytest.fixture(autouse=True)
def fixed_width(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("COLUMNS", "80")


def run_module(
    *arguments: str, stdout: int = subprocess.PIPE, **environment: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "reactive_streams", *arguments],
        cwd=ROOT,
        env=os.environ | environment,
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
        timeout=DEADLINE,
        check=False,
    )


@contextmanager
def pipe_without_reader() -> Iterator[int]:
    """Gives the end to write to: nothing is left to chance as it would be with a real `head`."""
    reader, writer = os.pipe()
    os.close(reader)
    try:
        yield writer
    finally:
        os.close(writer)


def flat(text: str) -> str:
    return " ".join(text.split())


def test_all_rules_are_printed_in_order(capsys: pytest.CaptureFixture[str]):
    assert main(["rules"]) == 0
    printed = capsys.readouterr()
    assert printed.err == ""
    heads = [line.split()[0] for line in printed.out.splitlines() if line[:1].isdigit()]
    assert heads == [each.id for each in RULES]
    for each in RULES:
        assert each.statement in flat(printed.out)
        assert each.intent in flat(printed.out)


def test_named_rules_are_printed_in_the_order_asked_for(capsys: pytest.CaptureFixture[str]):
    assert main(["rules", "3.9", "§1.10"]) == 0
    printed = capsys.readouterr().out
    heads = [line for line in printed.splitlines() if line[:1].isdigit()]
    assert heads == ["3.9  MUST, SHOULD  (Subscription)", "1.10  MAY, MUST  (Caller, Publisher)"]
    assert rule("3.9").statement in flat(printed)
    assert rule("3.8").statement not in flat(printed)


def test_unknown_rule_is_one_line_on_stderr(capsys: pytest.CaptureFixture[str]):
    assert main(["rules", "1.1", "3.18"]) == 2
    printed = capsys.readouterr()
    assert printed.out == "", "half an answer would be taken for the whole"
    assert printed.err.count("\n") == 1
    assert "'3.18'; near it: 3.15, 3.16, 3.17" in printed.err


def test_all_terms_are_printed(capsys: pytest.CaptureFixture[str]):
    assert main(["glossary"]) == 0
    printed = flat(capsys.readouterr().out)
    assert all(each.definition in printed for each in GLOSSARY)


@pytest.mark.parametrize(
    "words", [["return normally"], ["return", "normally"], ["Returns Normally"]]
)
def test_named_term_is_printed(words: list[str], capsys: pytest.CaptureFixture[str]):
    assert main(["glossary", *words]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("return normally, returns normally\n    To give back")
    assert "responsivity" not in printed


def test_unknown_term_is_one_line_on_stderr(capsys: pytest.CaptureFixture[str]):
    assert main(["glossary", "demnd"]) == 2
    printed = capsys.readouterr()
    assert (printed.out, printed.err) == ("", "no term 'demnd'; near it: demand\n")


@pytest.mark.parametrize("columns", [40, 80, 132])
def test_text_fills_the_width_of_the_terminal(
    columns: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setenv("COLUMNS", str(columns))
    main(["rules"])
    text = [line for line in capsys.readouterr().out.splitlines() if line.startswith("    ")]
    longest = max(map(len, text))
    assert columns - 3 <= longest <= columns


def test_tiny_terminal_still_gets_words(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setenv("COLUMNS", "3")
    assert main(["rules", "3.15"]) == 0
    assert "cancel() MUST return" in capsys.readouterr().out


def test_output_is_plain_ascii(capsys: pytest.CaptureFixture[str]):
    main(["rules"])
    main(["glossary"])
    printed = capsys.readouterr().out.replace("\n", "")
    assert printed.isascii()
    assert printed.isprintable()


@pytest.mark.parametrize("arguments", [["--help"], ["rules", "--help"], ["glossary", "--help"]])
def test_help(arguments: list[str], capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 0
    assert capsys.readouterr().out.startswith("usage: python -m reactive_streams ")


@pytest.mark.parametrize("arguments", [[], ["nonsense"], ["rules", "--nonsense"]])
def test_arguments_without_sense(arguments: list[str], capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "usage: " in printed.err


def test_arguments_default_to_those_of_the_process(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setattr(sys, "argv", ["reactive_streams", "rules", "3.7"])
    assert main() == 0
    assert capsys.readouterr().out.startswith("3.7  MUST")


def test_as_a_process():
    done = run_module("rules", "3.15", PYTHONIOENCODING="ascii")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(
        "3.15  MUST  (Subscription)\n    cancel() MUST return normally.\n"
    )
    assert done.stdout.endswith(".\n")


def test_exit_code_of_the_process():
    done = run_module("rules", "4.3")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "no rule '4.3'; near it: 3.3, 4.1, 4.2; there are 1.1-1.11, 2.1-2.13, 3.1-3.17, 4.1-4.2\n"
    )


@pytest.mark.skipif(os.name == "nt", reason="a closed pipe is no BrokenPipeError there")
# With a buffer the failure comes at the flush, without one at the first write.
@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("arguments", [["rules"], ["rules", "3.15"], ["--help"]])
def test_reader_that_has_gone_is_no_failure(arguments: list[str], unbuffered: str):
    with pipe_without_reader() as writer:
        done = run_module(*arguments, stdout=writer, PYTHONUNBUFFERED=unbuffered)
    assert (done.returncode, done.stderr) == (0, "")
