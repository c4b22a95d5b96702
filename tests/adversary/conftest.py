"""No test here loses an error without looking at it."""

from tests.operators.conftest import dropped  # noqa: F401 - a fixture for all tests here
