"""Subscription: what one consists of: its demand, who may signal, and what is carried upstream."""
