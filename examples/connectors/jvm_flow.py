"""A Publisher of the JDK as a flow: `python examples/connectors/jvm_flow.py`. It needs a Java, and no jar."""

# pyright: basic
from operators.connectors import jvm, values


def main() -> None:
    jvm.start()
    from jpype import JClass

    publisher = JClass("java.util.concurrent.SubmissionPublisher")()
    prices = jvm.source(publisher).apply(values()).map(int).filter(lambda price: price > 5)
    run = prices.for_each(print)
    for price in (7, 3, 12):
        publisher.submit(price)
    publisher.close()
    run.result(10)


if __name__ == "__main__":
    main()
