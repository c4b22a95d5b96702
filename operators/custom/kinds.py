"""What all operators of one's own have, and the smallest kind of them."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, Generic

from typing_extensions import TypeVar

from operators._kernel.failures.checks import need_callable
from operators._kernel.plan import step as kernel
from operators._kernel.plan.node import Node

In = TypeVar("In", contravariant=True, default=Any)
Out = TypeVar("Out", covariant=True, default=Any)


class Custom(Generic[In, Out]):
    """An operator of one's own, from items of one kind to items of another: for `flow.apply`."""

    def operator(self) -> Any:
        """Return what stands in the pipeline; for the library's own use."""
        raise NotImplementedError

    def place(self, upstream: Node) -> Node:
        """Return the node that ends with it; one that is put together from others has several."""
        return Node(self.operator(), upstream)


class Step(kernel.Step, Custom[In, Out]):
    """An operator that turns one item at a time: a few lines of Python, fused with its neighbours.

    `body` is what a loop does with each item: `$item` is the item, and may be assigned; other `$names`
    are what `values()` returns anew for each run. A line `skip` alone leaves the item out (and asks for
    another), `stop` ends the stream before it. `flush` is run when upstream completes. `keeps = True` says
    that what it lets through is what came in, `steady = True` that the same comes out again, which
    `checkpoint` asks. What it raises fails the flow, with a note of where.

    >>> from operators import Flow
    >>> from operators.custom import Contract, Step
    >>> class Odd(Step[int, int]):
    ...     name = "odd"
    ...     contract = Contract.REPLACES
    ...     keeps = True
    ...     body = '''
    ... if not $item % 2:
    ...     skip
    ... '''
    >>> list(Flow.range(10).apply(Odd()))
    [1, 3, 5, 7, 9]
    """

    name = "step"

    def operator(self) -> Any:
        """Return itself; raise SyntaxError where its lines are none, or leave the loop that they stand in."""
        for lines in ("body", "flush"):
            need_lines(self.name, lines, getattr(self, lines))
        return self


_LEAVES: dict[type[ast.AST], str] = {
    ast.Return: "return", ast.Yield: "yield", ast.YieldFrom: "yield from", ast.Await: "await",
    ast.AsyncFor: "async for", ast.AsyncWith: "async with", ast.Break: "break", ast.Continue: "continue",
}  # fmt: skip
_OWN = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)


@lru_cache(256)
def need_lines(step: str, name: str, lines: str) -> None:
    """Raise SyntaxError unless the lines can stand in a loop that is written around them."""
    tree = ast.parse(lines.replace("$", "_").strip("\n"), f"<{name} of {step}>")
    for word in _leaving(tree, looping=False):
        raise SyntaxError(
            f"{step}: a line of its {name} has {word!r}, and what runs it is not its own: `skip` leaves an "
            "item out, `stop` ends the stream, and what has more to say is a Stage"
        )


def _leaving(node: ast.AST, *, looping: bool) -> Iterator[str]:
    """Give the words that leave what is around the lines."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, _OWN):
            continue  # a function of its own
        word = _LEAVES.get(type(child))
        if word is not None and not (looping and word in ("break", "continue")):
            yield word
        yield from _leaving(child, looping=looping or isinstance(child, (ast.For, ast.While)))


def need_plain(made: Any, *handlers: str) -> None:
    """Raise TypeError where one of the handlers is a coroutine function, which nobody would await."""
    for handler in handlers:
        need_callable(made.name or type(made).__name__.lower(), handler, getattr(made, handler))
