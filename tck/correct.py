"""The right components of the gallery, of every style, which the kit has to let pass."""

from tck.gallery.correct import CORRECT, Exhibit

__all__ = ["CORRECT", "Exhibit"]
