"""The tests of the documentation fail on a document, or on an example, that is wrong."""

from __future__ import annotations

import sys
import types
from pathlib import Path

import pytest

from tests.docs import test_docs as docs

GOOD = """
# Title

```python
from dataclasses import dataclass

@dataclass
class Point:
    x: "int"

print(Point(1))
print("two", [2])
```

```text
Point(x=1)
two [2]
```

The namespace is kept:

```python
for n in range(5):
    print(Point(n).x)
```
```output
0
...
4
```

```text
not what was printed, for it does not follow
```
"""


@pytest.fixture
def document(tmp_path):
    def write(text: str) -> Path:
        path = tmp_path / "page.md"
        path.write_text(text)
        return path

    return write


def test_a_good_document_passes(document, monkeypatch):
    docs.run(document(GOOD), monkeypatch)


def test_other_output_fails(document, monkeypatch):
    path = document("```python\nprint(1)\n```\n\n```text\n2\n```\n")
    with pytest.raises(AssertionError, match=r"page\.md:6: this is not what is printed"):
        docs.run(path, monkeypatch)


def test_an_error_fails_and_names_the_line(document, monkeypatch):
    path = document("text\n\n```python\nx = 1\nx / 0\n```\n")
    with pytest.raises(ZeroDivisionError) as caught:
        docs.run(path, monkeypatch)
    assert caught.traceback[-1].lineno + 1 == 5
    assert str(caught.traceback[-1].path) == str(path)


def test_a_block_without_an_end_fails(document, monkeypatch):
    with pytest.raises(ValueError, match="line 3: this block has no end"):
        docs.run(document("a\n\n```python\nx = 1\n"), monkeypatch)


@pytest.mark.parametrize(
    ("expected", "printed", "same"),
    [
        ("a\nb\n", "a\nb\n", True),
        ("a\nb", "a\n\nb", False),
        ("a\n...\nb", "a\n1\n2\nb", True),
        ("a\n...\nb", "a\nb", True),
        ("a\n...", "a\n1", True),
        ("a\n...", "a", True),
        ("...\nb", "1\nb", True),
        ("...\nb", "1\nc", False),
        ("[*]?", "[*]?", True),
        ("[*]?", "*a", False),
        ("a...b", "a1b", False),
    ],
)
def test_comparison(expected, printed, same):
    assert docs.same_output(expected, printed) is same


@pytest.mark.parametrize(
    ("commands", "good"),
    [
        ("$ python -m doctest x\n$ make test\n", True),
        ("$ python -m json.tool\nno such output\n", True),
        ("$ python -m operatros run x\n", False),
        ("$ python -m operators.nothing\n", False),
        ("$ make tea\n", False),
    ],
)
def test_commands(document, commands, good):
    path = document(f"```console\n{commands}```\n")
    if good:
        docs.test_commands_in_documents(path)
    else:
        with pytest.raises(AssertionError, match=r"page\.md:2"):
            docs.test_commands_in_documents(path)


def fail():
    """Raises, with a note.

    >>> fail()
    Traceback (most recent call last):
        ...
    ValueError: why
    """
    error = ValueError("why")
    error.add_note("where")
    raise error


@pytest.mark.parametrize(
    ("example", "wrong"),
    [(">>> 1 + 1\n2\n", False), (">>> 1 + 1\n3\n", True), (">>> fail()\n", True)],
)
def test_examples(monkeypatch, example, wrong):
    module = types.ModuleType("module", example)
    report = docs.run_docstrings(module, monkeypatch)
    assert bool(report) is wrong


def test_examples_see_what_the_package_exports(monkeypatch):
    package = types.ModuleType("package")
    package.__dict__.update(__all__=["answer"], answer=42, hidden=43)
    monkeypatch.setitem(sys.modules, "package", package)
    module = types.ModuleType("package.part", ">>> answer\n42\n")
    assert docs.run_docstrings(module, monkeypatch) == ""
    module = types.ModuleType("package.part", ">>> hidden\n43\n")
    assert "NameError" in docs.run_docstrings(module, monkeypatch)


def test_an_exception_with_notes_is_the_same_on_every_python(monkeypatch):
    module = types.ModuleType("module", fail.__doc__)
    module.__dict__["fail"] = fail
    assert docs.run_docstrings(module, monkeypatch) == ""
