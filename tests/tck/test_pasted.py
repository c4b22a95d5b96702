"""What pytest prints of a component, pasted as it is, shows the very rule: wherever its factory stands."""

from __future__ import annotations

import re
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

from operators import as_processor
from tck.scripts.written import written
from tests.tck.own import OPERATORS, SOURCES, Own

MINE = """
class Eager:
    "Gives all that it has for any request."

    def __init__(self, elements):
        self.elements = elements

    def subscribe(self, subscriber):
        if subscriber is None:
            raise TypeError("subscriber")
        subscriber.on_subscribe(Link(subscriber, self.elements))


class Link:
    def __init__(self, subscriber, elements):
        self.subscriber, self.elements = subscriber, elements

    def request(self, n):
        for number in range(self.elements):
            self.subscriber.on_next(number)
        self.subscriber.on_complete()

    def cancel(self):
        pass


class Silent:
    "A Subscriber that never asks for anything."

    def on_subscribe(self, subscription):
        if subscription is None:
            raise TypeError("subscription")

    def on_next(self, element):
        if element is None:
            raise TypeError("element")

    def on_error(self, error):
        if error is None:
            raise TypeError("error")

    def on_complete(self):
        pass
"""

TESTS = """
from __future__ import annotations

import functools
from dataclasses import dataclass, field

import pytest

import tck
from mine import Eager, Link, Silent
from tck.checks.publisher_kit import PublisherKit
from tck.checks.run import run_check
from tck.checks.subscriber_kit import SubscriberKit
from tck.suites import PublisherVerification, SubscriberBlackboxVerification

QUICK = tck.Settings(deadline=0.2, hang=1.0, examples=0)
FEW = [each for each in PublisherVerification.checks if "exactly3_elements" in each.name]
SEVERAL = [lambda n: None, (lambda n: Eager(n)), (lambda n: Eager(n) if n else Eager(0))]


def conforms(factory):
    with tck.PublisherStand(factory, 3, QUICK) as stand:
        stand.subscribe().request(1)
    if stand.breaches():
        pytest.fail(f"✗ §{stand.breaches()[0].rule} by\\n{stand.script.snippet()}", pytrace=False)


def scaled(times, n: int) -> Eager:
    return Eager(n * times // times)


def test_lambda():
    conforms(lambda n: Eager(n))


def test_one_lambda_of_several_in_a_line():
    conforms(SEVERAL[2])


def test_partial():
    conforms(functools.partial(scaled, 3))


def test_closure_over_names_that_a_script_uses_too():
    a, stand = 2, {"tck": [1, 2]}

    def load(n: Eager) -> Link:
        return Eager(n) if a and stand else None

    conforms(lambda n: load(n * a // a))


def test_local_class():
    class Own(Eager):
        kind: int = 3

        def subscribe(self, subscriber: Link) -> None:
            super().subscribe(subscriber)

    conforms(Own)


def test_default_arguments_of_a_loop():
    for factory in [lambda n, k=k: Eager(n + k - k) for k in range(1, 2)]:
        conforms(factory)


@dataclass(frozen=True)
class Kind:
    make: object
    more: dict = field(default_factory=dict)

    def create(self, n):
        return self.make(n)


@pytest.mark.parametrize("kind", [Kind(lambda n: Eager(n), {"a": 1})], ids=["one"])
def test_parametrized(kind):
    conforms(kind.create)


@pytest.fixture
def make(tmp_path):
    where = str(tmp_path)
    return lambda n: Eager(n) if where else None


def test_fixture(make):
    conforms(make)


def checked(name, checks, kit):
    (check,) = (each for each in checks if each.name == name)
    pytest.fail(str(run_check(check, kit).violations[0]), pytrace=False)


def test_one_that_fails():
    checked(
        "spec104_a_failed_publisher_says_so",
        PublisherVerification.checks,
        lambda: PublisherKit(Eager, lambda: Eager(0), QUICK),
    )


def test_subscriber():
    quiet = Silent
    checked(
        "required_spec201_blackbox_must_signal_demand_via_subscription_request",
        SubscriberBlackboxVerification.checks,
        lambda: SubscriberKit(lambda: quiet(), None, QUICK),
    )


class TestSuite(PublisherVerification[int]):
    checks = FEW
    settings = QUICK

    def create_publisher(self, elements):
        return Eager(elements)


class TestSuiteWithAFixture(PublisherVerification[int]):
    checks = FEW
    settings = QUICK

    @pytest.fixture(autouse=True)
    def given(self):
        self.kind = Eager

    def create_publisher(self, elements):
        return self.kind(elements)


def test_what_cannot_be_made_again():
    with open(__file__) as file:
        conforms(lambda n: Eager(n) if file else None)
"""

SCRIPT = re.compile(
    r"^(?P<margin> *)import tck\n.*?\n(?P=margin)raise SystemExit\(bool\(stand\.breaches\(\)\)\)$",
    re.MULTILINE | re.DOTALL,
)


def scripts(printed: str) -> list[str]:
    found: list[str] = []
    for match in SCRIPT.finditer(printed):
        margin = len(match["margin"])
        found.append("\n".join(line[margin:] for line in match[0].splitlines()))
    return found


@pytest.fixture
def printed(pytester: pytest.Pytester) -> str:
    pytester.makepyfile(mine=MINE, test_mine=TESTS)
    done = pytester.runpytest_subprocess("-q", "-p", "no:cacheprovider")
    return done.stdout.str()


@pytest.mark.long
def test_each_script_that_pytest_prints_shows_its_rule(
    printed: str, pytester: pytest.Pytester
) -> None:
    assert "factory = ..." not in printed
    parts = re.split(r"^_+ (\S+) _+$", printed, flags=re.MULTILINE)
    tests = dict(zip(parts[1::2], parts[2::2], strict=True))
    names = set(re.findall(r"^def (test_\w+)", TESTS, re.MULTILINE))
    assert names == {name.partition("[")[0] for name in tests if "." not in name}
    assert {name.partition(".")[0] for name in tests if "." in name} == {
        "TestSuite",
        "TestSuiteWithAFixture",
    }
    lost = tests.pop("test_what_cannot_be_made_again")
    assert "`file`, a TextIOWrapper, which no script can make again" in " ".join(lost.split())
    for name, text in tests.items():
        rules = re.findall(r"^ *✗ §(\d\.\d+) ", text, re.MULTILINE)
        found = scripts(text)
        assert rules, text
        assert len(found) == len(rules), f"{name}\n{text}"
        for rule, script in zip(rules, found, strict=True):
            shows(rule, script, pytester.path)


def shows(rule: str, script: str, cwd: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)],
        cwd=cwd, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 1, f"{script}\n{done.stdout}{done.stderr}"
    assert f"§{rule} at " in done.stdout, f"{script}\n{done.stdout}{done.stderr}"


@pytest.mark.parametrize("own", [*OPERATORS, *SOURCES], ids=lambda own: own.name)
def test_what_makes_our_own_components_can_be_written_down(own: Own) -> None:
    program = "\n".join(written(lambda: as_processor(own.make)))
    known: dict[str, Any] = {}
    exec(compile(program, "script", "exec"), known)
    assert own not in OPERATORS or callable(known["factory"]().subscribe)
