"""Hooks: where errors go that no Subscriber can receive."""

from operators._kernel.failure import set_error_hook

__all__ = ["set_error_hook"]
