"""The package as a whole: it stands alone, and the examples in its docstrings are true."""

import ast
import doctest
import importlib
import inspect
import pkgutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

import reactive_streams

FOLDER = Path(reactive_streams.__file__).parent
FILES = sorted(FOLDER.rglob("*.py"))
ALLOWED = sys.stdlib_module_names | {"typing_extensions", "reactive_streams"}
MODULES = [
    "reactive_streams",
    *(each.name for each in pkgutil.walk_packages([str(FOLDER)], "reactive_streams.")),
]

every_module = pytest.mark.parametrize("name", MODULES)


def foreign_imports(source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Import(names=names):
                modules = [each.name for each in names]
            case ast.ImportFrom(module=str(module), level=0):
                modules = [module]
            case _:
                continue
        yield from (each for each in modules if each.partition(".")[0] not in ALLOWED)


def public_things(module: ModuleType) -> Iterator[tuple[str, object]]:
    """Gives the public classes and functions that the module defines, and their methods."""
    for name, thing in vars(module).items():
        if name.startswith("_") or getattr(thing, "__module__", None) != module.__name__:
            continue
        if inspect.isclass(thing):
            yield name, thing
            for method, member in vars(thing).items():
                if not method.startswith("_") and (
                    inspect.isfunction(member) or isinstance(member, property)
                ):
                    yield f"{name}.{method}", member
        elif inspect.isfunction(thing):
            yield name, thing


def test_all_modules_are_looked_at():
    assert len(MODULES) == len(FILES)
    assert "reactive_streams.__main__" in MODULES


@every_module
def test_examples_are_true(name: str):
    assert doctest.testmod(importlib.import_module(name)).failed == 0


@every_module
def test_every_public_thing_has_an_example(name: str):
    module = importlib.import_module(name)
    assert module.__doc__
    bare = [thing for thing, what in public_things(module) if ">>> " not in (what.__doc__ or "")]
    assert bare == []


def test_public_things_are_found():
    found = {thing for name in MODULES for thing, _ in public_things(importlib.import_module(name))}
    assert found == {
        "Publisher",
        "Publisher.subscribe",
        "Subscriber",
        "Subscriber.on_subscribe",
        "Subscriber.on_next",
        "Subscriber.on_error",
        "Subscriber.on_complete",
        "Subscription",
        "Subscription.request",
        "Subscription.cancel",
        "Processor",
        "Rule",
        "Rule.mandatory",
        "rule",
        "Term",
        "Term.name",
        "term",
        "main",
    }


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_imports_nothing_but_the_standard_library_and_typing_extensions(path: Path):
    assert list(foreign_imports(path.read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("import operators.flow", ["operators.flow"]),
        ("def late():\n    from tck import probe", ["tck"]),
        ("import sys, rich", ["rich"]),
        ("from . import rules\nimport typing_extensions\nfrom reactive_streams import rules", []),
    ],
)
def test_foreign_imports_would_be_noticed(source: str, found: list[str]):
    assert list(foreign_imports(source)) == found


def test_importing_the_protocols_loads_neither_rules_nor_glossary_nor_anything_foreign():
    # A process of its own, for this one has loaded everything.
    script = (
        "import sys; before = set(sys.modules); import reactive_streams;"
        "print(*sorted(set(sys.modules) - before))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=FOLDER.parent,
        capture_output=True,
        text=True,
        timeout=50,
        check=True,
    )
    loaded = done.stdout.split()
    assert [each for each in loaded if each.startswith("reactive_streams")] == [
        "reactive_streams",
        "reactive_streams._protocols",
    ]
    assert {each.partition(".")[0] for each in loaded} <= ALLOWED


def test_is_marked_as_typed():
    assert (FOLDER / "py.typed").is_file()
