"""Links: what is between two operators that push, with and without a queue."""
