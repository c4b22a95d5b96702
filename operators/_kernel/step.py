"""Step: an operator that turns one item at a time, written once and run in every world.

A step is a few lines of Python in which `$item` is the item that passes and other `$names` are its
own constants and state. Fusion puts the lines of neighbouring steps into one function: a generator
over an iterable, an async generator over an async iterable, or the on_next of a pushed stage.
Four words on a line of their own steer the loop:

    skip   the item goes no further, and another one is asked for in its place
    drop   the item goes no further, and was paid for already (by the step's own `shaper`)
    stop   the stream ends here; this item is not delivered
    emit   (in `flush` only) `$item` is delivered

A line `...` stands for the rest of the chain, which otherwise follows the last line.
"""

from __future__ import annotations

from typing import Any, ClassVar, Protocol

from operators._kernel.node import Operator


class Shaper(Protocol):
    """Turns what downstream asks for into what is asked of upstream; thread-safe."""

    def grant(self, n: int) -> int:
        """Return the number of items to ask upstream for; 0 asks for nothing."""
        ...


class Step(Operator):
    """An operator made of lines; see the module's text for the words they may use."""

    __slots__ = ()

    body: ClassVar[str]
    async_body: ClassVar[str] = ""
    """The lines for an async generator, where they differ."""
    flush: ClassVar[str] = ""
    """Lines run when upstream completes."""
    leftovers: ClassVar[str] = ""
    """The name of a list of the items held; they are discarded when the stream is cut off."""
    ending: ClassVar[str] = ""
    """An expression that is true once no further item can pass."""
    nests: ClassVar[bool] = False
    """Whether one item in can be many items out."""
    stops: ClassVar[bool] = False
    """Whether it may end the stream before upstream does."""
    pull_only: ClassVar[bool] = False
    """Whether it may be fused only where the consumer pulls, since what it opens may make it wait."""
    explains: ClassVar[bool] = False
    """Whether the errors that its lines raise say by themselves where they come from."""
    keeps: ClassVar[bool] = False
    """Whether what it lets through is just what came in."""
    never_none: ClassVar[bool] = False
    """Whether what comes out can never be None."""

    @property
    def closed(self) -> bool:
        """Whether the stream is over before anything is asked for, as it is for take(0)."""
        return False

    def values(self) -> dict[str, Any]:
        """Return the values of its `$names` at the start of one subscription."""
        return {}

    def shaper(self) -> Shaper | None:
        """Return its transformation of demand for one subscription; None passes demand on as it is."""
        return None
