"""Suites for pytest: subclass one in a test file, and each check of the kit is a test of its own."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any, ClassVar, Generic, TypeVar

from reactive_streams import Processor, Publisher, Subscriber
from reactive_streams.rules import rule
from tck.checks.blackbox import BLACKBOX
from tck.checks.model import Check
from tck.checks.processor import PROCESSOR, PROCESSOR_BEYOND
from tck.checks.subscriber_beyond import SUBSCRIBER_BEYOND, WHITEBOX_BEYOND
from tck.checks.whitebox import WHITEBOX
from tck.kit import PublisherKit
from tck.processor_kit import ProcessorKit
from tck.report import Result
from tck.settings import Settings
from tck.subscriber_kit import SubscriberKit, WhiteboxProbe
from tck.verify import PUBLISHER_CHECKS, Kit, needs_loop, run_check

try:
    import pytest
except ImportError:  # pragma: no cover
    raise ImportError(
        "the suites need pytest: pip install 'reactive-streams[tck]' "
        "(tck.verify_publisher and `python -m tck verify` do without)"
    ) from None

__all__ = [
    "RESULT",
    "IdentityProcessorVerification",
    "PublisherVerification",
    "SubscriberBlackboxVerification",
    "SubscriberWhiteboxVerification",
    "Verification",
]

T = TypeVar("T")

RESULT = pytest.StashKey[Result]()
"""Where a test keeps what its check has found, for the plugin."""


class Verification(ABC):
    """What the four suites have in common."""

    # pytest is to collect what a user makes of a suite, not the suites that a test file imports.
    __test__: ClassVar[bool] = False
    checks: ClassVar[Sequence[Check]] = ()
    """What is run, in this order."""
    settings: Settings | None = None
    """What the checks go by; None: the defaults, as the environment changes them."""
    max_elements: int | None = None
    """The most elements that the component can be given, or can give; None: any number."""
    loop: bool | None = None
    """Whether a running event loop is needed around all calls; None: a Publisher is asked."""

    def __init_subclass__(cls, **more: Any) -> None:
        super().__init_subclass__(**more)
        if "__test__" not in vars(cls):
            cls.__test__ = not cls.__module__.startswith("tck.")

    @abstractmethod
    def make_kit(self, settings: Settings) -> Kit:
        """Returns a fresh kit for one check."""

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Makes a test of each check, with its rule and its name in the id."""
        if "tck_check" in metafunc.fixturenames:
            ids = [f"{check.rule}-{check.name}" for check in self.checks]
            metafunc.parametrize("tck_check", self.checks, ids=ids)

    def test_rule(self, tck_check: Check, request: pytest.FixtureRequest) -> None:
        """Runs one check on fresh components."""
        settings = self.settings or Settings.from_environment()
        if self.max_elements is not None:
            settings = settings.but(max_elements=self.max_elements)
        name = type(self).__qualname__
        suite = next(c.__name__ for c in type(self).__mro__ if c.__module__ == __name__)
        result = run_check(tck_check, lambda: self.make_kit(settings), name, suite)
        request.node.stash[RESULT] = result
        request.node.user_properties.append(("rule", tck_check.rule))
        if result.outcome == "skipped":
            pytest.skip(result.reason)
        if result.outcome == "failed":
            pytest.fail(_explained(result), pytrace=False)
        if result.outcome == "warned":
            request.node.add_report_section("call", "tck warning", _explained(result))


def _explained(result: Result) -> str:
    if result.violations:
        return "\n\n".join(map(str, result.violations))
    return f"{result.reason}\n§{result.rule} {rule(result.rule).statement}"


class PublisherVerification(Verification, Generic[T]):
    """The suite for a Publisher.

    >>> class TestNumbers(PublisherVerification[int]):
    ...     def create_publisher(self, elements): ...
    >>> TestNumbers.checks is PublisherVerification.checks
    True
    """

    checks: ClassVar[Sequence[Check]] = PUBLISHER_CHECKS

    @abstractmethod
    def create_publisher(self, elements: int) -> Publisher[T]:
        """Returns a fresh Publisher of that many elements."""

    def create_failed_publisher(self) -> Publisher[T] | None:
        """Returns a Publisher that fails at once; None where there is none."""
        return None

    def make_kit(self, settings: Settings) -> Kit:
        """Returns a fresh kit for one check."""
        overridden = any(
            "create_failed_publisher" in vars(each)
            for each in type(self).__mro__
            if each is not PublisherVerification
        )
        loop = self.loop
        if loop is None:
            # Asked once for each class: it makes a Publisher, and subscribes to it.
            loop = vars(type(self)).get("_asks_for_loop")
        if loop is None:
            loop = needs_loop(self.create_publisher, settings)
            type(self)._asks_for_loop = loop
        failed = self.create_failed_publisher if overridden else None
        return PublisherKit(self.create_publisher, failed, settings, loop=loop)

    _asks_for_loop: ClassVar[bool | None] = None


class _SubscriberVerification(Verification, Generic[T]):
    """What the two suites for a Subscriber have in common."""

    def create_element(self, number: int) -> T:
        """Returns the element with that number, from 0; the number itself unless overridden."""
        return number  # type: ignore[return-value]

    def trigger_request(self, subscriber: Any) -> None:
        """Makes a Subscriber ask that does not ask by itself."""

    def _kit(
        self,
        factory: Callable[[], Any] | None,
        whitebox: Callable[[WhiteboxProbe], Any] | None,
        settings: Settings,
    ) -> SubscriberKit:
        return SubscriberKit(
            factory, whitebox, settings, element=self.create_element,
            trigger=self.trigger_request, loop=bool(self.loop),
        )  # fmt: skip


class SubscriberBlackboxVerification(_SubscriberVerification[T]):
    """The suite for a Subscriber that is looked at from outside."""

    checks: ClassVar[Sequence[Check]] = (*BLACKBOX.all, *SUBSCRIBER_BEYOND.all)

    @abstractmethod
    def create_subscriber(self) -> Subscriber[T]:
        """Returns a fresh Subscriber."""

    def make_kit(self, settings: Settings) -> Kit:
        """Returns a fresh kit for one check."""
        return self._kit(self.create_subscriber, None, settings)


class SubscriberWhiteboxVerification(_SubscriberVerification[T]):
    """The suite for a Subscriber that tells a probe what reaches it, and asks when it is told to."""

    checks: ClassVar[Sequence[Check]] = (*WHITEBOX.all, *WHITEBOX_BEYOND.all)

    @abstractmethod
    def create_subscriber(self, probe: WhiteboxProbe) -> Subscriber[T]:
        """Returns a fresh Subscriber that tells this probe."""

    def make_kit(self, settings: Settings) -> Kit:
        """Returns a fresh kit for one check."""
        return self._kit(None, self.create_subscriber, settings)


class IdentityProcessorVerification(Verification, Generic[T]):
    """The suite for a Processor that passes on what it is given."""

    checks: ClassVar[Sequence[Check]] = (*PROCESSOR.all, *PROCESSOR_BEYOND.all)

    @abstractmethod
    def create_processor(self) -> Processor[T, T]:
        """Returns a fresh Processor."""

    def create_element(self, number: int) -> T:
        """Returns the element with that number, from 0; the number itself unless overridden."""
        return number  # type: ignore[return-value]

    def make_kit(self, settings: Settings) -> Kit:
        """Returns a fresh kit for one check."""
        return ProcessorKit(
            self.create_processor, settings, element=self.create_element, loop=bool(self.loop)
        )
