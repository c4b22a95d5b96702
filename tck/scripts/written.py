"""A function as source that can be pasted: for a factory which no other program can have by a name."""

from __future__ import annotations

import ast
import builtins
import functools
import itertools
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import CodeType, FunctionType, MethodType, ModuleType
from typing import Any, Final

from tck.scripts.place import place_of, place_of_module

_MARGIN: Final = "    "
_PLAIN: Final = (bool, int, float, complex, str, bytes, type(None), type(Ellipsis))


class _NotWritten(Exception):
    """What cannot be made again by a program of its own."""


def written(function: object, name: str = "factory") -> list[str]:
    """Returns the lines of a program that give a function this name: one like it, with all that it uses.

    Where that cannot be made again (an open pool, say), there is a line that says so, in place of which
    its reader has to put something.

    >>> written(print), written(print, "element")
    (['factory = print'], ['element = print'])
    """
    block = _Block()
    try:
        value = block.expression(function)
    except _NotWritten as problem:
        text = f"{_where(function)} uses {problem} which no script can make again"
        return [f"raise SystemExit({f'put in here a {name}: {text}'!r})"]
    if not block.lines:
        return [f"{name} = {value}"]
    # Inside a function its names are in nobody's way.
    lines = [*block.lines, f"return {value}"]
    return [
        f"def make_{name}():  # {_where(function)}",
        *(f"{_MARGIN}{line}" if line else "" for text in lines for line in text.splitlines()),
        "",
        f"{name} = make_{name}()",
    ]


def _where(function: object) -> str:
    """Returns what it is called, and where it stands."""
    inner: Any = getattr(function, "func", function)
    inner = getattr(inner, "__func__", inner)
    name = getattr(inner, "__qualname__", type(inner).__qualname__).replace(".<locals>", "")
    code = getattr(inner, "__code__", None)
    return f"{name} of {Path(code.co_filename).name}:{code.co_firstlineno}" if code else name


class _Block:
    """The lines that come before an expression: imports, and what it is made of."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self._known: dict[str, Any] = {}
        """What each name is that has been given."""
        self._open: set[int] = set()
        """What is being made at the moment."""

    def expression(self, value: Any, wanted: str = "") -> str:
        """Returns what makes a value once more, after the lines; `wanted` is a name it should have.

        Errors: `_NotWritten` with the name of what cannot be.
        """
        if isinstance(value, _PLAIN):
            return repr(value)
        if id(value) in self._open:
            raise _NotWritten(f"a {type(value).__name__} which leads to itself, and")
        self._open.add(id(value))
        try:
            return self._made(value, wanted)
        finally:
            self._open.discard(id(value))

    def _made(self, value: Any, wanted: str) -> str:
        if isinstance(value, ModuleType):
            return self._given(
                wanted or self._free_name("module"), value, f"import {value.__name__} as {{}}"
            )
        if callable(value) and not isinstance(value, MethodType) and (place := place_of(value)):
            return self._imported(place, wanted)
        if isinstance(value, functools.partial):
            given = [self.expression(each) for each in value.args]
            given += [f"{k}={self.expression(v)}" for k, v in value.keywords.items()]
            self.lines.append("from functools import partial")
            return f"partial({', '.join([self.expression(value.func), *given])})"
        if isinstance(value, MethodType):
            return f"{self.expression(value.__self__, 'owner')}.{value.__func__.__name__}"
        if isinstance(value, FunctionType):
            return self._function(value, wanted)
        if isinstance(value, type):
            return self._class(value, wanted)
        return self._container(value) or self._object(value, wanted)

    def _given(self, name: str, value: Any, line: str) -> str:
        """Returns the name that a line gives to a value; each value has its line once."""
        if name in self._known:
            if self._known[name] is value:
                return name
            raise _NotWritten(f"`{name}`, of which there are two,")
        self._known[name] = value
        self.lines.append(line.format(name))
        return name

    def _free_name(self, name: str) -> str:
        numbered = (f"{name}_{number}" for number in itertools.count(2))
        return next(each for each in itertools.chain([name], numbered) if each not in self._known)

    def _imported(self, place: str, wanted: str) -> str:
        module, _, name = place.rpartition(":")
        if module == "builtins":
            return name
        first = name.partition(".")[0]
        value: Any = sys.modules.get(module, place)
        value = getattr(value, first, place)
        if module.endswith(".py") or not all(part.isidentifier() for part in module.split(".")):
            self._given("load", place_of, "from tck.scripts import load")
            return self._given(wanted or name.replace(".", "_"), value, f'{{}} = load("{place}")')
        if first == name and wanted and wanted != name:
            return self._given(wanted, value, f"from {module} import {name} as {{}}")
        self._given(first, value, f"from {module} import {{}}")
        return name

    # What is written down as it is.

    def _function(self, function: FunctionType, wanted: str) -> str:
        node = _find(function.__code__)
        bare = _Bare(self._defaults(function, node)).visit(node)
        self._names(function)
        if isinstance(bare, ast.Lambda):
            return f"({ast.unparse(bare)})" if not wanted else self._given(
                wanted, function, f"{{}} = {_braces(ast.unparse(bare))}"
            )  # fmt: skip
        if bare.name in self._known and self._known[bare.name] is function:
            return str(bare.name)
        return self._given(bare.name, function, _braces(ast.unparse(bare)))

    def _defaults(self, function: FunctionType, node: Any) -> dict[str, str]:
        """Returns what stands for the default of each argument that has one: they were made elsewhere."""
        arguments = node.args
        names = [each.arg for each in (*arguments.posonlyargs, *arguments.args)]
        values = function.__defaults__ or ()
        found = dict(zip(names[len(names) - len(values) :], values, strict=True))
        found.update(function.__kwdefaults__ or {})
        return {name: self.expression(value) for name, value in found.items()}

    def _names(self, function: FunctionType, within: type | None = None) -> None:
        """Gives what a function finds around it: by closure, and in its module."""
        for name, cell in zip(
            function.__code__.co_freevars, function.__closure__ or (), strict=True
        ):
            try:
                value = cell.cell_contents
            except ValueError:
                raise _NotWritten(f"`{name}`, which has no value yet,") from None
            # It may call itself; and a method knows its class.
            itself = value is function and name == function.__code__.co_name
            if not (name == "__class__" or itself or value is within or self._has(name, value)):
                self._free(name, value)
        self._globals(_global_names(function.__code__), function.__globals__)

    def _has(self, name: str, value: Any) -> bool:
        return name in self._known and self._known[name] is value

    def _free(self, name: str, value: Any) -> None:
        try:
            made = self.expression(value, name)
        except _NotWritten as problem:
            if str(problem).startswith("`"):
                raise
            raise _NotWritten(f"`{name}`, {problem}") from None
        if made != name:
            self._given(name, value, f"{{}} = {_braces(made)}")

    def _globals(self, names: Iterable[str], found: dict[str, Any]) -> None:
        module = sys.modules.get(str(found.get("__name__")))
        for name in names:
            if name not in found:
                continue  # an attribute, or a builtin
            value = found[name]
            if self._has(name, value):
                continue
            if isinstance(value, ModuleType):
                self._given(name, value, f"import {value.__name__} as {{}}")
                continue
            place = place_of_module(module) if module is not None else ""
            if not place:
                raise _NotWritten(f"`{name}`, which stands in no module,")
            self._imported_global(place, name, value)

    def _imported_global(self, place: str, name: str, value: Any) -> None:
        if place.endswith(".py"):
            self._given("load", place_of, "from tck.scripts import load")
            self._given(name, value, f'{{}} = load("{place}:{name}")')
        else:
            self._given(name, value, f"from {place} import {{}}")

    def _class(self, cls: type, wanted: str) -> str:
        node = _find_class(cls)
        if self._has(node.name, cls):
            return str(node.name)
        for function in _functions_of(cls):
            self._names(function, cls)
        bare = _Bare({}).visit(node)
        found = vars(sys.modules[cls.__module__])
        for name in _loaded_at_once(bare):
            base = next((each for each in cls.__mro__[1:] if each.__name__ == name), None)
            if name in self._known or hasattr(builtins, name):
                continue
            if name in found:
                self._globals([name], found)
            elif base is not None:
                self._free(name, base)
            else:
                raise _NotWritten(f"`{name}`, which {cls.__name__} is made with,")
        self._given(node.name, cls, _braces(ast.unparse(bare)))
        if wanted and wanted != node.name:
            return self._given(wanted, cls, f"{{}} = {node.name}")
        return str(node.name)

    # Data.

    def _container(self, value: Any) -> str:
        kind: Any = value.__class__
        if kind is dict:
            parts = (f"{self.expression(key)}: {self.expression(value[key])}" for key in value)
            return f"{{{', '.join(parts)}}}"
        if kind is list:
            return f"[{', '.join(self.expression(each) for each in value)}]"
        if kind is tuple:
            return f"({''.join(f'{self.expression(each)}, ' for each in value)})"
        return ""

    def _object(self, value: Any, wanted: str) -> str:
        """Returns the name of an object that has what this one has now."""
        kind: Any = value.__class__
        plain = (
            kind.__module__.partition(".")[0] not in sys.stdlib_module_names
            and kind.__reduce_ex__ is object.__reduce_ex__
            and "__dict__" in dir(value)
            and kind.__new__ is object.__new__
        )
        if not plain:
            raise _NotWritten(f"a {kind.__name__},")
        made = self.expression(kind)
        attributes = self.expression(vars(value))
        name = self._given(
            wanted or self._free_name("owner"), value, f"{{}} = {made}.__new__({made})"
        )
        if attributes != "{}":
            self.lines.append(f"vars({name}).update({attributes})")
        return name


def _braces(text: str) -> str:
    return text.replace("{", "{{").replace("}", "}}")


class _Bare(ast.NodeTransformer):
    """Takes away what was used up when a function was made: annotations, and its own defaults."""

    def __init__(self, defaults: dict[str, str]) -> None:
        self._defaults = defaults
        self._outer = True

    def _made(self, node: Any) -> Any:
        if self._outer:
            self._outer = False
            node.decorator_list = []
            every = [*node.args.posonlyargs, *node.args.args]
            count = len(node.args.defaults)
            node.args.defaults = [
                ast.Name(self._defaults[each.arg]) for each in every[len(every) - count :]
            ]
            node.args.kw_defaults = [
                default and ast.Name(self._defaults[each.arg])
                for each, default in zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True)
            ]
        self.generic_visit(node)
        node.returns = None
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> Any:
        """Visits a function."""
        return self._made(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> Any:
        """Visits a coroutine function."""
        return self._made(node)

    def visit_Lambda(self, node: ast.Lambda) -> Any:
        """Visits a lambda."""
        return self._made(node)

    def visit_ClassDef(self, node: ast.ClassDef) -> Any:
        """Visits a class, whose methods have their own defaults."""
        self._outer = False
        return self.generic_visit(node)

    def visit_arg(self, node: ast.arg) -> Any:
        """Visits an argument."""
        node.annotation = None
        return node


def _tree(file: str) -> ast.AST:
    try:
        return ast.parse(Path(file).read_text("utf-8"))
    except (OSError, SyntaxError, ValueError):
        raise _NotWritten("source which is in no file, and") from None


def _find(code: CodeType) -> Any:
    """Returns the function that the code was compiled from: the innermost around all of it."""
    lines = [(p[0], p[2]) for p in code.co_positions() if p[0] is not None and p[2] is not None]
    within = [at for at in lines if at[0] > code.co_firstlineno or at[1] > 0] or lines
    best: Any = None
    for node in ast.walk(_tree(code.co_filename)):
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            continue
        name = getattr(node, "name", "<lambda>")
        first = min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", ()))])
        if name != code.co_name or first != code.co_firstlineno:
            continue
        end = (node.end_lineno or 0, node.end_col_offset or 0)
        if all((node.lineno, node.col_offset) <= at < end for at in within):
            best = node  # those inside come later
    if best is None:
        raise _NotWritten(f"{code.co_name}, whose source is not there,")
    return best


def _find_class(cls: type) -> Any:
    file = getattr(sys.modules.get(cls.__module__), "__file__", None)
    path = [part for part in cls.__qualname__.split(".") if part != "<locals>"]
    node: Any = _tree(file or "")
    for part in path:
        inside = [
            each
            for each in ast.walk(node)
            if isinstance(each, (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef))
            and each.name == part
            and each is not node
        ]
        if len(inside) != 1:
            raise _NotWritten(f"{cls.__name__}, whose source is not clear,")
        node = inside[0]
    return node


def _functions_of(cls: type) -> Iterator[FunctionType]:
    for value in vars(cls).values():
        parts = [value, *(getattr(value, part, None) for part in ("__func__", "fget", "fset"))]
        for each in parts:
            if isinstance(each, FunctionType) and each.__code__.co_filename != "<string>":
                yield each


def _global_names(code: CodeType) -> list[str]:
    found = list(code.co_names)
    for each in code.co_consts:
        if isinstance(each, CodeType):
            found += _global_names(each)
    return list(dict.fromkeys(found))


def _loaded_at_once(node: ast.ClassDef) -> list[str]:
    """Returns the names that are looked up when the class is made."""
    names: list[str] = []
    own: set[str] = set()

    def look(each: ast.AST) -> None:
        if isinstance(each, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            own.add(getattr(each, "name", ""))
            for part in (*getattr(each, "decorator_list", ()), *each.args.defaults):
                look(part)
            return
        if isinstance(each, ast.Name):
            (names.append if isinstance(each.ctx, ast.Load) else own.add)(each.id)
        for part in ast.iter_child_nodes(each):
            look(part)

    look(node)
    return [name for name in dict.fromkeys(names) if name not in own]
