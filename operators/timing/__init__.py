"""Operators with time: one timer for each subscription, on one queue for each scheduler."""
