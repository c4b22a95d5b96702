"""materialize, dematerialize: signals as items, and back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Generic

from typing_extensions import TypeAliasType, TypeVar

from operators._kernel.failures.checks import shown
from operators._kernel.failures.failure import drop_late
from operators._kernel.fusing.heads import Resuming
from operators._kernel.fusing.opening import Place
from operators._kernel.kinds import Link
from operators._kernel.plan.contract import Contract
from operators._kernel.plan.node import Node
from operators._kernel.plan.step import Step
from operators._kernel.running.switching import SwitchingStage
from operators._kernel.subscription.scope import Scope
from operators.sources.iterable import FromIterable

T_co = TypeVar("T_co", covariant=True)
T = TypeVar("T")


@dataclass(slots=True, unsafe_hash=True)
class OnNext(Generic[T_co]):
    """An item, as a signal."""

    item: T_co


@dataclass(slots=True, unsafe_hash=True)
class OnError:
    """The end of a flow by an error, as an item."""

    error: Exception


@dataclass(slots=True, unsafe_hash=True)
class OnComplete:
    """The end of a flow that has completed, as an item."""


Signal = TypeAliasType("Signal", OnNext[T] | OnError | OnComplete, type_params=(T,))
"""What a flow that is materialized gives."""


class Materialize(Step, Link):
    """Each signal as an item: OnNext(item) ..., then OnComplete() or OnError(error).

    emits        OnNext(item) for each item, and OnComplete() or OnError(error) at the end
    backpressures  passes demand on; the last signal waits for demand as well
    completes    with the last signal, also where upstream fails
    fails        never, but for a bad request
    """

    __slots__ = ()
    name = "materialize"
    strict = True
    contract = Contract.PASS_THROUGH
    calls = False
    head = "resume"
    pushes = False
    never_none = True
    late = True
    body = """
if type($item) is $ended:
    $over = True
    $item = $item.signal
else:
    $item = $next($item)
"""
    ending = "$over"
    flush = """
if not $over:
    $item = $complete
    emit
"""

    def values(self) -> dict[str, Any]:
        return {"over": False, "ended": _Ended, "next": OnNext, "complete": OnComplete()}

    def opened(self, place: Place) -> Resuming:
        return Resuming(place, _Last())

    def link(self, downstream: Any, node: Node, scope: Scope) -> Any:
        return _MaterializeStage(downstream, node, scope)


class _Ended:
    """What tells the last signal from an item that is a signal by itself."""

    __slots__ = ("signal",)

    def __init__(self, signal: Any) -> None:
        self.signal = signal


def _of(signal: OnError | OnComplete) -> Node:
    return Node(FromIterable((_Ended(signal),), "of"))


class _Last:
    """Gives the flow of the last signal after an error."""

    __slots__ = ()

    def __call__(self, error: Exception) -> Node | None:
        return _of(OnError(error))

    def unwrapped(self, chain: list[Node]) -> tuple[list[Node], Node | None]:
        """Return the chain as it is."""
        return chain, None


class _MaterializeStage(SwitchingStage):
    __slots__ = ("_over", "_untold")
    at_home = False

    def __init__(self, downstream: Any, node: Node, scope: Scope) -> None:
        super().__init__(downstream, node, scope)
        self._over = False
        self._untold: Exception | None = None

    def on_next(self, item: Any) -> None:
        if type(item) is _Ended:
            self._untold = None
            super().on_next(item.signal)
        else:
            super().on_next(OnNext(item))

    def successor(self, error: Exception) -> Node | None:
        self._over = True
        self._untold = error
        return _of(OnError(error))

    def cancel(self) -> None:
        super().cancel()
        untold, self._untold = self._untold, None
        if untold is not None:  # its item waited for demand
            drop_late(untold, self.node)

    def on_complete(self) -> None:
        if self._over or self.done:
            super().on_complete()
        else:
            self._over = True
            self.switch_to(_of(OnComplete()))


class Dematerialize(Step):
    """The items, and the end, that signals stand for.

    emits        the item of each OnNext
    backpressures  passes demand on
    completes    at an OnComplete, or when upstream does
    fails        at an OnError, with its error; when upstream does, or at what is no signal
    """

    __slots__ = ()
    name = "dematerialize"
    contract = Contract.PASS_THROUGH
    calls = False
    stops = True
    body = """
$kind = type($item)
if $kind is $complete:
    stop
if $kind is not $next:
    raise $failed($item)
$item = $item.item
"""

    def values(self) -> dict[str, Any]:
        return {"kind": None, "complete": OnComplete, "next": OnNext, "failed": _failed}


def _failed(item: Any) -> Exception:
    if isinstance(item, OnError):
        return item.error
    return TypeError(
        f"dematerialize: needs signals (OnNext, OnError, OnComplete), got {shown(item)}; they are what "
        "materialize gives"
    )
