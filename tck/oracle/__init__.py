"""What judges: from a trace to the rules that it breaks, a chapter of the rules a module."""
