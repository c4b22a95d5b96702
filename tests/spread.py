"""How the tests are spread over the workers: those that wait and those that work go side by side."""

from __future__ import annotations

from typing import Any

from xdist.scheduler import LoadFileScheduling  # type: ignore[import-untyped]

# Files whose tests share nothing dear, and take long: each test goes to whoever is free. In the first of
# these two they wait, for silence and for what never comes; in the second they keep a core busy.
WAITING = {
    "tests/tck/driving/test_loops.py",
    "tests/tck/gallery/test_correct_publishers.py",
    "tests/tck/gallery/test_correct_subscribers.py",
    "tests/tck/judging/test_checks_page.py",
    "tests/tck/judging/test_each_check.py",
    "tests/tck/judging/test_false_alarms.py",
    "tests/tck/judging/test_hubs.py",
    "tests/tck/judging/test_masks.py",
    "tests/tck/judging/test_styles.py",
    "tests/tck/judging/test_takers.py",
    "tests/tck/test_adversary.py",
    "tests/tck/test_cli.py",
    "tests/tck/test_factories.py",
    "tests/tck/test_own_components.py",
    "tests/tck/checks/test_processor_suite.py",
    "tests/tck/checks/test_publisher_suite.py",
    "tests/tck/test_pytest_plugin.py",
    "tests/tck/test_time.py",
    "tests/tck/checks/test_subscriber_suite.py",
}
WORKING = {
    "tests/adversary/test_naive_publishers.py",
    "tests/concurrency/test_explored_mutants.py",
    "tests/concurrency/test_explored_stages.py",
    "tests/cli/test_run.py",
    "tests/gates/test_checks_bite.py",
    "tests/gates/test_suite_bites.py",
    "tests/limits/test_in_flight.py",
    "tests/limits/test_long_chains.py",
    "tests/limits/test_many.py",
    "tests/limits/test_pending_timers.py",
    "tests/limits/test_too_deep.py",
    "tests/limits/test_trees_of_flows.py",
    "tests/operators/running/test_turns.py",
    "tests/tck/test_pasted.py",
}


class Spread(LoadFileScheduling):  # type: ignore[misc]
    """Keeps a file's tests together, but for slow ones; every other worker begins with those that wait."""

    def __init__(self, config: Any, log: Any) -> None:
        super().__init__(config, log)
        config.option.loadscopereorder = False  # it would put what is slow, and stands alone, last

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return nodeid if file in WAITING or file in WORKING else file

    def mark_test_complete(self, node: Any, item_index: int, duration: float = 0) -> None:
        """Forget what a worker has run: it is no work for others, should this one crash.

        To look through all of it for what is pending, after each test, took the main process 50 seconds.
        """
        units = self.assigned_work[node]
        test = self.registered_collections[node][item_index]
        scope = self._split_scope(test)
        units[scope][test] = True
        if all(units[scope].values()):
            del units[scope]
        self._reschedule(node)

    def _assign_work_unit(self, node: Any) -> None:
        waits = bool(int(node.gateway.id.removeprefix("gw")) % 2)
        for scope in self.workqueue:
            if (scope.partition("::")[0] in WAITING) is waits:
                self.workqueue.move_to_end(scope, last=False)
                break
        super()._assign_work_unit(node)
