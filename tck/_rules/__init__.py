"""What the oracle looks at, a chapter of the rules a module; `tck.rules` is the way in."""
