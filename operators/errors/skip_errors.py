"""skip_errors: an item that fails is left out, and goes elsewhere."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from typing import Any, NamedTuple

from operators._kernel.failures.checks import need_callable, need_result
from operators._kernel.failures.failure import annotate, class_of
from operators._kernel.plan.contract import Contract
from operators._kernel.plan.node import Node, Operator
from operators._kernel.plan.step import Step
from operators._kernel.subscription.scope import Scope
from operators.combining.concat_map import ConcatMap, given
from operators.combining.flat_map import FlatMap
from operators.concurrency._batch_fn import comes_again
from operators.concurrency.map_async import MapAsync
from operators.concurrency.map_batches import MapBatches
from operators.errors.on_error_resume import OnErrorResume
from operators.filtering.cast import Cast
from operators.filtering.filter import Filter
from operators.filtering.of_type import OfType
from operators.lifecycle.tap import Tap
from operators.sources.iterable import FromIterable
from operators.transform.flat_map_iterable import FlatMapIterable
from operators.transform.map import Map
from operators.transform.map_not_none import MapNotNone
from operators.transform.starmap import Starmap


class DeadLetter(NamedTuple):
    """An item that was left out by skip_errors, and why."""

    item: Any
    """What came into the operator that failed."""
    error: Exception


class Lost:
    """What goes down the pipeline in place of the result for an item that has failed."""

    __slots__ = ("error", "item", "place")

    def __init__(self, item: Any, error: Exception, place: int) -> None:
        self.item: Any = item
        self.error: Exception = error
        self.place: int = place
        """Which of the operators it was."""


class SkipErrors(Step):
    """The same items, but for those for which an operator right above fails.

    emits        each item that has come through
    backpressures  passes demand on, and asks for one more item for each that is left out
    completes    when upstream does
    fails        when upstream does, but for what fails for one item in an operator right above; when
                 `to` raises
    """

    __slots__ = ("_above", "_to")
    name = "skip_errors"
    contract = Contract.REPLACES
    keeps = True
    body = """
if $class_of($item) is $lost:
    $letter($item)
    skip
"""

    def __init__(self, to: Callable[[DeadLetter], Any], above: list[Node]) -> None:
        need_callable("skip_errors", "to", to)
        self._to = to
        self._above = above

    def values(self) -> dict[str, Any]:
        return {"lost": Lost, "class_of": class_of, "letter": self._letter}

    def scope(self, scope: Scope) -> Scope:
        if not scope.discards:
            return scope
        # What has failed, and waits to be left out, is discarded as the item that it was.
        return scope.discarding(
            lambda item: scope.discard((item.item if class_of(item) is Lost else item,))
        )

    def _letter(self, lost: Lost) -> None:
        error = annotate(lost.error, self._above[lost.place], lost.item)
        need_result("skip_errors", "to", self._to(DeadLetter(lost.item, error)))


def spared(last: Node) -> tuple[Node, list[Node]]:
    """Return the chain, which goes on where an operator of those at its end fails, and those operators.

    Raises TypeError where the last one is none that works item by item.
    """
    above: list[Node] = []
    node = last
    while node.upstream is not None and _is_item_by_item(node.operator):
        above.append(node)
        node = node.upstream
    if not above:
        raise TypeError(
            f"skip_errors: stands behind {last.title}, whose errors are no single item's; put it right "
            "behind map, filter, map_async and the like, for those of which it is"
        )
    above.reverse()
    for place, each in enumerate(above):
        operator = _SPARING[class_of(each.operator)](each.operator, place)
        node = Node(operator, node, each.site, each.label)
    return node, above


def _is_item_by_item(operator: Operator) -> bool:
    # Of merge and concat the items are the flows that they were given.
    return class_of(operator) in _SPARING and getattr(operator, "fn", None) is not given


class _Spared:
    """A function of an item, such that what it raises is a result like others; it can be pickled."""

    __slots__ = ("_fn", "_place")

    def __init__(self, fn: Callable[[Any], Any], place: int) -> None:
        self._fn = fn
        self._place = place

    def __call__(self, item: Any) -> Any:
        if class_of(item) is Lost:
            return item
        try:
            return self._fn(item)
        except Exception as error:
            return Lost(item, error, self._place)


class _Awaited(_Spared):
    """The same, of a function that gives something to be awaited, or may do so."""

    __slots__ = ()

    def __call__(self, item: Any) -> Any:
        made = super().__call__(item)
        return self._waited(made, item) if hasattr(class_of(made), "__await__") else made

    async def _waited(self, made: Awaitable[Any], item: Any) -> Any:
        try:
            return await made
        except Exception as error:
            return Lost(item, error, self._place)


class _Coroutine(_Spared):
    """The same, of what is known to give something to be awaited."""

    __slots__ = ()

    async def __call__(self, item: Any) -> Any:
        if class_of(item) is Lost:
            return item
        try:
            return await self._fn(item)
        except Exception as error:
            return Lost(item, error, self._place)


class _SparedBatch(_Spared):
    """The same, of a function of a batch: what has failed before is in none, and has its place after it."""

    __slots__ = ()

    def __call__(self, items: list[Any]) -> Any:
        sound = [item for item in items if class_of(item) is not Lost]
        made: Any
        try:
            made = self._fn(sound) if sound else []
        except Exception as error:
            if comes_again(error):
                raise
            made = [error] * len(sound)
        return (
            self._later(made, items)
            if hasattr(class_of(made), "__await__")
            else self._all(made, items)
        )

    async def _later(self, made: Awaitable[list[Any]], items: list[Any]) -> list[Any]:
        try:
            return self._all(await made, items)
        except Exception as error:
            return self._all([error] * len(items), items)

    def _all(self, made: list[Any], items: list[Any]) -> list[Any]:
        results = iter(made)
        return [
            item if class_of(item) is Lost else self._result(item, next(results)) for item in items
        ]

    def _result(self, item: Any, result: Any) -> Any:
        return Lost(item, result, self._place) if isinstance(result, Exception) else result


class _AwaitedBatch(_SparedBatch):
    """The same, of what is known to give something to be awaited."""

    __slots__ = ()

    async def __call__(self, items: list[Any]) -> Any:
        made = super().__call__(items)
        return await made if hasattr(class_of(made), "__await__") else made


class _Filter(MapNotNone):
    __slots__ = ()
    name = "filter"


class _OfType(MapNotNone):
    __slots__ = ()
    name = "of_type"


class _Cast(Map):
    __slots__ = ()
    name = "cast"


class _Starmap(Map):
    __slots__ = ()
    name = "starmap"


class _Tap(Map):
    __slots__ = ()
    name = "tap"


def _function(operator: Step) -> Callable[..., Any]:
    fn: Callable[..., Any] = operator.values()[operator.function]
    return fn


def _filter(operator: Step, place: int) -> Operator:
    predicate = _function(operator)
    return _Filter(_Spared(lambda item: item if predicate(item) else None, place))


def _of_type(operator: Step, place: int) -> Operator:
    kind = operator.values()["kind"]
    return _OfType(_Spared(lambda item: item if isinstance(item, kind) else None, place))


def _cast(operator: Step, place: int) -> Operator:
    kind, wrong = operator.values()["kind"], operator.values()["wrong"]

    def check(item: Any) -> Any:
        if not isinstance(item, kind):
            raise wrong(item)
        return item

    return _Cast(_Spared(check, place))


def _starmap(operator: Step, place: int) -> Operator:
    fn = _function(operator)
    return _Starmap(_Spared(lambda item: fn(*item), place))


def _tap(operator: Step, place: int) -> Operator:
    fn = _function(operator)

    def look(item: Any) -> Any:
        need_result("tap", "fn", fn(item))
        return item

    return _Tap(_Spared(look, place))


def _flat_map_iterable(operator: FlatMapIterable, place: int) -> Operator:
    def items(item: Any) -> Iterator[Any]:
        if class_of(item) is Lost:
            yield item
            return
        try:
            yield from operator.iterate(item)
        except Exception as error:
            yield Lost(item, error, place)

    return FlatMapIterable(items, operator.parts)


def _made(operator: FlatMap | ConcatMap, place: int) -> Callable[[Any], Any]:
    def make(item: Any) -> Node:
        if class_of(item) is Lost:
            return _of(item)
        try:
            inner = operator.make(item)
        except Exception as error:
            return _of(Lost(item, error, place))
        resumed = OnErrorResume(lambda error: _of(Lost(item, error, place)))
        return Node(resumed, inner, inner.site)

    return make


def _of(lost: Lost) -> Node:
    return Node(FromIterable((lost,), "of"))


def _flat_map(operator: FlatMap, place: int) -> Operator:
    make = _made(operator, place)
    return FlatMap(make, operator.concurrency, operator.prefetch, operator.name)


def _map_async(operator: MapAsync, place: int) -> Operator:
    fn = operator.fn
    if operator.executor is not None:
        sparing: Any = _Spared(fn, place)
    else:
        sparing = (_Coroutine if operator.gives_awaitables else _Awaited)(fn, place)
    key = None if operator.key is None else _spared_key(operator.key)
    other = MapAsync(sparing, operator.given, operator.ordered, operator.executor, key)
    other.chunk, other.tries = operator.chunk, operator.tries
    return other


def _map_batches(operator: MapBatches, place: int) -> Operator:
    sparing = (_AwaitedBatch if operator.gives_awaitables else _SparedBatch)(operator.fn, place)
    return operator.of(sparing, _spared_weight)


def _spared_weight(weight: Callable[[Any], float]) -> Callable[[Any], float]:
    return lambda item: 0 if class_of(item) is Lost else weight(item)


def _spared_key(key: Callable[[Any], Any]) -> Callable[[Any], Any]:
    # What has failed before has no call to come, and so waits for none.
    return lambda item: item if class_of(item) is Lost else key(item)


_SPARING: dict[type, Callable[[Any, int], Operator]] = {
    Map: lambda operator, place: Map(_Spared(_function(operator), place)),
    MapNotNone: lambda operator, place: MapNotNone(_Spared(_function(operator), place)),
    Starmap: _starmap,
    Filter: _filter,
    OfType: _of_type,
    Cast: _cast,
    Tap: _tap,
    FlatMapIterable: _flat_map_iterable,
    FlatMap: _flat_map,
    ConcatMap: lambda operator, place: ConcatMap(_made(operator, place), operator.name),
    MapAsync: _map_async,
    MapBatches: _map_batches,
}
