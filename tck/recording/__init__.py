"""What records: the wrappers on a link, the trace that they write, and how it is drawn."""
