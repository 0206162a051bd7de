"""Data sets to learn from and to test with."""

from sojourn.datasets.cdnow import Shop, cdnow

__all__ = ["Shop", "cdnow"]
