"""Fusing: a chain of steps as one generated function, and as something to be pulled."""
