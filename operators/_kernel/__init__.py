"""The kernel: all locking and all bookkeeping of the protocol, on which the operators stand."""
