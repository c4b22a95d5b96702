"""Operators by which several Subscribers share one upstream."""
