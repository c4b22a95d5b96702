"""Failures: errors that tell where, and the checks that make them come early."""
