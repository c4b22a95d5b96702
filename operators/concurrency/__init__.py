"""Operators that change the thread or the task."""
