"""Suites for pytest: subclass one in a test file, and each check of the kit is a test of its own."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any, ClassVar, Generic, TypeVar

from reactive_streams import Processor, Publisher, Subscriber
from reactive_streams.rules import rule
from tck.checks.all import PUBLISHER_CHECKS
from tck.checks.blackbox import BLACKBOX
from tck.checks.causes import concluded
from tck.checks.model import Check
from tck.checks.processor import PROCESSOR, PROCESSOR_BEYOND
from tck.checks.processor_kit import ProcessorKit
from tck.checks.publisher_kit import PublisherKit
from tck.checks.run import Kit, run_check, run_checks
from tck.checks.subscriber_beyond import SUBSCRIBER_BEYOND, WHITEBOX_BEYOND
from tck.checks.subscriber_kit import SubscriberKit
from tck.checks.whitebox import WHITEBOX
from tck.driving.factories import METHODS
from tck.driving.loops import expect_no_loop, needs_loop
from tck.driving.places import loop_named
from tck.driving.subscriber_stand import WhiteboxProbe
from tck.reports.results import Result
from tck.scripts.load import Unusable
from tck.settings import Loop, Settings

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
    loop: Loop | bool | None = None
    """What the factory and all signals run on: the loop of "asyncio" (or True) or "trio", or a "thread".

    None is a thread as well, except for a Publisher, which is asked.
    """
    _chosen: ClassVar[Loop | bool | None] = None
    """What was found out, once for each class: for that a component is made and used."""

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
            # Scripts may break any rule; the others look for their own.
            ids = [
                check.name if check.whole is not None else f"{check.rule}-{check.name}"
                for check in self.checks
            ]
            metafunc.parametrize("tck_check", self.checks, ids=ids)

    def test_rule(self, tck_check: Check, request: pytest.FixtureRequest) -> None:
        """Runs one check on fresh components."""
        settings = self.settings or Settings.from_environment()
        if self.max_elements is not None:
            settings = settings.but(max_elements=self.max_elements)
        try:
            result = self._result(tck_check, lambda: self.make_kit(settings))
        except (Unusable, ImportError, ValueError) as unusable:
            pytest.fail(str(unusable), pytrace=False)
        request.node.stash[RESULT] = result
        request.node.user_properties.append(("rule", result.rule))
        if result.outcome == "skipped":
            pytest.skip(result.reason)
        if result.outcome == "failed":
            pytest.fail(_explained(result), pytrace=False)
        if result.outcome == "warned":
            request.node.add_report_section("call", "tck warning", _explained(result))

    _known: ClassVar[dict[str, Result]] = {}
    """What all checks together have found, once one has found anything: for each test to come."""

    def _result(self, check: Check, make_kit: Callable[[], Kit]) -> Result:
        """Returns what the check has to tell of, which another may have to tell of as well."""
        cls = type(self)
        if check.name in cls._known:
            return cls._known.pop(check.name)
        name = cls.__qualname__
        suite = next(c.__name__ for c in cls.__mro__ if c.__module__ == __name__)
        result = run_check(check, make_kit, name, suite)
        if not (result.violations or result.also):
            return result
        # One fault shows in many checks. Which of them tells of it is known when all have been made.
        results = concluded(run_checks(self.checks, make_kit, name, suite))
        cls._known = {each.name: each for each in results}
        found = cls._known.pop(check.name)
        # What was seen once is told of, though it was not seen again.
        again = any(each.violations for each in results)
        return found if again else result

    def _loop(self, ask: Callable[[], Loop | None]) -> Loop | bool | None:
        if self.loop is not None:
            return loop_named(self.loop)
        if vars(type(self)).get("_chosen") is None:
            type(self)._chosen = ask() or "thread"
        return type(self)._chosen


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
        loop = self._loop(lambda: needs_loop(self.create_publisher, settings))
        failed = self.create_failed_publisher if overridden else None
        return PublisherKit(self.create_publisher, failed, settings, loop=loop)


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
        args = () if whitebox is None else (WhiteboxProbe(),)
        make: Any = factory or whitebox
        loop = self._loop(
            lambda: expect_no_loop(make, settings, args=args, element=self.create_element)
        )
        return SubscriberKit(
            factory, whitebox, settings, element=self.create_element,
            trigger=self.trigger_request, loop=loop,
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
        make, element = self.create_processor, self.create_element
        loop = self._loop(
            lambda: expect_no_loop(make, settings, METHODS["processor"], element=element)
        )
        return ProcessorKit(make, settings, element=element, loop=loop)
