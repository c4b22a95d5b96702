"""A flow as an Observable."""

from __future__ import annotations

from typing import Any

from operators.connectors.extras import need
from reactive_streams import UNBOUNDED, Publisher, Subscription


class _Telling:
    """The Subscriber that an observer of reactivex stands behind."""

    def __init__(self, observer: Any) -> None:
        self._observer = observer
        self.subscription: Subscription | None = None

    def on_subscribe(self, subscription: Subscription) -> None:
        if self.subscription is not None:
            subscription.cancel()
            return
        self.subscription = subscription
        subscription.request(UNBOUNDED)

    def on_next(self, item: Any) -> None:
        self._observer.on_next(item)

    def on_error(self, error: Exception) -> None:
        self._observer.on_error(error)

    def on_complete(self) -> None:
        self._observer.on_completed()


def to_observable(publisher: Publisher[Any]) -> Any:
    """Return an Observable of what a flow, or anybody's Publisher, sends; needs the extra `reactivex`.

    Each observer subscribes anew, with unbounded demand, since an Observable knows none. To dispose of it
    cancels.

    >>> from operators import Flow
    >>> from operators.connectors import rx
    >>> _ = rx.to_observable(Flow.range(2)).subscribe(print, on_completed=lambda: print("over"))
    0
    1
    over
    """
    reactivex = need("reactivex", "reactivex")
    disposable = need("reactivex.disposable", "reactivex")

    def subscribe(observer: Any, scheduler: Any = None) -> Any:
        telling = _Telling(observer)
        publisher.subscribe(telling)
        return disposable.Disposable(
            lambda: telling.subscription.cancel() if telling.subscription is not None else None
        )

    return reactivex.create(subscribe)
