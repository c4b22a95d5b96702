"""Chapter 2: what a Subscriber owes its Publisher, and what it has to be ready for."""

from typing import Final

from reactive_streams._rules.model import Rule

SUBSCRIBER_RULES: Final[tuple[Rule, ...]] = (
    Rule(
        id="2.1",
        level="MUST",
        binds=("Subscriber",),
        statement=(
            "To be sent any on_next, a Subscriber MUST first signal demand by calling request(n) "
            "on its Subscription."
        ),
        intent=(
            "The Subscriber alone knows how much it can take, and when. It is best to make request "
            "or cancel the last thing a method does, because a synchronous Publisher may call "
            "on_next again from inside it. And it is best to request as much as can be handled: "
            "one element at a time costs a round trip for each."
        ),
    ),
    Rule(
        id="2.2",
        level="RECOMMENDED",
        binds=("Subscriber",),
        statement=(
            "It is RECOMMENDED that a Subscriber whose processing may harm the responsivity of its "
            "Publisher hands its signals over, to be processed asynchronously."
        ),
        intent=(
            "on_next runs on the Publisher's thread. Sleeping, blocking I/O or a long computation "
            "there stops the Publisher, and if the thread runs an event loop, everything else on "
            "that loop as well. A queue and a worker, an executor or a task takes the work away "
            "from it."
        ),
    ),
    Rule(
        id="2.3",
        level="MUST NOT",
        binds=("Subscriber",),
        statement=(
            "In on_complete and on_error a Subscriber MUST NOT call anything on its Subscription "
            "or on the Publisher."
        ),
        intent=(
            "The Publisher is in the middle of closing down when it sends these. To be called back "
            "then invites endless recursion, deadlock and races, and there is nothing left to ask "
            "for."
        ),
    ),
    Rule(
        id="2.4",
        level="MUST",
        binds=("Subscriber",),
        statement=(
            "A Subscriber that has received on_complete or on_error MUST regard its Subscription "
            "as cancelled."
        ),
        intent=(
            "The mirror of rule 1.6: once the stream is in its terminal state, the Subscription is "
            "no good for anything, so it can be forgotten and need not be cancelled as well."
        ),
    ),
    Rule(
        id="2.5",
        level="MUST",
        binds=("Subscriber",),
        statement=(
            "A Subscriber that has an active Subscription MUST call cancel() on any other that "
            "on_subscribe brings."
        ),
        intent=(
            "Two Publishers that feed one Subscriber would mix their elements, exceed its demand "
            "and signal at the same time, which makes for bugs that are hard to trace. Refusing "
            "the newcomer by cancel, instead of ignoring it, lets it release what it holds."
        ),
    ),
    Rule(
        id="2.6",
        level="MUST",
        binds=("Subscriber",),
        statement=(
            "A Subscriber MUST call cancel() on a Subscription that it has no more use for."
        ),
        intent=(
            "To drop the reference is not enough: neither reference counts nor the garbage "
            "collector tell the Publisher anything. A Subscriber that has found the one element it "
            "was after says so by cancelling, and connections, files and buffers upstream are "
            "freed in good time."
        ),
    ),
    Rule(
        id="2.7",
        level="MUST",
        binds=("Subscriber",),
        statement=(
            "A Subscriber MUST see to it that its calls of request and cancel on its Subscription "
            "are made serially."
        ),
        intent=(
            "Different threads or event loops may make these calls, as long as one is over before "
            "the next begins. Only cancel is promised to be thread-safe (rule 3.5); two calls of "
            "request at once may lose demand, under the GIL too, since adding to a counter is "
            "more than one step."
        ),
    ),
    Rule(
        id="2.8",
        level="MUST",
        binds=("Subscriber",),
        statement=(
            "A Subscriber MUST be ready for on_next signals after it has called cancel(), as long "
            "as requested elements are outstanding (rule 3.12); that call does not promise that "
            "cleaning up takes place at once."
        ),
        intent=(
            "It takes time for the Publisher to notice, and elements can be in flight meanwhile. "
            "They must be taken without an error, and may be thrown away."
        ),
    ),
    Rule(
        id="2.9",
        level="MUST",
        binds=("Subscriber",),
        statement=(
            "A Subscriber MUST be ready for on_complete at any time, whether or not it has called "
            "request(n)."
        ),
        intent=(
            "An ending uses up no demand. An empty stream can complete right after on_subscribe, "
            "and nobody has to request one more element merely to find out that there is none."
        ),
    ),
    Rule(
        id="2.10",
        level="MUST",
        binds=("Subscriber",),
        statement=(
            "A Subscriber MUST be ready for on_error at any time, whether or not it has called "
            "request(n)."
        ),
        intent=(
            "Failures keep no timetable: a connection breaks while nothing is requested. They are "
            "reported when they happen, and not saved up until someone asks."
        ),
    ),
    Rule(
        id="2.11",
        level="MUST",
        binds=("Subscriber",),
        statement=(
            "A Subscriber MUST make sure that a call of one of its signal methods happens before "
            "that signal is processed, so that the processing code sees all that the call brought."
        ),
        intent=(
            "A Subscriber that processes elsewhere is answerable for the way there: a queue.Queue, "
            "a lock, an executor, loop.call_soon_threadsafe. A plain attribute that one thread "
            "writes and another polls is not a way, and an asyncio.Queue is one only on its own "
            "event loop. That the GIL makes it seem to work is no substitute."
        ),
    ),
    Rule(
        id="2.12",
        level="MUST",
        binds=("Publisher", "Caller"),
        statement=(
            "No Subscriber is subscribed again: on_subscribe MUST reach each of them at most once, "
            "and Subscribers that are equal (==) count as one."
        ),
        intent=(
            "Unless told otherwise, everybody has to assume that a Subscriber serves for one "
            "subscription. Equality is what __eq__ says; without one, it is identity. A class of "
            "Subscribers, such as a dataclass, had better not define equality by its fields."
        ),
    ),
    Rule(
        id="2.13",
        level="MUST",
        binds=("Subscriber", "Publisher"),
        statement=(
            "on_subscribe, on_next, on_error and on_complete MUST return normally, except that for "
            "an argument that is None they MUST raise TypeError to the caller. In every other case "
            "cancelling its Subscription is the one legal way for a Subscriber to say that it has "
            "failed. If a Subscriber breaks this rule, its Subscription MUST be regarded as "
            "cancelled, and the caller MUST make the error known in a way that suits the runtime."
        ),
        intent=(
            "None is not an element: it cannot be told from an absent one. Exceptions do not "
            "travel upstream, where nobody expects them. A Subscriber that raised cannot be told "
            "of its own error either, so that has to go where people look: to logging, to "
            "sys.excepthook or threading.excepthook, to the exception handler of the event loop."
        ),
    ),
)
