"""Step: an operator that turns one item at a time, written once and run in every world.

A step is a few lines of Python in which `$item` is the item that passes and other `$names` are its
own constants and state. Fusion puts the lines of neighbouring steps into one function: a generator
over an iterable, an async generator over an async iterable, or the on_next of a pushed stage.
Four words on a line of their own steer the loop:

    skip   the item goes no further, and another one is asked for in its place
    drop   the item goes no further, and was paid for already (by the step's own `shaper`)
    stop   the stream ends here; this item is not delivered
    emit   (in `flush` only) `$item` is delivered

A line `...` stands for the rest of the chain, which otherwise follows the last line. In the lines of
an async generator `paused` waits, where an inner flow that is pulled has nothing now.

A step may be the head of its segment instead, which is then written around what is upstream:

    turns    upstream is a feed of feeds, one turn of an inner flow each (flat_map, concat_map)
    join     upstream is joined with other flows to another feed (zip)
    resume   another feed goes on where upstream fails (retry, on_error_resume)
    signals  it is told how the stream ends (tap)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from operators._kernel.plan.node import Node, Operator

if TYPE_CHECKING:
    from operators._kernel.fusing.opening import Place


class Shaper(Protocol):
    """Turns what downstream asks for into what is asked of upstream; thread-safe."""

    def grant(self, n: int) -> int:
        """Return the number of items to ask upstream for; 0 asks for nothing."""
        ...


class Step(Operator):
    """An operator made of lines; see the module's text for the words they may use."""

    __slots__ = ()

    body: ClassVar[str] = ""
    async_body: ClassVar[str] = ""
    """The lines for an async generator, where they differ."""
    head: ClassVar[str] = ""
    """What it is as the head of a segment; with an async_body, in plain generators only."""
    pushes: ClassVar[bool] = True
    """Whether it can be a part of a pushed stage; otherwise it is a Link as well, a stage of its own."""
    flush: ClassVar[str] = ""
    """Lines run when upstream completes."""
    late: ClassVar[bool] = False
    """Whether its flush may have something to give that did not come with an item."""
    leftovers: ClassVar[str] = ""
    """The items held: one of its names, or what a method of that gives; discarded when it is cut off."""
    cell: ClassVar[str] = ""
    """The name of the one item held, which is NOTHING where none is; discarded likewise."""
    rest: ClassVar[str] = ""
    """True while its flush, once that has begun, has more to give; for one that may give several items."""
    ending: ClassVar[str] = ""
    """An expression that is true once no further item can pass."""
    nests: ClassVar[bool] = False
    """Whether one item in can be many items out."""
    stops: ClassVar[bool] = False
    """Whether it may end the stream before upstream does."""
    opens: ClassVar[bool] = False
    """Whether what its loops pull are flows, whose errors say by themselves where they come from."""
    explains: ClassVar[bool] = False
    """Whether the errors that its lines raise say by themselves where they come from."""
    function: ClassVar[str] = ""
    """Which of its values is the user's function, whose first result must not be one to be awaited."""
    calls: ClassVar[bool] = True
    """Whether it may call a function of the user's."""
    shapes: ClassVar[bool] = False
    """Whether it asks upstream for many items at once, where it is asked for one."""
    several: ClassVar[bool] = False
    """Whether it goes on with one flow while another has nothing; what is above it must not block."""
    one_for_one: ClassVar[bool] = False
    """Whether one item comes out for each that comes in, always."""
    visits: ClassVar[bool] = False
    """Whether what it opens, as the head of a segment, may give `visits`, to be chained in a `for` loop."""
    begins: ClassVar[bool] = False
    """Whether it is told, as the head of a segment, before the first item is pulled."""
    final: ClassVar[bool] = False
    """Whether it has something to do, by `at_end`, when the stream is over."""

    @property
    def synchronous(self) -> bool:
        return True

    @property
    def alongside(self) -> bool:
        """Whether other flows of it, which may be pushed, are to go on while it waits for one of them."""
        return self.several

    @property
    def drives(self) -> bool:
        """Whether the loop that delivers may run it, as a head, though flows that it opens may be pushed."""
        return False

    @property
    def gathers(self) -> bool:
        """Whether it keeps items from one to the next."""
        return bool(self.leftovers or self.cell)

    @property
    def prefetch_upstream(self) -> int:
        """How many items it has asked for ahead, where upstream is pushed; 0: it only passes demand on."""
        return 0

    @property
    def closed(self) -> bool:
        """Whether the stream is over before anything is asked for, as it is for take(0)."""
        return False

    def values(self) -> dict[str, Any]:
        """Return the values of its `$names` at the start of one subscription."""
        return {}

    def bound(self, place: Place) -> dict[str, Any]:
        """Return those of its values that depend on where it stands; names that `values` has as well."""
        return {}

    def opened(self, place: Place) -> Any:
        """Return, for a head, the object that runs it in one subscription; see `fusion`."""
        raise NotImplementedError

    def at_end(self, node: Node) -> None:
        """Do what a `final` step has to do, once, when the stream is over; it raises nothing."""
        raise NotImplementedError

    def shaper(self) -> Shaper | None:
        """Return its transformation of demand for one subscription; None passes demand on as it is."""
        return None
