"""Chapter 4: what a Processor owes both its neighbours."""

from typing import Final

from reactive_streams._rules.model import Rule

PROCESSOR_RULES: Final[tuple[Rule, ...]] = (
    Rule(
        id="4.1",
        level="MUST",
        binds=("Processor",),
        statement=(
            "A Processor is a stage of processing, a Subscriber and a Publisher in one, and it "
            "MUST keep the rules of both."
        ),
        intent=(
            "There are no extra liberties in the middle of a pipeline: seen from upstream it is a "
            "Subscriber like any other, and from downstream a Publisher like any other."
        ),
    ),
    Rule(
        id="4.2",
        level="MAY",
        also=("MUST",),
        binds=("Processor",),
        statement=(
            "A Processor MAY recover from an on_error that it receives, and if it does, it MUST "
            "regard its upstream Subscription as cancelled. If it does not recover, it MUST pass "
            "that on_error to its Subscribers without delay."
        ),
        intent=(
            "A stage can be more than a function of elements: it may put a substitute in place of "
            "a failure, or subscribe once more. But the stream that failed is over (rule 2.4), and "
            "a failure that stays one is not kept back until somebody requests more."
        ),
    ),
)
