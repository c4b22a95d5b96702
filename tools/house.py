"""The house rules that no linter knows; docs/ and CONTRIBUTING.md give the reasons.

`python tools/house.py [folder]` prints what breaks a rule, and ends with 1 when anything does.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import cast

PACKAGES = ("reactive_streams", "operators", "tck", "playground")
MAX_LINES = 450
LOCKING_MODULES = frozenset({"threading", "_thread", "queue", "multiprocessing"})
# Folders of `operators` that hold the locks and the threads, so that no operator has to; and the kit for
# tests, whose clock and probes are used from many threads.
LOCKING_FOLDERS = frozenset({"_kernel", "schedulers", "testing"})
# What a connector connects to; its threads are the schedulers' all the same.
CONNECTED_MODULES = frozenset({"queue", "multiprocessing"})
# They are tools, and import what they need when it is there.
TOOLING_FOLDERS = frozenset({"testing", "_cli"})
# What is imported where the runtime itself is imported already, and not before.
RUNTIMES = {
    "operators/_kernel/hosts/trio_runs.py": "trio",
    "operators/_kernel/hosts/trio_tasks.py": "trio",
}
LISTS_OF_PACKAGES = (
    "tool.hatch.build.targets.wheel.packages",
    "tool.basedpyright.include",
    "tool.importlinter.root_packages",
)
RUNTIME_DEPENDENCIES = frozenset({"typing_extensions"})

# In pieces, for this file is searched too.
MACHINE_PATH = re.compile(
    r"(?<![\w./:$}~-])/(?:" + "home|root|Users|work" + r")/\w|\b[A-Z]:\\Users\\"
)
BARE_NOTE = re.compile(r"\b(?:" + "TO" + "DO|FIX" + "ME|X" + r"XX)\b(?!\([^)]+\))")
TEXT_SUFFIXES = frozenset(
    [
        "",
        ".cfg",
        ".css",
        ".html",
        ".ini",
        ".js",
        ".json",
        ".md",
        ".py",
        ".pyi",
        ".sh",
        ".svg",
        ".toml",
        ".tsv",
        ".txt",
        ".yaml",
        ".yml",
    ]
)


def imports(path: Path, root: Path, *, type_checking: bool) -> Iterator[tuple[int, str]]:
    """Each import of a file: its line, and the module in full, also for a relative import.

    `from a import b` gives `a.b`, for `b` may be a module; `type_checking` tells whether to look
    into the blocks that only a type checker reads.
    """
    package = path.relative_to(root).parent.parts
    todo: list[ast.AST] = [ast.parse(path.read_text(encoding="utf-8"), str(path))]
    while todo:
        node = todo.pop()
        match node:
            case ast.If(test=ast.Name("TYPE_CHECKING") | ast.Attribute(attr="TYPE_CHECKING")):
                todo.extend(node.orelse)
                if type_checking:
                    todo.extend(node.body)
                continue
            case ast.Import(names=names):
                yield from ((node.lineno, name.name) for name in names)
            case ast.ImportFrom(module=module, names=names, level=level):
                base = [*package[: len(package) - level + 1]] if level else []
                base += [module] if module else []
                yield from ((node.lineno, ".".join([*base, name.name])) for name in names)
            case _:
                todo.extend(ast.iter_child_nodes(node))


def python_files(folder: Path) -> list[Path]:
    """The Python files of a folder in a fixed order; none when there is no such folder."""
    return sorted(folder.rglob("*.py"))


def operator_without_lock(root: Path) -> Iterator[str]:
    """What breaks: an operator file contains no lock and no thread."""
    for path in python_files(root / "operators"):
        folder = path.relative_to(root).parts[1]
        if folder in LOCKING_FOLDERS:
            continue
        forbidden = LOCKING_MODULES - (CONNECTED_MODULES if folder == "connectors" else frozenset())
        for line, name in imports(path, root, type_checking=True):
            if name.split(".")[0] in forbidden:
                yield (
                    f"{path.relative_to(root)}:{line}: imports {name}: "
                    "locks and threads are the kernel's and the schedulers'"
                )


def kernel_stands_alone(root: Path) -> Iterator[str]:
    """What breaks: at run time, the kernel imports nothing of `operators` outside itself.

    The layering contract sees modules only; `from operators import Flow` is an import of the root,
    which no contract can forbid to a part of it.
    """
    for path in python_files(root / "operators" / "_kernel"):
        for line, name in imports(path, root, type_checking=False):
            first, *rest = name.split(".")
            if first == "operators" and rest[:1] != ["_kernel"]:
                yield f"{path.relative_to(root)}:{line}: the kernel imports {name}"


def specification_stands_alone(root: Path) -> Iterator[str]:
    """What breaks: the specification imports only the standard library and the one dependency."""
    allowed = sys.stdlib_module_names | RUNTIME_DEPENDENCIES | {"reactive_streams"}
    for path in python_files(root / "reactive_streams"):
        for line, name in imports(path, root, type_checking=True):
            if name.split(".")[0] not in allowed:
                yield f"{path.relative_to(root)}:{line}: the specification imports {name}"


def third_parties_by_need(root: Path) -> Iterator[str]:
    """What breaks: a package of others is for connectors and exporters, by `need`; types aside.

    Two files are the kernel's side of another runtime (`RUNTIMES`), and import that.
    """
    allowed = (
        sys.stdlib_module_names | RUNTIME_DEPENDENCIES | {"reactive_streams", "operators", "tck"}
    )
    for path in python_files(root / "operators"):
        folder = path.relative_to(root).parts[1]
        if folder in TOOLING_FOLDERS:
            continue
        for line, name in imports(
            path, root, type_checking=folder not in ("connectors", "watching")
        ):
            known = RUNTIMES.get(path.relative_to(root).as_posix())
            if name.split(".")[0] not in {*allowed, known}:
                yield (
                    f"{path.relative_to(root)}:{line}: imports {name}: a package of others is for "
                    "operators/connectors and operators/watching, by extras.need"
                )


def whole_cleanups(root: Path) -> Iterator[str]:
    """What breaks: what a connector's generator awaits in a `finally`, a cancel is not to break off.

    Calls of `blocking` see to that themselves.
    """
    for path in python_files(root / "operators" / "connectors"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"), str(path))):
            if not isinstance(node, ast.AsyncFunctionDef):
                continue
            own = list(_of_function(node.body))
            if not any(isinstance(each, ast.Yield) for each in own):
                continue
            for each in own:
                if isinstance(each, ast.Try):
                    for awaited in _broken_off(each.finalbody):
                        yield (
                            f"{path.relative_to(root)}:{awaited.lineno}: awaits in a finally: "
                            "a cancel that comes then breaks it off, unless in a `with Unbroken()`"
                        )


def _of_function(body: list[ast.stmt]) -> Iterator[ast.AST]:
    for statement in body:
        if not isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            yield statement
            for child in ast.iter_child_nodes(statement):
                if isinstance(child, ast.stmt):
                    yield from _of_function([child])
                else:
                    yield from ast.walk(child)


def _broken_off(body: list[ast.stmt]) -> Iterator[ast.Await | ast.AsyncFor]:
    todo: list[ast.AST] = list(body)
    while todo:
        match node := todo.pop():
            case ast.With(items=[ast.withitem(context_expr=ast.Call(func=ast.Name("Unbroken")))]):
                continue
            case ast.Await(
                value=ast.Call(func=ast.Attribute(value=ast.Name("blocking"), attr="call"))
            ):
                continue
            case ast.Await() | ast.AsyncFor():
                yield node
            case _:
                pass
        todo.extend(ast.iter_child_nodes(node))


def short_files(root: Path) -> Iterator[str]:
    """What breaks: a file of more lines has two jobs."""
    for package in PACKAGES:
        for path in python_files(root / package):
            lines = len(path.read_text(encoding="utf-8").splitlines())
            if lines > MAX_LINES:
                yield f"{path.relative_to(root)}: {lines} lines, over {MAX_LINES}: it has two jobs"


def committed_text(root: Path) -> Iterator[str]:
    """What breaks: no path of one machine, and nothing left undone without its reason."""
    for path in committed_files(root):
        try:
            text = path.read_text(encoding="utf-8")
        except (UnicodeDecodeError, OSError):
            continue
        for number, line in enumerate(text.splitlines(), start=1):
            where = f"{path.relative_to(root)}:{number}"
            if MACHINE_PATH.search(line):
                yield f"{where}: a path of one machine: {line.strip()[:80]}"
            if BARE_NOTE.search(line):
                yield f"{where}: a note without its reason in brackets: {line.strip()[:80]}"


def committed_files(root: Path) -> list[Path]:
    """The text files that are committed, or would be; all of them where there is no repository."""
    git = ["git", "-C", str(root), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        listed = subprocess.run(git, capture_output=True, check=True, text=True).stdout
        paths = [root / name for name in listed.split("\0") if name]
    except (OSError, subprocess.CalledProcessError):
        paths = [
            path
            for path in root.rglob("*")
            if not any(part.startswith(".") for part in path.relative_to(root).parts[:-1])
        ]
    return sorted(path for path in paths if path.suffix in TEXT_SUFFIXES and path.is_file())


def known_packages(root: Path) -> Iterator[str]:
    """What breaks: every package is built, typed and layered; a new one is easily forgotten."""
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    lists: dict[str, list[str]] = {}
    for name in LISTS_OF_PACKAGES:
        table = project
        for part in name.split("."):
            table = table[part]
        lists[name] = cast("list[str]", table)
    for package in PACKAGES:
        if not (root / package / "__init__.py").is_file():
            continue
        if not (root / package / "py.typed").is_file():
            yield f"{package}: has no py.typed"
        for name, names in lists.items():
            if package not in names:
                yield f"pyproject.toml: {package} is missing in {name}"


def folders_are_packages(root: Path) -> Iterator[str]:
    """What breaks: neither layering nor doctests look into a folder without `__init__.py`."""
    for package in PACKAGES:
        for folder in sorted({path.parent for path in python_files(root / package)}):
            if not (folder / "__init__.py").is_file():
                yield f"{folder.relative_to(root)}: has no __init__.py"


RULES: tuple[Callable[[Path], Iterator[str]], ...] = (
    operator_without_lock,
    kernel_stands_alone,
    specification_stands_alone,
    third_parties_by_need,
    whole_cleanups,
    short_files,
    committed_text,
    known_packages,
    folders_are_packages,
)


def main() -> int:
    """1 when a rule is broken, else 0."""
    root = Path(sys.argv[1] if len(sys.argv) > 1 else ".").resolve()
    broken = [finding for rule in RULES for finding in rule(root)]
    for finding in broken:
        print(finding)
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
