"""The kernel: all locking and all bookkeeping of the protocol, on which the operators stand.

Its rooms, from what uses to what is used (a check keeps the order):

- running: from the nodes of a pipeline to a subscription, a loop or a handle;
- links: what is between two operators that push, with and without a queue;
- fusing: a chain of steps as one generated function, and as something to be pulled;
- kinds: what an operator can be, and what every pipeline has at its ends;
- subscription: its demand, who may signal, and what is carried upstream;
- failures: errors that tell where, and the checks that make them come early;
- plan: a pipeline before it runs, one node an operator, and what each of them promises;
- hosts: threads and event loops, and what is still to be done there when a program ends.
"""
