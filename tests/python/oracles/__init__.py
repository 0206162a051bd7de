"""Slow, obvious oracles, written from the specifications alone, that the fast code must agree with."""
