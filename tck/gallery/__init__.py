"""The gallery: wrong components, which have to be found, and right ones, which have to pass."""
