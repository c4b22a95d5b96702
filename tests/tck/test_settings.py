"""Settings: what makes no sense is told in one clear line, whoever says it."""

from __future__ import annotations

from typing import Any

import pytest

from tck import Settings


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("TCK_DEADLNE", "1", "TCK_DEADLNE=1: there is no such setting; did you mean TCK_DEADLINE?"),
        ("TCK_XYZ", "1", "TCK_XYZ=1: there is no such setting; there are TCK_DEADLINE, TCK_QUIET,"),
        ("TCK_RECURSION", "0", "TCK_RECURSION=0: recursion must be 1 or more, not 0"),
        ("TCK_AFTER_CANCEL", "-1", "TCK_AFTER_CANCEL=-1: after_cancel must be 0 or more, not -1"),
        ("TCK_DEADLINE", "0", "TCK_DEADLINE=0: deadline must be more than 0, not 0.0"),
        ("TCK_DEADLINE", "nan", "TCK_DEADLINE=nan: deadline must be more than 0, not nan"),
        ("TCK_QUIET", "inf", "TCK_QUIET=inf: quiet is too long: inf seconds"),
        ("TCK_DEADLINE", "soon", "TCK_DEADLINE=soon: this is not a number of seconds"),
        ("TCK_EXAMPLES", "1e3", "TCK_EXAMPLES=1e3: this is not a whole number"),
        ("TCK_COMPLETES", "maybe", "TCK_COMPLETES=maybe: this is not true or false"),
        ("TCK_BUFFER", "big", "TCK_BUFFER=big: this is not a whole number or none"),
    ],
)
def test_a_variable_that_makes_no_sense_is_told_by_its_name(name: str, text: str, says: str):
    with pytest.raises(ValueError) as told:
        Settings.from_environment({name: text})
    assert str(told.value).startswith(says)
    assert "\n" not in str(told.value)


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("recursion", 0, "recursion must be 1 or more, not 0"),
        ("recursion", True, "recursion must be a whole number, not True"),
        ("examples", 1.5, "examples must be a whole number, not 1.5"),
        ("deadline", "1", "deadline must be a number of seconds, not '1'"),
        ("deadline", None, "deadline must be a number of seconds, not None"),
        ("max_elements", -1, "max_elements must be 0 or more, not -1"),
        ("completes", "no", "completes must be true or false (1, 0, yes, no), not 'no'"),
        ("multicast", 1, "multicast must be true or false (1, 0, yes, no), not 1"),
        ("seed", "x", "seed must be a whole number, not 'x'"),
    ],
)
def test_a_value_that_makes_no_sense_is_told_by_its_field(name: str, value: Any, says: str):
    given: Any = {name: value}
    with pytest.raises(ValueError) as told:
        Settings(**given)
    assert str(told.value) == f"Settings: {says}"


def test_every_field_can_be_set_by_the_environment():
    found = Settings.from_environment(
        {"TCK_SEED": "-3", "TCK_BUFFER": "none", "TCK_MAX_ELEMENTS": "7", "TCK_MULTICAST": "yes",
         "OTHER": "x"}
    )  # fmt: skip
    assert (found.seed, found.buffer, found.max_elements, found.multicast) == (-3, None, 7, True)
