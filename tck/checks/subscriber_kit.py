"""The kit that the checks of a Subscriber are given."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tck.checks.model import Skip
from tck.driving.patience import Patience
from tck.driving.subscriber_stand import Mode, Puppet, SubscriberStand, WhiteboxProbe
from tck.settings import Loop, Settings

__all__ = ["Puppet", "SubscriberKit", "WhiteboxProbe"]


class SubscriberKit:
    """Makes stands for one check of a Subscriber, and closes them after it.

    `factory()` makes a Subscriber that asks by itself, or once `trigger(subscriber)` was called;
    `whitebox(probe)` one that tells the probe (see `WhiteboxProbe`) and asks when it is told to.
    """

    def __init__(
        self,
        factory: Callable[[], Any] | None,
        whitebox: Callable[[WhiteboxProbe], Any] | None = None,
        settings: Settings | None = None,
        *,
        element: Callable[[int], Any] = int,
        trigger: Callable[[Any], Any] | None = None,
        loop: Loop | bool | None = None,
    ) -> None:
        self.settings: Settings = settings or Settings.from_environment()
        self.patience: Patience = Patience()
        self.stands: list[SubscriberStand] = []
        self._factory = factory
        self._whitebox = whitebox
        self._element = element
        self._trigger = trigger
        self._loop: Loop | bool | None = loop

    def stand(self) -> SubscriberStand:
        """Returns a stand for a Subscriber as it is.

        Errors: `Skip` where none was given.
        """
        if self._factory is None:
            raise Skip("no factory for a Subscriber was given")
        return self._keep(self._factory, "blackbox")

    def whitebox(self) -> SubscriberStand:
        """Returns a stand for a Subscriber that tells a probe.

        Errors: `Skip` where none was given.
        """
        if self._whitebox is None:
            raise Skip("no whitebox(probe) was given")
        return self._keep(self._whitebox, "whitebox")

    def rule(self, rule: str) -> str:
        """Returns the rule that is broken where the probe was not told of what was sent."""
        return rule

    def need_errors(self) -> None:
        """Raises `Skip` where an error that is sent need not arrive."""

    def _keep(self, factory: Callable[..., Any], mode: Mode) -> SubscriberStand:
        stand = SubscriberStand(
            factory, self.settings, mode=mode, element=self._element, trigger=self._trigger,
            loop=self._loop,
        )  # fmt: skip
        stand.patience = self.patience
        self.stands.append(stand)
        return stand

    def close(self) -> None:
        """Ends all that still goes on."""
        for stand in self.stands:
            stand.close()
