"""Wrong publishers of a style of their own, closures, against which the kit was tried by hand."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import pytest

import tck
from tck.checks.all import PUBLISHER_CHECKS as CHECKS
from tck.checks.causes import causes_only
from tck.checks.publisher_kit import PublisherKit
from tck.checks.run import run_checks
from tck.driving.patience import Patience
from tck.scripts.made_up import make_up

ROOT = Path(__file__).resolve().parents[2]
STUCK = threading.Event()
BRIEF = tck.Settings(deadline=0.3, hang=1.0, quiet=0.01, examples=6)


def closures(elements: int, flaw: str = "") -> Any:
    """Returns a synchronous Publisher; `flaw` names what is wrong with it."""

    class Publisher:
        def subscribe(self, subscriber: Any) -> None:
            if subscriber is None:
                raise TypeError("subscriber is None")
            if flaw == "subscribe raises":
                raise RuntimeError("not ready")
            _subscribe(subscriber, elements, flaw)

    return Publisher()


def _subscribe(subscriber: Any, elements: int, flaw: str) -> None:
    lock = threading.RLock()
    to: list[Any] = [subscriber]
    now: dict[str, Any] = {"demand": 0, "sent": 0, "busy": False, "bad": None, "calls": 0}

    def step() -> Callable[[], None] | None:
        with lock:
            if to and now["bad"]:
                return partial(to.pop().on_error, now["bad"])
            if to and now["sent"] == elements and flaw != "never completes":
                return to.pop().on_complete
            if to and now["demand"] and now["sent"] < elements:
                now["demand"] -= 1
                now["sent"] += 1
                return partial(to[0].on_next, now["sent"])
            now["busy"] = False
            return None

    def drain() -> None:
        with lock:
            if now["busy"]:
                return
            now["busy"] = True
        while (signal := step()) is not None:
            try:
                signal()
            except Exception:
                to.clear()

    class Subscription:
        def request(self, n: Any) -> None:
            now["calls"] += 1
            if flaw == "hangs in the second request" and now["calls"] == 2:
                STUCK.wait(30)
            if not to:
                return
            with lock:
                if n is True and flaw == "takes True for 1":
                    n = 1
                if type(n) is not int:
                    now["bad"] = TypeError("§3.9")
                elif n <= 0:
                    if flaw == "ignores bad requests":
                        return
                    now["bad"] = ValueError("§3.9")
                else:
                    now["demand"] = min(now["demand"] + n, 2**63 - 1)
            drain()

        def cancel(self) -> None:
            to.clear()

    try:
        subscriber.on_subscribe(Subscription())
    except Exception:
        to.clear()
    if not elements:
        drain()


def fails() -> Any:
    """Returns a Publisher that fails, and goes on after it."""

    class Publisher:
        def subscribe(self, subscriber: Any) -> None:
            if subscriber is None:
                raise TypeError("subscriber is None")
            subscriber.on_subscribe(self)
            subscriber.on_error(RuntimeError("failed"))
            subscriber.on_complete()

        def request(self, n: int) -> None: ...

        def cancel(self) -> None: ...

    return Publisher()


def named(report: tck.Report) -> list[str]:
    return [violation.rule for violation in report.violations]


def test_the_closures_are_right_where_nothing_is_wrong_with_them() -> None:
    assert tck.verify_publisher(closures, settings=BRIEF).passed


def test_a_bool_that_is_served_is_an_error_that_is_missing_and_not_one_element_too_many() -> None:
    report = tck.verify_publisher(partial(closures, flaw="takes True for 1"), settings=BRIEF)
    assert named(report) == ["3.9"]


def test_a_call_that_hangs_while_it_is_counted_is_named_for_what_it_is() -> None:
    stand = tck.PublisherStand(
        partial(closures, flaw="hangs in the second request"), 5, BRIEF.but(hang=0.2)
    )
    with stand:
        stand.count_elements(5)
    STUCK.set()
    assert [breach.rule for breach in stand.breaches()] == ["3.4"]
    assert "request(1), after 1 elements" in stand.report()
    # Where it hangs: the line itself.
    assert "STUCK.wait(30)" in stand.report()


@pytest.mark.parametrize(
    ("flaw", "rule"), [("never completes", "1.5"), ("subscribe raises", "1.9")]
)
def test_what_is_known_to_be_missing_is_not_waited_for_again_and_again(
    flaw: str, rule: str
) -> None:
    settings = tck.Settings(deadline=1.0, examples=0)

    def kit() -> PublisherKit:
        return PublisherKit(partial(closures, flaw=flaw), None, settings)

    checks = [check for check in CHECKS if check.rule in {"1.1", "1.2", "1.5", "1.6", "1.7"}]
    results = run_checks(checks, kit, "", "publisher")
    # Each of them would have waited for a second, at the least.
    assert median(each.seconds for each in results if each.outcome == "failed") < 0.9
    found = causes_only(results)
    assert {v.rule for result in found for v in result.violations} == {rule}


def test_patience_does_not_run_out_for_what_is_only_skipped() -> None:
    patience = Patience()
    for _ in range(5):
        patience.learn(
            tck.Result(name="a", rule="1.5", kind="optional", outcome="skipped", reason="§1.5: x")
        )
    assert patience.deadline(2.0, "1.5") == 2.0


def test_what_only_follows_counts_for_no_rule_of_its_own() -> None:
    report = tck.verify_publisher(partial(closures, flaw="subscribe raises"), settings=BRIEF)
    assert named(report) == ["1.9"]
    assert [rule for rule, status in report.by_rule().items() if status == "failed"] == ["1.9"]
    assert "1 rule broken" in report.verdict


@pytest.mark.parametrize(
    ("flaw", "rules"),
    [
        ("ignores bad requests", ["3.8", "3.9"]),
        ("never completes", ["1.5", "3.8"]),
        ("", ["3.8"]),
    ],
)
def test_demand_that_is_lost_after_dozens_hides_no_other_defect(
    flaw: str, rules: list[str]
) -> None:
    def forgetful(elements: int) -> Any:
        return Forgetful(closures(elements, flaw))

    assert named(tck.verify_publisher(forgetful, settings=BRIEF)) == rules


class Forgetful:
    """Sends no more than 37 elements."""

    def __init__(self, publisher: Any) -> None:
        self.publisher = publisher

    def subscribe(self, subscriber: Any) -> None:
        self.publisher.subscribe(subscriber and ForgetfulSubscriber(subscriber))


class ForgetfulSubscriber:
    def __init__(self, target: Any) -> None:
        self.target, self.left = target, 37
        self.on_subscribe = target.on_subscribe
        self.on_error = target.on_error

    def on_next(self, element: int) -> None:
        self.left -= 1
        if self.left >= 0:
            self.target.on_next(element)

    def on_complete(self) -> None:
        if self.left >= 0:
            self.target.on_complete()


def test_a_suite_may_say_that_it_has_no_failing_publisher() -> None:
    def none() -> None:
        return None

    assert tck.verify_publisher(closures, failed=none, settings=BRIEF).passed


# Scripts that can be run.


def run(text: str, ends: int = 0, **more: Any) -> str:
    done = subprocess.run(
        [sys.executable, "-c", text], capture_output=True, text=True, timeout=50, check=False,
        env=os.environ | {"PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"}, **more,
    )  # fmt: skip
    assert done.returncode == ends, done.stderr
    return done.stdout


MINE = """
class Signals:
    def __init__(self, elements=0, after=()):
        self.elements, self.after = elements, after

    def subscribe(self, subscriber):
        if subscriber is None:
            raise TypeError
        subscriber.on_subscribe(self)
        for name, *args in self.after:
            getattr(subscriber, name)(*args)

    def request(self, n): ...
    def cancel(self): ...


def fine(elements):
    return Signals(elements, [("on_complete",)])


def fails():
    return Signals(0, [("on_error", RuntimeError("failed")), ("on_complete",)])
"""


def test_the_script_of_a_failing_publisher_makes_a_failing_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "failing_ones.py").write_text(MINE, "utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    import failing_ones  # type: ignore[import-not-found]

    settings = BRIEF.but(max_elements=0)
    report = tck.verify_publisher(failing_ones.fine, failed=failing_ones.fails, settings=settings)
    assert named(report) == ["1.7"]
    script = report.violations[0].script
    assert "lambda _: fails()" in script
    assert "§1.7 broken" in run(script, 1, cwd=tmp_path)


def test_the_script_for_a_file_elsewhere_names_the_file(tmp_path: Path) -> None:
    folder = tmp_path / "some where"
    folder.mkdir()
    (folder / "json.py").write_text(MINE, "utf-8")
    json = tmp_path / "report.json"
    place = str(Path("some where") / "json.py")
    code = (
        "import sys; from tck._cli import main; "
        f"sys.exit(main(['verify', {f'{place}:fine'!r}, '--failed', 'fails', '--max-elements', '0',"
        f" '--deadline', '0.3', '--json', {str(json)!r}]) - 1)"
    )
    assert "§1.7" in run(code, cwd=tmp_path)
    (found,) = tck.Report.from_json(json.read_text("utf-8")).violations
    assert "§1.7 broken" in run(found.script, 1, cwd=tmp_path)


def test_the_script_of_a_factory_that_has_a_name_imports_it() -> None:
    report = tck.verify_publisher(fails_not, settings=BRIEF)
    assert f"from {__name__} import fails_not" in report.violations[0].script


def fails_not(elements: int) -> Any:
    return closures(elements, "ignores bad requests")


# Settings.


@pytest.mark.parametrize("name", ["deadline", "quiet", "poll", "responsive", "hang"])
def test_endless_times_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match=f"{name} is too long: inf"):
        tck.Settings.from_environment({f"TCK_{name.upper()}": "inf"})


def test_the_same_seed_gives_the_same_scripts() -> None:
    def played(seed: int) -> list[str]:
        return [str(script) for script in make_up(BRIEF.but(seed=seed))]

    assert played(3) == played(3) != played(4)
