"""The wrong components of the gallery, at least one for every rule that can be checked."""

from tck.gallery.broken import GALLERY, Exhibit

__all__ = ["GALLERY", "Exhibit"]
