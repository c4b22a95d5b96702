"""What our kit finds in publishers of the JVM's libraries, and how we read it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

ALL: Final = ("range", "asynchronous", "timed", "shared")


@dataclass(frozen=True)
class Reading:
    """An alarm that is known, or a warning: `library` is how its name begins."""

    library: str
    kinds: tuple[str, ...]
    rule: str
    text: str
    warning: bool = False
    by_chance: bool = False
    """Whether it hangs on how threads meet, and so is not found each time."""


HEAD = """\
# Publishers of the JVM

Made by `make tck-third-parties`; do not edit. It needs a JDK and Maven.

Our kit looks, over a bridge, at four kinds of Publisher of each of five libraries. An alarm is one that
we would defend in an issue on their tracker; what is disputed is a warning. What cannot cross a bridge,
such as `request(1.5)`, is not asked (`non_int="cannot cross"`); what else was declared of a Publisher
stands in the table. A run fails where something is found that is not known here, or something that is
known is not found.
"""

_STRICT = (
    "Whoever is no Subscriber of the library's own kind is put into a `StrictSubscriber`,"
    " whose `request(n)` answers n <= 0 by a cancel and on_error, without a look at "
    "whether the Subscription was cancelled before. A request after cancel is to be "
    "without effect (§3.6), and a Subscriber that has cancelled is not to be told of "
    "anything any more (§1.8)."
)
_TOLD = (
    "It signals on_error to the Subscriber that has raised. §2.13 says that its "
    "Subscription counts as cancelled; many libraries tell it all the same, so that "
    "this is a warning."
)

READINGS: list[Reading] = [
    Reading("RxJava 3", ALL, "3.6", _STRICT),
    Reading("Reactor", ALL, "3.6", _STRICT),
    Reading(
        "Reactor", ("range", "timed", "shared"), "2.12",
        "Where subscribe is left by what on_subscribe has raised, "
        "`Operators.reportThrowInSubscribe` calls on_subscribe once more, with an "
        "`EmptySubscription`, to signal on_error behind it; `StrictSubscriber` lets that "
        "pass, since it keeps a Subscription only when on_subscribe has returned. The "
        "Subscriber has broken a rule first, so that this is a warning.",
        warning=True, by_chance=True,
    ),
    Reading("Reactor", ALL, "2.13", _TOLD, warning=True, by_chance=True),
    Reading(
        "Reactor", ALL, "3.9",
        "Two bad requests inside one on_next are told together: `StrictSubscriber` adds the "
        "second error to the first, which makes a `CompositeException` of them, and that is no "
        "`IllegalArgumentException`.",
        by_chance=True,
    ),
    Reading(
        "Mutiny", ALL, "3.16",
        "The Subscription of an empty stream, and of one that fails at once, is "
        "`Subscriptions.EmptySubscription`, whose `request(n)` throws "
        "`IllegalArgumentException` for n <= 0; that of the shared stream, in "
        "`MultiPublishOp`, throws `NullPointerException` for it inside on_subscribe, when "
        "it is not bound to its parent yet. Nothing but on_error may tell of a bad request "
        "(§3.9).",
    ),
    Reading(
        "Mutiny", ("range",), "1.6",
        "A range is an `IterableBasedMulti`, whose Subscription answers request(0) by "
        "on_error without a look at whether it has completed: it is to count as cancelled "
        "by then.",
    ),
    Reading(
        "Mutiny", ("range",), "3.6",
        "The same, seen from the Subscription: a request after the end is to be without "
        "effect.",
    ),
    Reading(
        "Mutiny", ("asynchronous",), "1.3",
        "`MultiEmitOnOp` hands the on_error for a bad request to its executor at once: where "
        "that was made inside on_subscribe, it may begin while on_subscribe is still running "
        "on another thread.",
        by_chance=True,
    ),
    Reading(
        "JDK", ALL, "3.6",
        "In `SubmissionPublisher` cancel and a bad request are the same signal to the task "
        "that consumes, one without and one with an error: a request(-1) which comes after "
        "a cancel, and before that task has closed, is answered by on_error. It is to be "
        "without effect.",
        by_chance=True,
    ),
    Reading("JDK", ALL, "2.13", _TOLD, warning=True, by_chance=True),
    Reading(
        "Pekko", ALL, "2.13",
        "`ActorGraphInterpreter` is left by what the Subscriber has raised, aborts its stages, "
        "and signals an `IllegalStateException` that says why: " + _TOLD,
        warning=True, by_chance=True,
    ),
]  # fmt: skip
