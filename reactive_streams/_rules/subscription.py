"""Chapter 3: how the link between a Publisher and a Subscriber behaves."""

from typing import Final

from reactive_streams._rules.model import Rule

SUBSCRIPTION_RULES: Final[tuple[Rule, ...]] = (
    Rule(
        id="3.1",
        level="MUST",
        binds=("Subscriber",),
        statement=(
            "request and cancel MUST be called from nowhere but the context of the Subscriber that "
            "the Subscription was given to."
        ),
        intent=(
            "A Subscription stands for one Subscriber's relation to one Publisher (rule 2.12), and "
            "how much to request and when to stop are that Subscriber's own affairs. Context "
            "means on its behalf: its methods, and the threads, tasks and callbacks it has set to "
            "work."
        ),
    ),
    Rule(
        id="3.2",
        level="MUST",
        binds=("Subscription",),
        statement=(
            "A Subscription MUST permit its Subscriber to call request synchronously, from inside "
            "on_subscribe and on_next."
        ),
        intent=(
            "To request more while handling an element is the usual thing to do, so request has to "
            "be reentrant. A Publisher that holds a threading.Lock while it calls on_next would "
            "deadlock there. A Publisher may thus be synchronous, and send on_next on the thread "
            "that called request."
        ),
    ),
    Rule(
        id="3.3",
        level="MUST",
        binds=("Subscription",),
        statement=(
            "request MUST keep synchronous recursion between Publisher and Subscriber within a "
            "fixed depth."
        ),
        intent=(
            "Without a bound, on_next calls request, which calls on_next, and so on, until Python "
            "raises RecursionError after about a thousand frames. A depth of one is best: an inner "
            "request only adds to the demand, and the loop that is already delivering picks it up."
        ),
    ),
    Rule(
        id="3.4",
        level="SHOULD",
        binds=("Subscription",),
        statement=(
            "request SHOULD return soon, out of respect for the responsivity of its caller."
        ),
        intent=(
            "request is meant to be non-obstructing: neither heavy computation nor blocking I/O, "
            "nor waiting for a lock that someone holds for long. The caller may be an event loop "
            "with other tasks to run."
        ),
    ),
    Rule(
        id="3.5",
        level="MUST",
        binds=("Subscription",),
        statement=(
            "cancel MUST return soon, out of respect for the responsivity of its caller; it MUST "
            "be idempotent and it MUST be thread-safe."
        ),
        intent=(
            "cancel is meant to be non-obstructing: it does not wait until a thread is joined or "
            "a connection closed. It has to come through from any thread, while elements are "
            "being delivered, once or many times over, with the same outcome."
        ),
    ),
    Rule(
        id="3.6",
        level="MUST",
        binds=("Subscription",),
        statement="On a cancelled Subscription every further call of request MUST be a NOP.",
        intent=(
            "A request that comes after cancel has no effect at all, whatever its argument: "
            "request(0) is not reported any more."
        ),
    ),
    Rule(
        id="3.7",
        level="MUST",
        binds=("Subscription",),
        statement="On a cancelled Subscription every further call of cancel MUST be a NOP.",
        intent="Already said by the word idempotent in rule 3.5, which goes further.",
    ),
    Rule(
        id="3.8",
        level="MUST",
        binds=("Subscription",),
        statement=(
            "On a Subscription that is not cancelled, request(n) MUST add n elements to those "
            "that its Subscriber is to be sent."
        ),
        intent=(
            "Requests add up, none replaces another and none gets lost: request(2) and then "
            "request(3) make a demand of five."
        ),
    ),
    Rule(
        id="3.9",
        level="MUST",
        also=("SHOULD",),
        binds=("Subscription",),
        statement=(
            "On a Subscription that is not cancelled, request(n) MUST signal on_error with a "
            "ValueError if n <= 0, and with a TypeError if n is not an int (a bool is not one "
            "here). The message SHOULD explain that demand has to be a positive int, and name "
            "rule 3.9."
        ),
        intent=(
            "Since requests only ever add, zero or less is nearly always the result of a mistake "
            "in counting. It is better to end the stream with an error that says so than to wait "
            "for elements that never come. The error is signalled and not raised, because of rule "
            "3.16."
        ),
    ),
    Rule(
        id="3.10",
        level="MAY",
        binds=("Subscription",),
        statement=(
            "On a Subscription that is not cancelled, request(n) MAY call on_next synchronously, "
            "on its own Subscriber or on others."
        ),
        intent=(
            "A Publisher needs no thread and no event loop of its own: the caller of request may "
            "do its work, as the caller of next() does for a generator."
        ),
    ),
    Rule(
        id="3.11",
        level="MAY",
        binds=("Subscription",),
        statement=(
            "On a Subscription that is not cancelled, request(n) MAY call on_complete or on_error "
            "synchronously, on its own Subscriber or on others."
        ),
        intent=(
            "The same liberty for endings as rule 3.10 gives for elements: a synchronous Publisher "
            "that reaches the end of its source, or fails, during request may say so there and "
            "then."
        ),
    ),
    Rule(
        id="3.12",
        level="MUST",
        binds=("Subscription",),
        statement=(
            "On a Subscription that is not cancelled, cancel() MUST ask the Publisher to stop "
            "signalling the Subscriber eventually; it need not take effect at once."
        ),
        intent=(
            "The wish to cancel is always granted, but it may have to travel to another thread or "
            "event loop first, and signals can cross it on the way (rule 2.8)."
        ),
    ),
    Rule(
        id="3.13",
        level="MUST",
        binds=("Subscription",),
        statement=(
            "On a Subscription that is not cancelled, cancel() MUST ask the Publisher to drop all "
            "its references to the Subscriber eventually."
        ),
        intent=(
            "A Subscriber whose subscription is over has to become garbage even if the Publisher "
            "lives on; in Python, callbacks, closures, tasks and the tracebacks of stored "
            "exceptions are references too. Hence a Publisher is not expected to remember former "
            "Subscribers, and to subscribe one again is unwise (rule 2.12) but not forbidden."
        ),
    ),
    Rule(
        id="3.14",
        level="MAY",
        binds=("Subscription", "Publisher"),
        statement=(
            "On a Subscription that is not cancelled, cancel() MAY lead a Publisher that has "
            "state to shut down, if no other Subscription is left (rule 1.9)."
        ),
        intent=(
            "A shared source may close when the last one leaves. Those who come later then get "
            "on_subscribe and, right after it, on_complete or on_error."
        ),
    ),
    Rule(
        id="3.15",
        level="MUST",
        binds=("Subscription",),
        statement="cancel() MUST return normally.",
        intent=(
            "Whoever cancels wants to be rid of the stream and has no use for an exception. What "
            "goes wrong while the source is closed has to be reported elsewhere, for instance to "
            "logging."
        ),
    ),
    Rule(
        id="3.16",
        level="MUST",
        binds=("Subscription",),
        statement="request(n) MUST return normally, whatever n is.",
        intent=(
            "Errors have one road, on_error, and that includes a bad argument (rule 3.9) and a "
            "source that fails while request is driving it."
        ),
    ),
    Rule(
        id="3.17",
        level="MUST",
        also=("MAY",),
        binds=("Subscription", "Publisher"),
        statement=(
            "A Subscription MUST take any number of calls of request, and MUST handle a demand of "
            "up to 2**63 - 1 elements (UNBOUNDED). From there on, a Publisher MAY regard the "
            "demand as unbounded."
        ),
        intent=(
            "Any step above zero will do (rule 3.9), as often as wanted. At an element a "
            "nanosecond 2**63 - 1 of them last 292 years, so there is no point in counting on. "
            "An int in Python does not overflow, hence demand may pass the limit: it is to "
            "saturate there, not to fail."
        ),
    ),
)
