"""Frames of items and errors, which are made here, are those that the package makes and reads."""

from __future__ import annotations

import pytest
from rsocket import frame as theirs
from rsocket.error_codes import ErrorCode

from operators.connectors import Message
from operators.connectors.rsocket import codec

PAYLOADS = [
    (b"", None),
    (b"x", None),
    (b"x" * 70_000, None),
    (b"", b"m"),
    (b"x" * 300, b"m" * 300),
]


@pytest.mark.parametrize(("data", "metadata"), PAYLOADS)
def test_an_items_frame(data: bytes, metadata: bytes | None):
    made = codec.item_frame(7, data, metadata)
    assert made == codec.payload_frame(7, data, metadata).serialize()
    read = theirs.parse_or_ignore(made)
    assert (read.stream_id, read.flags_next, read.flags_complete) == (7, True, False)
    assert (read.data, read.metadata or None) == (data, metadata)


def test_the_frame_of_the_end():
    frame = theirs.PayloadFrame()
    frame.stream_id, frame.flags_complete = 7, True
    assert codec.complete_frame(7) == frame.serialize()


def test_an_errors_frame():
    frame = theirs.ErrorFrame()
    frame.stream_id, frame.error_code, frame.data = 7, ErrorCode.REJECTED, b"no"
    assert codec.error_frame(7, codec.REJECTED, "no") == frame.serialize()
    read = codec.read_error(frame.serialize())
    assert (read.code, read.text, str(read)) == (codec.REJECTED, "no", "REJECTED: no")


def test_an_applications_own_code_which_the_package_takes_for_a_broken_frame():
    frame = codec.error_frame(7, 0x301, "sold out")
    with pytest.raises(Exception, match="769 is not a valid ErrorCode"):
        theirs.parse_or_ignore(frame)
    assert str(codec.read_error(frame)) == "0x301: sold out"


@pytest.mark.parametrize("size", [0, 40, 50, 52, 55, 58, 64, 110, 1_000])
@pytest.mark.parametrize("metadata", [None, b"m", b"m" * 100])
def test_fragments_are_put_together(size: int, metadata: bytes | None):
    headers = {} if metadata is None else {"metadata": metadata}
    frames = codec.item_frames(7, Message(b"d" * size, headers), 64)
    assert all(len(each) + 3 <= 64 + 3 for each in frames)
    pieces = codec.Pieces(10_000)
    whole = [pieces.add(codec.read(each)) for each in frames]
    assert whole[:-1] == [None] * (len(frames) - 1)
    assert (whole[-1].data, whole[-1].metadata or None) == (b"d" * size, metadata)
    assert whole[-1].flags_next
    assert 7 not in pieces


def test_an_item_longer_than_a_frame_says_what_to_do():
    with pytest.raises(ValueError, match="Settings\\(fragment=\\) cuts it"):
        codec.item_frames(1, b"x" * codec.LARGEST, None)
