"""Each classic hang is laid at the right door; what is said is to be understood by itself."""

from __future__ import annotations

import pytest

from tests.operators.watching.hangs import HANGS, Halt


@pytest.mark.parametrize("name", HANGS)
def test_the_right_stage_is_named(name: str):
    with Halt() as halt:
        stall = HANGS[name](halt)
        assert stall.seconds >= 5
        assert "hangs.py:" in stall.where
        print(f"\n--- {name}\n{stall}")
