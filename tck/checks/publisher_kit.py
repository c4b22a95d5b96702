"""Kits: what a check is given, to make stands for the component that is looked at."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tck.checks.model import Skip
from tck.driving.patience import Patience
from tck.driving.probe import Probe
from tck.driving.publisher_stand import PublisherStand
from tck.scripts.place import place_of
from tck.settings import Loop, Settings


class PublisherKit:
    """Makes stands for one check of a Publisher, and closes them after it."""

    def __init__(
        self,
        factory: Callable[[int], Any],
        failed: Callable[[], Any] | None = None,
        settings: Settings | None = None,
        *,
        loop: Loop | bool | None = None,
        failing: str = "",
    ) -> None:
        self.settings: Settings = settings or Settings.from_environment()
        self.factory: Callable[[int], Any] = factory
        self.loop: Loop | bool | None = loop
        self._failed = failed
        self._failing = failing
        self.patience: Patience = Patience()
        self.stands: list[PublisherStand] = []

    def stand(self, elements: int, *, shorter: bool = False) -> PublisherStand:
        """Returns a stand for a stream of that many elements, or of fewer where `shorter` will do.

        Errors: `Skip` where the factory's publishers cannot have as many.
        """
        elements = self.length(elements, shorter=shorter)
        return self._keep(PublisherStand(self.factory, elements, self.settings, loop=self.loop))

    def length(self, elements: int, *, shorter: bool) -> int:
        """Returns how many elements a stream is to have for a check that wants so many.

        Errors: `Skip` where there cannot be as many, or they would take too long, and fewer will not do.
        """
        most = self.settings.max_elements
        if most is not None and elements > most:
            if not shorter:
                raise Skip(f"it needs {elements} elements, and there are to be {most} at most")
            elements = most
        soon = self.patience.soon(self.settings)
        if soon is not None and elements > soon:
            if not shorter:
                raise Skip(f"it needs {elements} elements, and {soon} are as many as come in time")
            elements = soon
        return elements

    def failed(self) -> PublisherStand:
        """Returns a stand for a Publisher that fails.

        Errors: `Skip` where there is none.
        """
        stand = None
        if self._failed is not None:
            stand = PublisherStand(self._failed, 0, self.settings, loop=self.loop, fails=True)
            if stand.publisher is None:  # how a suite says that it has none
                stand.close()
                stand = None
        if stand is None:
            raise Skip("no publisher that fails was given")
        stand.failing = self._failing or place_of(self._failed)
        return self._keep(stand)

    def _keep(self, stand: PublisherStand) -> PublisherStand:
        stand.patience = self.patience
        self.stands.append(stand)
        if stand.stuck is not None:
            raise stand.stuck
        return stand

    def expect_elements(self, probe: Probe, total: int, rule: str = "3.8") -> bool:
        """Returns whether as many came as were asked for, or as the stream has."""
        total = min(total, self.stands[-1].elements)
        return probe.expect_elements(total, rule)

    def reached(self, probe: Probe, total: int) -> bool:
        """Returns whether as many elements came in time, or the end; nothing is put on record."""
        return probe.arrive(total)

    def expect_completion(self, probe: Probe) -> None:
        """Asks for one more, since an end may be known only then, and waits for on_complete."""
        if not self.settings.completes:
            return
        if not probe.ended:
            probe.request(1)
        probe.expect_complete()

    def end(self, probe: Probe) -> None:
        """Waits for the end where one is due, and cancels where none is."""
        if self.settings.completes and probe.count >= self.stands[-1].elements:
            self.expect_completion(probe)
        else:
            probe.cancel()

    def close(self) -> None:
        """Ends all that still goes on."""
        for stand in self.stands:
            stand.close()
