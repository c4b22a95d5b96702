"""Message: what every connector's source gives."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Generic

from typing_extensions import TypeVar

from operators._kernel.plan.contract import Contract
from operators._kernel.subscription.demand import Claim
from operators.custom.kinds import Step

T = TypeVar("T", default=Any)
T_co = TypeVar("T_co", covariant=True, default=Any)
U = TypeVar("U")

NO_HEADERS: Mapping[str, Any] = MappingProxyType({})
"""The headers of a message whose system has none."""


class Message(Generic[T_co]):
    """A value from another system, what it says about it, and the way to tell it what became of it.

    `ack()` says that it is dealt with, `nack()` that it is to be given again; what that means is on the
    page of each system, and where a system knows no such thing both do nothing. The first of them counts:
    it returns True, all later ones do nothing and return False. Both may be called from any thread.

    >>> from operators.connectors import Message
    >>> told = []
    >>> message = Message(7, {"key": "a"}, told.append)
    >>> message.value, message.headers["key"], message.ack(), message.nack(), told
    (7, 'a', True, False, [True])
    """

    __slots__ = ("_settle", "headers", "value")

    def __init__(
        self,
        value: T_co,
        headers: Mapping[str, Any] = NO_HEADERS,
        settle: Callable[[bool], object] | Settlement | None = None,
    ) -> None:
        if settle is not None and not isinstance(settle, Settlement):
            settle = Settlement(settle)
        self.value: T_co = value
        self.headers: Mapping[str, Any] = headers
        self._settle = settle

    def ack(self) -> bool:
        """Say that it is dealt with; True: nobody had said anything before."""
        return self._settle is not None and self._settle(True)

    def nack(self) -> bool:
        """Ask for it to be given again; True: nobody had said anything before."""
        return self._settle is not None and self._settle(False)

    def with_value(self, value: U) -> Message[U]:
        """Return a message of another value and the same headers, which is acknowledged together with this.

        >>> from operators.connectors import Message
        >>> Message("7").with_value(7).value
        7
        """
        return Message(value, self.headers, self._settle)

    def __eq__(self, other: object) -> bool:
        """Whether it is a message of an equal value and equal headers."""
        if not isinstance(other, Message):
            return NotImplemented
        theirs: Message[Any] = other  # pyright: ignore[reportUnknownVariableType]
        return bool(self.value == theirs.value and self.headers == theirs.headers)

    def __hash__(self) -> int:
        return hash((Message, self.value))

    def __repr__(self) -> str:
        return f"Message({self.value!r}, {dict(self.headers)!r})"


class Settlement:
    """The one answer to a message, which all that were made of it share."""

    __slots__ = ("_claim", "_tell")

    def __init__(self, tell: Callable[[bool], object]) -> None:
        self._tell = tell
        self._claim = Claim()

    def __call__(self, done: bool) -> bool:
        """Tell the system, unless somebody has."""
        if not self._claim.take():
            return False
        self._tell(done)
        return True


def value_of(item: Any) -> Any:
    """Return the value of a message, or what is none: what a sink has to write."""
    if not isinstance(item, Message):
        return item
    message: Message[Any] = item  # pyright: ignore[reportUnknownVariableType]
    return message.value


class _Values(Step[Message[T], T]):
    name = "values"
    contract = Contract.PASS_THROUGH
    # Most systems know no acknowledgement, and need not be called for it.
    body = "if $item._settle is not None:\n    $item.ack()\n$item = $item.value"


def values() -> _Values[Any]:
    """Return the operator that acknowledges each message and gives its value: at most once.

    For what needs no acknowledgement, and where losing what is under way at a crash does no harm.

    >>> from operators import Flow
    >>> from operators.connectors import Message, values
    >>> list(Flow.of(Message("a"), Message("b")).apply(values()))
    ['a', 'b']
    """
    return _Values()
