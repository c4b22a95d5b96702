"""Recipe: how to run a chain that is known to be one segment over an iterable, in as few steps as can be.

A chain that is one join over a source which never fails has one for `for` loops.

A flow that is run again and again, for one item each time perhaps, is not to be looked through each time.
What is done here is what `Opening` does for any chain, without what such a chain has no need of.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Generator, Sequence
from functools import partial
from types import MethodType
from typing import Any

from operators._kernel.failures.failure import annotate
from operators._kernel.fusing.bells import TaskRun, ThreadBell, settle
from operators._kernel.fusing.blame import Sink
from operators._kernel.fusing.chained import Chained
from operators._kernel.fusing.codegen import Function
from operators._kernel.fusing.feed import Failing, Feed, Run
from operators._kernel.fusing.fusion import cannot_fail, exhaustion, let_go, never, nothing
from operators._kernel.fusing.opening import Driven, Openers, Place
from operators._kernel.fusing.plans import Plan, plans
from operators._kernel.kinds import IterableSource
from operators._kernel.plan.node import Node
from operators._kernel.plan.step import Step
from operators._kernel.subscription.scope import Scope

Begun = tuple[Any, Node | None, Callable[[], None]]
"""The items of the source, who is to be blamed for what they raise, and how they are closed."""


class Recipe:
    """What is known of a chain of this kind."""

    __slots__ = ("_aplan", "_functions", "_plan", "_seen", "_source", "_steps", "_values", "drives")
    waits = False
    """Whether `items` may have to wait for one."""

    def __init__(self, source: Node, steps: Sequence[Node], plan: Plan, aplan: Plan) -> None:
        self._source = source
        self._steps = steps
        self._plan = plan
        self._aplan = aplan
        self.drives: bool = plan.drives
        """Whether `driven` can be called."""
        # By their index, the functions that were seen to give nothing to be awaited.
        self._seen: dict[int, bool] = {}
        values = _values(steps)
        self._values = values if all(map(_same, values, _values(steps))) else None
        self._functions: dict[str, Function] = {}

    def begin(self) -> Begun:
        """Return the items of the source; a Failing where it has none."""
        try:
            items = self._source.operator.iterator()
        except Exception as error:
            return Failing(annotate(error, self._source)), None, nothing
        if cannot_fail(items):
            return items, None, nothing
        return items, self._source, partial(let_go, items)

    def items(self) -> Generator[Any, None, None]:
        """Return a generator of the items, which may block."""
        code = self._function("for", self._plan)
        items, source, close = self.begin()
        made: tuple[Generator[Any, None, None], Any] = code.build(
            items, (code, self._steps, source), close, never, None, None, None, None, self._seen,
            *(self._values or _values(self._steps)),
        )  # fmt: skip
        return made[0]

    def aitems(self) -> AsyncGenerator[Any, None]:
        """Return an async generator of the items."""
        code = self._function("mixed", self._aplan)
        items, source, close = self.begin()
        made: tuple[AsyncGenerator[Any, None], Any] = code.build(
            items, (code, self._steps, source), close, never, TaskRun(), None, None, None, self._seen,
            *(self._values or _values(self._steps)),
        )  # fmt: skip
        return made[0]

    def driven(self, begun: Begun, run: Any, sink: Sink) -> Driven:
        """Return the function that delivers the items, and what belongs to it."""
        code = self._function("drive", self._plan)
        items, source, close = begun
        deliver, ending, leave = code.build(
            items, (code, self._steps, source, sink), close, exhaustion(items), run, None, None, None,
            self._seen, *(self._values or _values(self._steps)),
        )  # fmt: skip
        return deliver, ending, leave, code.deliveries, [], []

    def _function(self, world: str, plan: Plan) -> Function:
        known = self._functions.get(world)
        if known is None:
            self._functions[world] = known = plan.function(world, self._steps, pausing=False)
        return known


class JoinRecipe:
    """What is known of a chain that is one join over what never fails."""

    __slots__ = ("_join", "_openers", "_source", "waits")

    def __init__(self, source: Node, join: Node, openers: Openers) -> None:
        self._source = source
        self._join = join
        self._openers = openers
        self.waits: bool = not join.synchronous

    def items(self) -> Generator[Any, None, None]:
        """Return a generator of the items, which may block."""
        source = self._source.operator.iterator()
        feed = Feed(source, exhaustion(source), nothing, pauses=False)
        scope = Scope()
        run = Run(partial(ThreadBell, scope))
        place = Place(self._join, feed, scope, run, self._openers, blocks=True, level=0)
        return Chained.over(self._join.operator.opened(place).visits(partial(settle, scope)))


def recipe_of(chain: Sequence[Node], openers: Openers) -> Recipe | JoinRecipe | None:
    """Return the recipe for a chain, or None where it is of another kind."""
    source, steps = chain[0], chain[1:]
    if not isinstance(source.operator, IterableSource):
        return None
    if not all(isinstance(node.operator, Step) for node in steps):
        return None
    cut, acut = plans(steps), plans(steps, asynchronous=True)
    if len(cut) == 1 and cut[0].head == "turns" and cut[0].chains and source.operator.safe:
        return JoinRecipe(source, steps[0], openers)
    if len(cut) > 1 or len(acut) > 1 or not (cut[0].plain and acut[0].plain):
        return None
    return Recipe(source, steps, cut[0], acut[0])


def _values(steps: Sequence[Node]) -> list[Any]:
    return [value for node in steps for value in node.operator.values().values()]


def _same(one: Any, other: Any) -> bool:
    """Whether two subscriptions have the same value, and so all have."""
    return one is other or (type(one) is type(other) is MethodType and one == other)
