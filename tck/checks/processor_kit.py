"""The kit that the checks of a Processor are given: a Publisher's, a Subscriber's, and its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from tck.checks.model import Skip
from tck.checks.publisher_kit import PublisherKit
from tck.driving.processor_stand import ProcessorStand
from tck.driving.subscriber_stand import SubscriberStand
from tck.settings import Loop, Settings

# A Publisher's rule tells better what is wrong when a Processor does not pass a signal on.
_RULES = {"2.9": "1.5", "2.10": "4.2"}


class ProcessorKit(PublisherKit):
    """Makes stands for one check of a Processor, which `factory()` makes: one that passes on.

    `stand` puts the kit's Publisher before it, so that it can be checked as a Publisher; `whitebox`
    a probe behind it, so that it can be checked as a Subscriber; `by_hand` leaves both to the check.
    """

    def __init__(
        self,
        factory: Callable[[], Any],
        settings: Settings | None = None,
        *,
        element: Callable[[int], Any] = int,
        loop: Loop | bool | None = None,
    ) -> None:
        super().__init__(lambda _elements: factory(), None, settings, loop=loop)
        self._make = factory
        self._element = element

    def stand(self, elements: int, *, shorter: bool = False) -> ProcessorStand:
        """Returns a stand for a stream of that many elements through a fresh Processor.

        Errors: `Skip` where Settings.max_elements is less, unless `shorter` will do.
        """
        return self._processor(self.length(elements, shorter=shorter))

    def failed(self) -> ProcessorStand:
        """Returns a stand for a Processor whose upstream fails.

        Errors: `Skip` where it recovers from that.
        """
        self.need_errors()
        return self._processor(0, end="error")

    def by_hand(self) -> ProcessorStand:
        """Returns a stand that does nothing by itself."""
        return self._processor(None)

    def _processor(self, elements: int | None, **more: Any) -> ProcessorStand:
        stand = ProcessorStand(
            self._make, elements, self.settings, element=self._element, loop=self.loop, **more
        )
        self._keep(stand)
        return stand

    def whitebox(self) -> SubscriberStand:
        """Returns a stand with a probe behind a fresh Processor."""
        stand = SubscriberStand(
            self._make, self.settings, mode="processor", element=self._element, loop=self.loop
        )
        stand.patience = self.patience
        # A check makes stands of one kind; whoever looks at all of them needs what both have.
        self.stands.append(cast(Any, stand))
        if stand.stuck is not None:
            raise stand.stuck
        return stand

    def rule(self, rule: str) -> str:
        """Returns the rule that is broken where the probe was not told of what was sent."""
        return _RULES.get(rule, rule)

    def need_errors(self) -> None:
        """Raises `Skip` where an error that is sent need not arrive."""
        if self.settings.recovers:
            raise Skip("it recovers from the errors of its upstream (Settings.recovers)")
