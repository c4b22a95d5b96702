"""The official kit over our components, and our kit over Java's: `make tck-jvm`.

It fetches the official kit and its test runner with Maven, starts a JVM in this process, and runs
the suites. Where there is no JDK, no Maven or no JPype, it says so and ends well.
"""

from __future__ import annotations

import gc
import importlib.util
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
BUILD = ROOT / "build" / "tck-jvm"
MILLISECONDS = 400
sys.path[:0] = [str(ROOT), str(HERE)]


def missing() -> str:
    """Return what this machine lacks; nothing where it lacks nothing."""
    for tool, what in (("java", "a JDK"), ("javac", "a JDK"), ("mvn", "Maven")):
        if shutil.which(tool) is None:
            return f"{what} is not on this machine ({tool} was not found)"
    if importlib.util.find_spec("jpype") is None:
        return "JPype is not installed: pip install 'reactive-streams[jvm]'"
    return ""


def build() -> str:
    """Fetch the jars once, compile the bridge, and return the class path."""
    jars, classes = BUILD / "jars", BUILD / "classes"
    if not list(jars.glob("reactive-streams-tck-*.jar")):
        print("fetching org.reactivestreams:reactive-streams-tck:1.0.4 with Maven ...", flush=True)
        command = ["mvn", "-q", "-B", "-f", str(HERE / "pom.xml"), "dependency:copy-dependencies"]
        subprocess.run([*command, f"-DoutputDirectory={jars}"], check=True, timeout=600)
    shutil.rmtree(classes, ignore_errors=True)
    classes.mkdir(parents=True)
    command = [
        "javac",
        "-nowarn",
        "-Xlint:-unchecked",
        "-XDsuppressNotes",
        "-cp",
        f"{jars}/*",
        "-d",
        str(classes),
    ]
    subprocess.run([*command, str(HERE / "Bridge.java")], check=True, timeout=120)
    return f"{jars}/*"


@contextmanager
def collecting() -> Iterator[None]:
    """Have both collectors run all the time: a kit calls its own, and a reference may be on either heap."""
    from jpype import JClass

    system, over = JClass("java.lang.System"), threading.Event()

    def collect() -> None:
        while not over.wait(0.1):
            gc.collect()
            system.gc()

    collector = threading.Thread(target=collect, name="collector")
    collector.start()
    try:
        yield
    finally:
        over.set()
        collector.join()


def official() -> int:
    """Run the official suites over our sources, chains and subscribers; return how many tests failed."""
    import bridge
    from jpype import JArray, JClass, JObject

    from operators import Flow, as_processor
    from operators.schedulers import thread

    def publishers(name: str, make: Any, most: int = 2**62) -> Any:
        failed = bridge.Make(lambda _n: bridge.publisher(Flow.error(ValueError("on purpose"))))
        made = bridge.Make(lambda n: bridge.publisher(make(n)))
        return bridge.Bridge.Publishers(name, made, failed, most, MILLISECONDS)

    def processors(name: str, chain: Any) -> Any:
        made = bridge.Make(lambda _n: bridge.processor(as_processor(chain)))
        failed = bridge.Make(lambda _n: bridge.publisher(Flow.error(ValueError("on purpose"))))
        return bridge.Bridge.Processors(name, made, failed, MILLISECONDS)

    def subscribers(name: str, chain: Any) -> Any:
        def make(_n: int) -> Any:
            target: Any = as_processor(chain)
            Flow.from_publisher(target).for_each(lambda _item: None)
            return bridge.subscriber(target)

        return bridge.Bridge.Subscribers(name, bridge.Make(make), MILLISECONDS)

    suites = [
        publishers("Flow.range", lambda n: Flow.range(min(n, 2**31))),
        publishers("Flow.from_iterable", lambda n: Flow.from_iterable(range(min(n, 2**31)))),
        publishers(
            "range.filter.map.take",
            lambda n: Flow.range(2**31).filter(lambda k: k % 2 == 0).map(str).take(min(n, 2**31)),
        ),
        publishers("range.publish_on", lambda n: Flow.range(min(n, 2**31)).publish_on(thread())),
        publishers("Flow.empty", lambda _n: Flow.empty(), most=0),
        processors("map", lambda flow: flow.map(lambda item: item)),
        processors("filter", lambda flow: flow.filter(lambda _item: True)),
        processors("publish_on", lambda flow: flow.publish_on(thread())),
        subscribers("map.for_each", lambda flow: flow.map(lambda item: item)),
        subscribers("limit_rate.for_each", lambda flow: flow.limit_rate(4)),
    ]
    bridge.Bridge.all = JArray(JObject)(suites)
    runner = JClass("org.testng.TestNG")(False)
    runner.setVerbose(0)
    runner.setTestClasses(JArray(JClass("java.lang.Class"))([JClass("Bridge$All").class_]))
    heard = JClass("org.testng.TestListenerAdapter")()
    runner.addListener(heard)
    runner.run()
    counts: dict[str, list[int]] = {str(suite.toString()): [0, 0, 0] for suite in suites}
    failures: list[str] = []
    for at, results in enumerate(
        (heard.getPassedTests(), heard.getSkippedTests(), heard.getFailedTests())
    ):
        for result in results:
            name = str(result.getInstance().toString())
            counts[name][at] += 1
            if at == 2:
                failures.append(f"{name}: {result.getName()}: {result.getThrowable()}")
    for name, (passed, skipped, failed) in counts.items():
        print(f"  {name:<24} {passed:>3} passed {skipped:>3} skipped {failed:>3} failed")
    print("\n".join(failures))
    return len(failures)


def ours() -> None:
    """Run our kit over java.util.concurrent.SubmissionPublisher, and print what it finds.

    Two things are not failures of this run. It does signal on_error to a Subscriber that has raised
    (§2.13), and says so in its documentation. And what is no int cannot be given to it: that is the
    bridge's answer (§3.16).
    """
    import bridge
    from jpype import JClass

    import tck

    submission = JClass("java.util.concurrent.SubmissionPublisher")
    adapters = JClass("org.reactivestreams.FlowAdapters")
    pool = JClass("java.util.concurrent.ForkJoinPool").commonPool()

    class Submitted:
        """A SubmissionPublisher for each Subscriber, which is given so many elements."""

        def __init__(self, elements: int, error: str = "") -> None:
            self.elements, self.error = elements, error

        def subscribe(self, subscriber: Any) -> None:
            source = submission(pool, max(self.elements, 2))
            bridge.FromJavaPublisher(adapters.toPublisher(source)).subscribe(subscriber)
            for number in range(self.elements):
                source.submit(number)
            if self.error:
                source.closeExceptionally(JClass("java.lang.RuntimeException")(self.error))
            else:
                source.close()

    report = tck.verify_publisher(
        Submitted, failed=lambda: Submitted(0, "on purpose"),
        settings=tck.Settings.from_environment().but(max_elements=10_000),
        subject="java.util.concurrent.SubmissionPublisher",
    )  # fmt: skip
    print(report.matrix())
    print(f"\n{report.subject} {report.verdict}")
    for found in report.violations:
        print(f"  §{found.rule} {found.message} ({found.check})")


def main() -> int:
    """Return 0 where all went well, or nothing could be run; else 1."""
    lacks = missing()
    if lacks:
        print(f"tck-jvm: skipped, for {lacks}")
        return 0
    classpath = build()
    import jpype

    jpype.startJVM(classpath=[classpath, str(BUILD / "classes")], convertStrings=False)
    with collecting():
        print("The official kit, 1.0.4, over our components:", flush=True)
        failures = official()
        print("\nOur kit over one of Java's:", flush=True)
        ours()
    return int(failures > 0)


if __name__ == "__main__":
    sys.exit(main())
