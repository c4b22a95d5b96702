"""Chapter 1: what a Publisher owes its Subscribers."""

from typing import Final

from reactive_streams._rules.model import Rule

PUBLISHER_RULES: Final[tuple[Rule, ...]] = (
    Rule(
        id="1.1",
        level="MUST",
        binds=("Publisher",),
        statement=(
            "A Publisher MUST at every moment have sent a Subscriber no more on_next signals than "
            "that Subscriber has requested elements through its Subscription."
        ),
        intent=(
            "Demand comes first and elements second; nothing arrives that was not asked for. Since "
            "an element answers a request, the request happens before the delivery: what the "
            "Subscriber had written when it called request is there to be read in on_next, even "
            "when that runs on another thread."
        ),
    ),
    Rule(
        id="1.2",
        level="MAY",
        binds=("Publisher",),
        statement=(
            "A Publisher MAY end the stream, with on_complete or on_error, after fewer on_next "
            "signals than were requested."
        ),
        intent=(
            "Demand is a ceiling, not an order that must be filled. A source can be empty, run dry "
            "or break halfway, so a Subscriber that asked for ten elements has to be content with "
            "three and an ending."
        ),
    ),
    Rule(
        id="1.3",
        level="MUST",
        binds=("Publisher",),
        statement=(
            "A Publisher MUST send a Subscriber its signals (on_subscribe, on_next, on_error, "
            "on_complete) serially."
        ),
        intent=(
            "Threads, and callbacks of one or more event loops, may take turns at signalling as "
            "long as each signal has finished, and its effects can be seen, before the next one "
            "starts. The GIL is no substitute for a lock here: it may change hands in the middle "
            "of on_next, and a free-threaded build has none. An event loop orders only what runs "
            "on that loop."
        ),
    ),
    Rule(
        id="1.4",
        level="MUST",
        binds=("Publisher",),
        statement=(
            "A failure that keeps a Publisher from going on MUST be signalled to its Subscribers "
            "by on_error."
        ),
        intent=(
            "Whoever waits for elements has to learn that none will come, to release what it holds "
            "or to try something else. An exception that ends in a log, in a dead thread or in a "
            "task nobody awaits tells the Subscriber nothing. Failure means an Exception: "
            "KeyboardInterrupt, SystemExit and asyncio.CancelledError are not failures of the "
            "stream, and do not become signals."
        ),
    ),
    Rule(
        id="1.5",
        level="MUST",
        binds=("Publisher",),
        statement=(
            "When a finite stream comes to a successful end, its Publisher MUST signal on_complete."
        ),
        intent=(
            "The end of a stream is news like any other. Only a Subscriber that has been told of "
            "the terminal state can hand on its result, close its files and let go of its memory."
        ),
    ),
    Rule(
        id="1.6",
        level="MUST",
        binds=("Publisher",),
        statement=(
            "By sending on_error or on_complete to a Subscriber, a Publisher ends their "
            "Subscription, which MUST from then on be treated as a cancelled one."
        ),
        intent=(
            "There is one way for a Subscription to be over, whichever side ended it: a late "
            "request or cancel does nothing, and resources are released as they would be after "
            "cancel."
        ),
    ),
    Rule(
        id="1.7",
        level="REQUIRED",
        binds=("Publisher",),
        statement=(
            "After the terminal state was signalled by on_error or on_complete, silence is "
            "REQUIRED: no signal of any kind follows."
        ),
        intent=(
            "An ending is final, and there is one of them. A Subscriber may tear everything down "
            "in on_error or on_complete without fear of an element, or a second ending, behind it."
        ),
    ),
    Rule(
        id="1.8",
        level="MUST",
        binds=("Publisher",),
        statement=(
            "A Publisher MUST eventually stop signalling a Subscriber whose Subscription has been "
            "cancelled."
        ),
        intent=(
            "Cancelling has to work. That it works eventually, and not at once, allows for signals "
            "that are already on their way in a queue, on another thread or on an event loop."
        ),
    ),
    Rule(
        id="1.9",
        level="MUST",
        binds=("Publisher",),
        statement=(
            "subscribe MUST call on_subscribe on the Subscriber it was given before it sends it "
            "anything else, and MUST return normally. The one exception is None in place of a "
            "Subscriber, for which it MUST raise TypeError to its caller. Any other failure or "
            "refusal can be told in one legal way: by on_error, after on_subscribe."
        ),
        intent=(
            "A Subscriber sets itself up in on_subscribe, so that comes first, and only once (rule "
            "2.12). None has no on_error to call, which leaves the caller to be told. A Publisher "
            "may well be unable to serve: overloaded, out of resources, used up like a generator "
            "that has been read, or in a terminal state; all of that travels as signals."
        ),
    ),
    Rule(
        id="1.10",
        level="MAY",
        also=("MUST",),
        binds=("Caller", "Publisher"),
        statement=(
            "subscribe MAY be called any number of times, but it MUST be given a different "
            "Subscriber each time (rule 2.12)."
        ),
        intent=(
            "Whoever knows a Publisher and a Subscriber only by their protocols cannot assume that "
            "the pair can be joined twice. And a Publisher has to keep the promises of subscribe "
            "at the hundredth call as it did at the first."
        ),
    ),
    Rule(
        id="1.11",
        level="MAY",
        binds=("Publisher",),
        statement=(
            "A Publisher MAY serve several Subscribers, and it is the Publisher that decides "
            "for each Subscription whether it is unicast or multicast."
        ),
        intent=(
            "How many Subscribers to admit, perhaps one, and whether each gets a stream of its own "
            "or all share one, depends on the source: a list can be read again for everybody, a "
            "socket cannot."
        ),
    ),
)
