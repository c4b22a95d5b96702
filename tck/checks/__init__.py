"""What is checked: what is done to a component, suite by suite; the verdict is the oracle's."""
