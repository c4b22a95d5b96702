"""What an exhibit of the gallery is, and how a class becomes one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias, TypeVar

from reactive_streams import Publisher
from tck.gallery.broken._base import Probe, RangeOutlet, RangePublisher
from tck.gallery.broken._relay import IdentityProcessor

Kind: TypeAlias = Literal["publisher", "subscriber", "processor"]
Severity: TypeAlias = Literal["fails", "warns"]

C = TypeVar("C", bound=type[object])


@dataclass(frozen=True, slots=True, kw_only=True)
class Exhibit:
    """One implementation, and what the kit has to say about it."""

    rule: str
    """The rule that it breaks; empty for a correct one."""
    kind: Kind
    name: str
    factory: Callable[..., Any]
    """Publisher: `factory(elements)`; Subscriber and Processor: `factory()`."""
    why: str
    """What it does wrong; of a correct one: its style."""
    follows: tuple[str, ...] = ()
    """Rules that are broken along with it, because it breaks its own."""
    failed: Callable[[], Publisher[int]] | None = None
    """Makes a Publisher that fails, where that is where the defect lies."""
    whitebox: Callable[[Probe], Any] | None = None
    """Makes a Subscriber that tells the probe what reaches it."""
    settings: Mapping[str, object] = field(default_factory=dict[str, object])
    """What its author declares of it: fields of `tck.settings.Settings`."""
    level: Severity = "fails"
    needs_loop: bool = False
    """Whether it is to be used on the thread of a running asyncio loop."""
    shows: type[object] | None = None
    """The class with the defect, whose source a page on the rule can print."""


class Collection:
    """The exhibits of one module, in the order in which they stand there."""

    def __init__(self) -> None:
        self.exhibits: list[Exhibit] = []

    def _add(self, shows: type[object], rule: str, why: str, **more: Any) -> None:
        self.exhibits.append(Exhibit(rule=rule, name=shows.__name__, why=why, shows=shows, **more))

    def link(self, rule: str, why: str, **more: Any) -> Callable[[C], C]:
        """Returns a decorator for a `RangeOutlet`: the Publisher is right, its Subscription is not."""

        def register(outlet: C) -> C:
            def factory(elements: int) -> Publisher[int]:
                return RangePublisher(elements, outlet)

            assert issubclass(outlet, RangeOutlet)
            self._add(outlet, rule, why, kind="publisher", factory=factory, **more)
            return outlet

        return register

    def publisher(self, rule: str, why: str, **more: Any) -> Callable[[C], C]:
        """Returns a decorator for a class that is made with the number of elements."""

        def register(publisher: C) -> C:
            self._add(publisher, rule, why, kind="publisher", factory=publisher, **more)
            return publisher

        return register

    def failing(self, rule: str, why: str, **more: Any) -> Callable[[C], C]:
        """Returns a decorator for a Publisher that is wrong in how it fails; made without arguments."""

        def register(publisher: C) -> C:
            self._add(
                publisher,
                rule,
                why,
                kind="publisher",
                factory=RangePublisher,
                failed=publisher,
                **more,
            )
            return publisher

        return register

    def subscriber(self, rule: str, why: str, **more: Any) -> Callable[[C], C]:
        """Returns a decorator for a Subscriber that is made with a probe, or without."""

        def register(subscriber: C) -> C:
            known: dict[str, Any] = {
                "kind": "subscriber",
                "factory": subscriber,
                "whitebox": subscriber,
            }
            self._add(subscriber, rule, why, **{**known, **more})
            return subscriber

        return register

    def processor(self, rule: str, why: str, **more: Any) -> Callable[[C], C]:
        """Returns a decorator for an `IdentityProcessor`."""

        def register(processor: C) -> C:
            assert issubclass(processor, IdentityProcessor)
            self._add(processor, rule, why, kind="processor", factory=processor, **more)
            return processor

        return register
