"""on_error_map: another error in place of one."""

from __future__ import annotations

from typing import Any

from operators import Flow
from tests.operators.kit import Handmade, notes, probe
from tests.operators.ways import everywhere, fails, gives


def test_another_error_everywhere():
    lost = KeyError("lost")
    for where, got, error in everywhere(lambda f: f.on_error_map(ValueError), [1, 2], lost):
        assert (got, type(error), error.args) == ([1, 2], ValueError, (lost,)), where  # type: ignore[union-attr]
        assert error.__cause__ is lost, where  # type: ignore[union-attr]
        assert "in on_error_map, written at" in notes(error), where  # type: ignore[arg-type]


def test_what_is_no_error_passes():
    gives(lambda f: f.on_error_map(lambda error: ValueError()), [1, 2], [1, 2])
    gives(lambda f: f.on_error_map(lambda error: ValueError()), [], [])


def test_the_same_error_may_be_given_back():
    lost = KeyError("lost")
    fails(lambda f: f.on_error_map(lambda error: error), [1], KeyError, [1], lost)
    assert lost.__cause__ is None
    assert "on_error_map" not in notes(lost)


def test_an_error_further_down_is_not_its():
    fails(
        lambda f: f.on_error_map(lambda error: ValueError()).map(lambda n: 1 // n), [0],
        ZeroDivisionError,
    )  # fmt: skip


def test_a_function_that_fails_or_gives_no_error():
    lost = KeyError("lost")
    wrong: list[tuple[Any, type[Exception]]] = [
        (lambda error: 1 // 0, ZeroDivisionError),
        (lambda error: None, TypeError),
        (lambda error: ValueError, TypeError),
        (lambda error: KeyboardInterrupt(), TypeError),
    ]
    for fn, kind in wrong:
        for flow in (Flow.error(lost), Flow.from_publisher(Handmade([], lost))):
            seen = probe(flow.on_error_map(fn), 1).until_end()
            assert isinstance(seen.error, kind)
            assert seen.error.__context__ is lost
            assert "in on_error_map, written at" in notes(seen.error)
