"""Scripts, which say what a stand does: as data, as a program, made up at random, and made short."""

from tck.scripts.load import load

__all__ = ["load"]
