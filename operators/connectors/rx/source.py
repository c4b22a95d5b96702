"""An Observable as a source."""

from __future__ import annotations

from typing import Any

from operators._kernel.failures.checks import need_methods
from operators.connectors.arguments import need_arguments
from operators.connectors.message import Message
from operators.connectors.rx.settings import SourceSettings
from operators.flow import Flow
from operators.sources.create import Emitter


def source(
    observable: Any,
    settings: SourceSettings = SourceSettings(),  # noqa: B008 - frozen
) -> Flow[Message[Any]]:
    """Return a flow of what an Observable sends, which is subscribed to anew for each Subscriber.

    It is subscribed to on a thread of its own. Up to `settings.capacity` items wait for demand (§1.1), then
    `settings.overflow` decides; by default the thread that sends waits, which has to be none that runs an
    event loop. A cancel disposes of the subscription. Fails with what the Observable fails with.

    >>> import reactivex
    >>> from operators.connectors import rx
    >>> [message.value for message in rx.source(reactivex.range(0, 3))]
    [0, 1, 2]
    """
    need_arguments("rx.source", SourceSettings, settings)
    need_methods("rx.source", "Observable", observable, "subscribe")

    def subscribe(emitter: Emitter[Any]) -> None:
        def on_next(item: Any) -> None:
            emitter.emit(Message(item))

        def on_error(error: Any) -> None:
            emitter.error(_exception(error))

        subscription = observable.subscribe(
            on_next=on_next, on_error=on_error, on_completed=emitter.complete
        )
        emitter.on_cancel(subscription.dispose)

    return Flow.create(subscribe, overflow=settings.overflow, capacity=settings.capacity)


def _exception(error: Any) -> Exception:
    return (
        error if isinstance(error, Exception) else RuntimeError(f"the Observable failed: {error}")
    )
