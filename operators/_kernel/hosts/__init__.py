"""Hosts: threads and event loops, which carry the work, and what is to be done there when a program ends."""
