"""Observables into a flow with backpressure, and back: `python examples/connectors/rx.py`."""

import reactivex
from reactivex import operators as ops

from operators.connectors import rx, values


def main() -> None:
    squares = rx.source(reactivex.range(1, 5)).apply(values()).map(lambda n: n * n)
    even = rx.to_observable(squares.filter(lambda n: n % 2 == 0))
    even.pipe(ops.do_action(lambda n: print(n, "even"))).run()  # it waits for the end


if __name__ == "__main__":
    main()
