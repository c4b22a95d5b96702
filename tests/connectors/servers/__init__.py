"""Real servers, a module each, which are started on loopback by those who need them.

`make test-connectors` runs what needs one (the marker `server`), and installs those that are missing. A test
whose server cannot be had fails where CI is set, and is skipped by name elsewhere.
"""
