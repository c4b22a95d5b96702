"""The four protocols and the largest demand.

Every parameter is positional-only, so that an implementation may name its own as it likes. The
methods are abstract, so that a class which inherits from a protocol, instead of merely looking like
it, cannot be made with a method forgotten: a forgotten `on_error` would swallow failures.
"""

from abc import abstractmethod
from typing import Final, TypeVar

from typing_extensions import Protocol, runtime_checkable

__all__ = ["UNBOUNDED", "Processor", "Publisher", "Subscriber", "Subscription"]

T_co = TypeVar("T_co", covariant=True)
R_co = TypeVar("R_co", covariant=True)
T_contra = TypeVar("T_contra", contravariant=True)

UNBOUNDED: Final = 2**63 - 1
"""The largest demand, in elements: it saturates here, and is not counted further (§3.17)."""


@runtime_checkable
class Subscription(Protocol):
    """The link between one Publisher and one Subscriber, held by the Subscriber alone (§3.1).

    >>> class Deaf:
    ...     def request(self, n): ...
    ...     def cancel(self): ...
    >>> isinstance(Deaf(), Subscription)
    True
    """

    # An empty __slots__ leaves the choice to those who inherit: without it each of them
    # would carry a __dict__.
    __slots__ = ()

    @abstractmethod
    def request(self, n: int, /) -> None:
        """Returns None, soon (§3.4), having added `n` elements to the demand (§3.8).

        Bounds: 1 <= n; demand adds up and saturates at `UNBOUNDED` (§3.17). May be called from
        inside `on_subscribe` and `on_next` (§3.2), and may itself call `on_next`, `on_complete` and
        `on_error` before it returns (§3.10, §3.11), to a bounded depth (§3.3).

        Errors: never raises (§3.16). A bad `n` is signalled through `on_error` (§3.9): `ValueError`
        for n <= 0, `TypeError` for what is not an int, a bool included. After `cancel` or a
        terminal signal it does nothing, whatever `n` is (§3.6).

        >>> class Counting:
        ...     demand = 0
        ...
        ...     def request(self, n):
        ...         self.demand = min(UNBOUNDED, self.demand + n)
        ...
        ...     def cancel(self): ...
        >>> link = Counting()
        >>> link.request(2)
        >>> link.request(3)
        >>> link.demand
        5
        >>> link.request(UNBOUNDED)
        >>> link.demand == UNBOUNDED
        True
        """
        ...

    @abstractmethod
    def cancel(self) -> None:
        """Returns None, soon, having asked the Publisher to stop (§3.5, §3.12).

        Bounds: may be called any number of times (§3.7), from any thread (§3.5). Elements already
        requested may still arrive for a while (§2.8). The Publisher lets go of the Subscriber
        eventually (§3.13).

        Errors: never raises (§3.15).

        >>> class Open:
        ...     live = True
        ...
        ...     def request(self, n): ...
        ...     def cancel(self):
        ...         self.live = False
        >>> link = Open()
        >>> link.cancel()
        >>> link.cancel()
        >>> link.live
        False
        """
        ...


@runtime_checkable
class Subscriber(Protocol[T_contra]):
    """The receiving end: `on_subscribe`, then `on_next` as requested, then at most one ending.

    Whoever accepts any `object` accepts an `int`: a `Subscriber[object]` is a `Subscriber[int]`.
    The four methods are called serially (§1.3), all return None, and none may raise but for an
    argument that is None (§2.13).

    >>> class Printer:
    ...     def on_subscribe(self, subscription):
    ...         subscription.request(UNBOUNDED)
    ...
    ...     def on_next(self, element):
    ...         print(element)
    ...
    ...     def on_error(self, error):
    ...         print("failed:", error)
    ...
    ...     def on_complete(self):
    ...         print("done")
    >>> isinstance(Printer(), Subscriber)
    True
    >>> isinstance(print, Subscriber)
    False
    """

    __slots__ = ()

    @abstractmethod
    def on_subscribe(self, subscription: Subscription, /) -> None:
        """Returns None; `subscription` is what to ask for elements, and where to cancel.

        Bounds: called once, before any other signal (§1.9, §2.12). No element comes until
        `subscription.request` is called, here or later (§2.1). A Subscriber that already has a live
        Subscription cancels the new one (§2.5).

        Errors: `TypeError` if `subscription` is None; otherwise never raises (§2.13).

        >>> class Faithful:
        ...     link = None
        ...
        ...     def on_subscribe(self, subscription):
        ...         if subscription is None:
        ...             raise TypeError("rule 2.13: a Subscription is needed, not None")
        ...         if self.link is None:
        ...             self.link = subscription
        ...             subscription.request(1)
        ...         else:
        ...             subscription.cancel()
        >>> class Talking:
        ...     def request(self, n):
        ...         print("request", n)
        ...
        ...     def cancel(self):
        ...         print("cancel")
        >>> faithful = Faithful()
        >>> faithful.on_subscribe(Talking())
        request 1
        >>> faithful.on_subscribe(Talking())
        cancel
        """
        ...

    @abstractmethod
    def on_next(self, element: T_contra, /) -> None:
        """Returns None, having taken one element.

        Bounds: called at most as often as elements were requested (§1.1), and possibly for a while
        after `cancel` (§2.8). It should not hold up its caller; long work goes elsewhere (§2.2).

        Errors: `TypeError` if `element` is None, which is not an element. Otherwise never raises: a
        Subscriber that cannot go on cancels its Subscription (§2.13).

        >>> class Keeping:
        ...     def __init__(self):
        ...         self.kept = []
        ...
        ...     def on_next(self, element):
        ...         if element is None:
        ...             raise TypeError("rule 2.13: None is not an element")
        ...         self.kept.append(element)
        >>> keeping = Keeping()
        >>> keeping.on_next("a")
        >>> keeping.kept
        ['a']
        >>> keeping.on_next(None)
        Traceback (most recent call last):
        TypeError: rule 2.13: None is not an element
        """
        ...

    @abstractmethod
    def on_error(self, error: Exception, /) -> None:
        """Returns None; the stream has failed with `error`, and this was the last signal (§1.7).

        Bounds: called at most once, with or without demand (§2.10), and never together with
        `on_complete`. It calls nothing on Subscription or Publisher (§2.3). `KeyboardInterrupt`,
        `SystemExit` and `asyncio.CancelledError` are no `Exception` and are never signalled.

        Errors: `TypeError` if `error` is None; otherwise never raises (§2.13).

        >>> class Reporting:
        ...     def on_error(self, error):
        ...         if error is None:
        ...             raise TypeError("rule 2.13: an Exception is needed, not None")
        ...         print("failed:", error)
        >>> Reporting().on_error(ConnectionError("line is down"))
        failed: line is down
        """
        ...

    @abstractmethod
    def on_complete(self) -> None:
        """Returns None; the stream has ended well, and this was the last signal (§1.7).

        Bounds: called at most once, with or without demand (§2.9), and never together with
        `on_error`. It calls nothing on Subscription or Publisher (§2.3).

        Errors: never raises (§2.13).

        >>> class Reporting:
        ...     def on_complete(self):
        ...         print("done")
        >>> Reporting().on_complete()
        done
        """
        ...


@runtime_checkable
class Publisher(Protocol[T_co]):
    """The giving end: elements in order, only as fast as each Subscriber asks for them.

    Whatever gives `bool`s gives `int`s: a `Publisher[bool]` is a `Publisher[int]`.

    >>> class Nothing:
    ...     def subscribe(self, someone): ...
    >>> isinstance(Nothing(), Publisher)
    True
    >>> isinstance([], Publisher)
    False
    """

    __slots__ = ()

    @abstractmethod
    def subscribe(self, subscriber: Subscriber[T_co], /) -> None:
        """Returns None; the Subscription goes to `subscriber.on_subscribe`, before all else (§1.9).

        Bounds: any number of calls, each with a different Subscriber (§1.10). How many Subscribers
        are served, and whether they share the elements, is for the Publisher to say (§1.11).

        Errors: `TypeError` if `subscriber` is None. Everything else, a refusal included, is told
        through `on_subscribe` and then `on_error` (§1.9).

        >>> class Idle:
        ...     def request(self, n): ...
        ...     def cancel(self): ...
        >>> class Empty:
        ...     def subscribe(self, subscriber):
        ...         if subscriber is None:
        ...             raise TypeError("rule 1.9: a Subscriber is needed, not None")
        ...         subscriber.on_subscribe(Idle())
        ...         subscriber.on_complete()
        >>> class Tracing:
        ...     def on_subscribe(self, subscription):
        ...         print("subscribed")
        ...
        ...     def on_complete(self):
        ...         print("done")
        >>> Empty().subscribe(Tracing())
        subscribed
        done
        >>> Empty().subscribe(None)
        Traceback (most recent call last):
        TypeError: rule 1.9: a Subscriber is needed, not None
        """
        ...


@runtime_checkable
class Processor(Subscriber[T_contra], Publisher[R_co], Protocol[T_contra, R_co]):
    """A stage of a pipeline: a Subscriber of what comes in, a Publisher of what goes out (§4.1).

    It keeps the rules of both. A failure from upstream goes downstream at once, unless the
    Processor recovers from it, and then its upstream Subscription is over all the same (§4.2).

    >>> class Relay:
    ...     def subscribe(self, subscriber):
    ...         self.downstream = subscriber
    ...
    ...     def on_subscribe(self, subscription):
    ...         self.downstream.on_subscribe(subscription)
    ...
    ...     def on_next(self, element):
    ...         self.downstream.on_next(element)
    ...
    ...     def on_error(self, error):
    ...         self.downstream.on_error(error)
    ...
    ...     def on_complete(self):
    ...         self.downstream.on_complete()
    >>> relay = Relay()
    >>> isinstance(relay, Processor), isinstance(relay, Publisher), isinstance(relay, Subscriber)
    (True, True, True)
    """

    __slots__ = ()
