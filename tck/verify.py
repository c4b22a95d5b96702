"""Verify: runs the suites over a component, and gives back what was found."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from tck.checks.all import PROCESSOR_CHECKS, PUBLISHER_CHECKS, SUBSCRIBER_CHECKS, WHITEBOX_CHECKS
from tck.checks.causes import concluded
from tck.checks.explore import shortened
from tck.checks.model import Check
from tck.checks.processor_kit import ProcessorKit
from tck.checks.publisher_kit import PublisherKit
from tck.checks.run import Kit, patience_of_many, run_checks
from tck.checks.subscriber_kit import SubscriberKit
from tck.driving.factories import METHODS
from tck.driving.loops import expect_no_loop, needs_loop
from tck.driving.places import loop_named
from tck.driving.subscriber_stand import WhiteboxProbe
from tck.reports.report import Report
from tck.scripts.place import place_of
from tck.settings import Loop, Settings


def verify_publisher(
    factory: Callable[[int], Any],
    *,
    failed: Callable[[], Any] | None = None,
    settings: Settings | None = None,
    subject: str = "",
    loop: Loop | None = None,
) -> Report:
    """Returns what was found out about the publishers that `factory(elements)` makes.

    `failed()` makes one that fails; without it what concerns failures is skipped. The factory and
    all signals run on the `loop`: on that of asyncio or trio, or on a plain thread; by default on
    the one that the Publisher asks for when it is used without.

    Errors: nothing raises for what the Publisher does. `Unusable` where the factory raises, hangs, or
    returns no Publisher; `ImportError` where trio is wanted, and not installed.

    >>> class Numbers:
    ...     def __init__(self, elements):
    ...         self.elements = elements
    ...
    ...     def subscribe(self, subscriber):
    ...         raise NotImplementedError
    >>> report = verify_publisher(Numbers, settings=Settings(deadline=0.01, examples=0))
    >>> report.passed, "1.9" in {violation.rule for violation in report.violations}
    (False, True)
    """
    chosen = settings or Settings.from_environment()
    on = needs_loop(factory, chosen) if loop is None else loop_named(loop)

    def kit() -> PublisherKit:
        return PublisherKit(
            factory, failed, chosen, loop=on, failing=_beside(factory, failed, subject)
        )

    place = subject if ":" in subject else place_of(factory)
    patience = patience_of_many()
    results = concluded(run_checks(PUBLISHER_CHECKS, kit, place, "publisher", patience))
    results = shortened(results, factory, chosen, loop=on, subject=place, patience=patience)
    return Report(subject=subject or _name(factory), results=tuple(results), seed=chosen.seed)


def verify_subscriber(
    factory: Callable[[], Any] | None = None,
    *,
    whitebox: Callable[[WhiteboxProbe], Any] | None = None,
    settings: Settings | None = None,
    subject: str = "",
    loop: Loop | None = None,
) -> Report:
    """Returns what was found out about the Subscribers that are made.

    `factory()` makes one that is looked at from outside; `whitebox(probe)` one that tells the probe
    what reaches it, and is looked at more closely. Either may be left out, not both. The factory and
    all signals run on the `loop`: on that of asyncio or trio, or, by default, on a plain thread.

    Errors: `ValueError` where neither is given, or no such loop; `Unusable` where one of them raises,
    hangs, or returns no Subscriber, or where a loop is needed and none was given.

    >>> import asyncio
    >>> class Slow:
    ...     "Works in a task on its loop, and asks for one element after the other."
    ...
    ...     def on_subscribe(self, subscription):
    ...         if subscription is None:
    ...             raise TypeError("a Subscription is needed")
    ...         if hasattr(self, "task"):
    ...             subscription.cancel()
    ...             return
    ...         self.items = asyncio.Queue()
    ...         self.task = asyncio.create_task(self.work(subscription))
    ...
    ...     async def work(self, subscription):
    ...         while True:
    ...             subscription.request(1)
    ...             await self.items.get()
    ...
    ...     def on_next(self, item):
    ...         if item is None:
    ...             raise TypeError("None is no element")
    ...         self.items.put_nowait(item)
    ...
    ...     def on_error(self, error):
    ...         if error is None:
    ...             raise TypeError("an Exception is needed")
    ...         self.task.cancel()
    ...
    ...     def on_complete(self):
    ...         self.task.cancel()
    >>> verify_subscriber(Slow, loop="asyncio", subject="Slow").verdict
    'conforms'
    """
    chosen = settings or Settings.from_environment()
    on = loop_named(loop)
    reports: list[Report] = []
    named = subject or _name(factory or whitebox or "")
    if factory is not None:
        if loop is None:
            expect_no_loop(factory, chosen)
        reports.append(
            verify(
                SUBSCRIBER_CHECKS,
                lambda: SubscriberKit(factory, None, chosen, loop=on),
                named,
                chosen,
                "subscriber, blackbox",
                subject if ":" in subject else place_of(factory),
            )
        )
    if whitebox is not None:
        if loop is None:
            expect_no_loop(whitebox, chosen, args=(WhiteboxProbe(),))
        reports.append(
            verify(
                WHITEBOX_CHECKS,
                lambda: SubscriberKit(None, whitebox, chosen, loop=on),
                named,
                chosen,
                "subscriber, whitebox",
                _beside(factory or whitebox, whitebox, subject),
            )
        )
    if not reports:
        raise ValueError("verify_subscriber: neither a factory nor a whitebox was given")
    results = [result for report in reports for result in report.results]
    return Report(subject=named, results=tuple(results), seed=chosen.seed)


def verify_processor(
    factory: Callable[[], Any],
    *,
    settings: Settings | None = None,
    subject: str = "",
    loop: Loop | None = None,
) -> Report:
    """Returns what was found out about the Processors that `factory()` makes, which pass all on.

    The factory and all signals run on the `loop`: on that of asyncio or trio, or, by default, on a
    plain thread.

    Errors: `Unusable` where the factory raises, hangs, or returns no Processor, or where a loop is
    needed and none was given.
    """
    chosen = settings or Settings.from_environment()
    on = loop_named(loop)
    if loop is None:
        expect_no_loop(factory, chosen, METHODS["processor"])
    return verify(
        PROCESSOR_CHECKS,
        lambda: ProcessorKit(factory, chosen, loop=on),
        subject or _name(factory),
        chosen,
        "processor",
        subject if ":" in subject else place_of(factory),
    )


def verify(
    checks: Iterable[Check],
    make_kit: Callable[[], Kit],
    subject: str,
    settings: Settings,
    suite: str,
    place: str = "",
) -> Report:
    """Returns the results of the checks, each run with a kit of its own.

    `place` is where the factory is, as "module:name", for the scripts.
    """
    results = run_checks(checks, make_kit, place or subject, suite)
    return Report(subject=subject, results=tuple(concluded(results)), seed=settings.seed)


def _beside(factory: object, other: object, subject: str) -> str:
    """Returns where the other one is; where it is in the same module, as it is named in the subject."""
    same = getattr(factory, "__module__", None) == getattr(other, "__module__", "")
    return place_of(other, subject if same else "")


def _name(factory: object) -> str:
    return str(getattr(factory, "__qualname__", type(factory).__qualname__))
