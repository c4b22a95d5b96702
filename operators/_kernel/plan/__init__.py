"""Plan: a pipeline before it runs, one node an operator, and what each of them promises."""
