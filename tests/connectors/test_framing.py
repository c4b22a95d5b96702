"""Frames: lines and lengths, however the bytes come."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from operators.connectors.framing import CutFrameError, FrameTooLargeError, Framing, Lines, Prefixed

VALUES = st.lists(st.binary(max_size=20).filter(lambda value: b"\n" not in value), max_size=10)


@given(VALUES, st.lists(st.integers(1, 7), min_size=1), st.integers(1, 4), st.booleans())
def test_what_is_framed_is_cut_the_same_however_it_comes(
    values: list[bytes], sizes: list[int], most: int, prefixed: bool
) -> None:
    def framing() -> Framing:
        return Prefixed(20, 2) if prefixed else Lines(20)

    expected = values if prefixed else [value.removesuffix(b"\r") for value in values]
    data = b"".join(framing().frame(value) for value in values)
    cutter, found, at, turn = framing(), [], 0, 0
    while at < len(data):
        size = sizes[turn % len(sizes)]
        cutter.feed(data[at : at + size])
        at, turn = at + size, turn + 1
        while frames := cutter.take(most):
            assert len(frames) <= most
            found += frames
    assert found + cutter.finish() == expected


@pytest.mark.parametrize(
    ("framing", "data"),
    [
        (Lines(3), b"abcd"),
        (Lines(3), b"abcd\n"),
        (Prefixed(3, 1), b"\x04"),
        (Prefixed(3), b"\xff\xff\xff\xff"),
    ],
)
def test_what_is_too_large_is_refused_as_soon_as_that_is_known(framing: Framing, data: bytes):
    framing.feed(data)
    with pytest.raises(FrameTooLargeError, match="3 are allowed"):
        framing.take(9)


@pytest.mark.parametrize(
    ("framing", "data"),
    [
        (Prefixed(3, 1), b"\x01a\x01b\x04"),
        (Lines(3), b"a\nb\nabcd"),
        (Lines(3), b"a\nb\nabcd\nc\n"),
    ],
)
def test_frames_before_one_that_is_too_large_are_given(framing: Framing, data: bytes):
    framing.feed(data)
    assert framing.take(9) == [b"a", b"b"]
    for _ in range(2):
        with pytest.raises(FrameTooLargeError):
            framing.take(9)


def test_a_cut_frame_says_so_and_a_last_line_needs_no_end():
    prefixed = Prefixed(9)
    prefixed.feed(b"\x00\x00\x00\x02a")
    assert prefixed.take(9) == []
    with pytest.raises(CutFrameError, match="5 bytes"):
        prefixed.finish()
    lines = Lines(9)
    lines.feed(b"a")
    assert (lines.take(9), lines.finish()) == ([], [b"a"])


@pytest.mark.parametrize(
    ("framing", "value"), [(Lines(9), b"a\nb"), (Lines(1), b"ab"), (Prefixed(1), b"ab")]
)
def test_what_cannot_be_framed(framing: Framing, value: bytes):
    with pytest.raises(ValueError, match=r"line feed|allowed"):
        framing.frame(value)
