"""Random pipelines agree with the same thing written with builtins and itertools."""

from __future__ import annotations

from hypothesis import event, given, settings

from tests.properties.pipelines import (
    IN_THE_LANGUAGE,
    Source,
    Step,
    Trace,
    build_builtin,
    early_exits,
    sources,
    step_lists,
)
from tests.properties.worlds import Run, by_for, fused, pushed, taken


def in_the_language(source: Source, steps: list[Step], most: int | None) -> Run:
    trace = Trace()
    run = Run(trace)
    taken(build_builtin(trace.generator("source", source), steps, trace), trace, run, most)
    return run


def agrees(run: Run, language: Run) -> None:
    """Values and errors, and all that was called and pulled on the way, in the same order."""
    # When a generator that was left early is closed is up to whoever holds it last.
    assert run.trace.without("closed") == language.trace.without("closed")
    assert run.ended[:2] == language.ended[:2]


@given(sources(), step_lists(IN_THE_LANGUAGE), early_exits)
@settings(max_examples=3000)
def test_a_fused_pipeline_agrees_with_the_language(
    source: Source, steps: list[Step], most: int | None
) -> None:
    language = in_the_language(source, steps, most)
    event(f"ended: {language.ended[0]}")
    for make in (fused, pushed):
        trace = Trace()
        run = by_for(make(source, steps, trace), trace, most)
        agrees(run, language)
