"""Operators for what comes faster than it is asked for."""
