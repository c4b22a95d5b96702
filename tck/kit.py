"""Kits: what a check is given, to make stands for the component that is looked at."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tck.checks.model import Skip
from tck.patience import Patience
from tck.publisher_stand import Probe, PublisherStand
from tck.settings import Settings


class PublisherKit:
    """Makes stands for one check of a Publisher, and closes them after it."""

    def __init__(
        self,
        factory: Callable[[int], Any],
        failed: Callable[[], Any] | None = None,
        settings: Settings | None = None,
        *,
        loop: bool = False,
        failing: str = "",
    ) -> None:
        self.settings: Settings = settings or Settings.from_environment()
        self._factory = factory
        self._failed = failed
        self._loop = loop
        self._failing = failing
        self.patience: Patience = Patience()
        self.stands: list[PublisherStand] = []

    def stand(self, elements: int, *, shorter: bool = False) -> PublisherStand:
        """Returns a stand for a stream of that many elements, or of fewer where `shorter` will do.

        Errors: `Skip` where the factory's publishers cannot have as many.
        """
        most = self.settings.max_elements
        if most is not None and elements > most:
            if not shorter:
                raise Skip(f"it needs {elements} elements, and the publishers have {most} at most")
            elements = most
        return self._keep(PublisherStand(self._factory, elements, self.settings, loop=self._loop))

    def failed(self) -> PublisherStand:
        """Returns a stand for a Publisher that fails.

        Errors: `Skip` where there is none.
        """
        failed = self._failed
        if failed is None:
            raise Skip("no publisher that fails was given")

        def make(_elements: int) -> Any:
            publisher = failed()
            if publisher is None:  # how a suite says that it has none
                raise Skip("no publisher that fails was given")
            return publisher

        stand = PublisherStand(make, 0, self.settings, loop=self._loop)
        stand.failing = self._failing
        if isinstance(stand.failure, Skip):
            stand.close()
            raise stand.failure
        return self._keep(stand)

    def _keep(self, stand: PublisherStand) -> PublisherStand:
        stand.patience = self.patience
        self.stands.append(stand)
        if stand.failure is not None:
            raise stand.failure
        return stand

    def expect_elements(self, probe: Probe, total: int, rule: str = "3.8") -> bool:
        """Returns whether as many came as were asked for, or as the stream has."""
        total = min(total, self.stands[-1].elements)
        return probe.expect_elements(total, rule)

    def reached(self, probe: Probe, total: int) -> bool:
        """Returns whether as many elements came in time, or the end; nothing is put on record."""
        recorder = self.stands[-1].recorder
        return recorder.wait(
            lambda: recorder.returned(probe.link, "on_next") >= total or probe.ended,
            self.stands[-1].deadline("3.2", "3.8", "1.9"),
        )

    def expect_completion(self, probe: Probe) -> None:
        """Asks for one more, since an end may be known only then, and waits for on_complete."""
        if not self.settings.completes:
            return
        if not probe.ended:
            probe.request(1)
        probe.expect_complete()

    def end(self, probe: Probe) -> None:
        """Waits for the end where one comes, and cancels where none does."""
        if self.settings.completes and probe.count >= self.stands[-1].elements:
            probe.expect_end()
        else:
            probe.cancel()

    def close(self) -> None:
        """Ends all that still goes on."""
        for stand in self.stands:
            stand.close()
