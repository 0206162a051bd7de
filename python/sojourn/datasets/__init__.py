"""Data sets to learn from and to test with."""

from sojourn.datasets.cdnow import Shop, cdnow
from sojourn.datasets.insurer import Insurer, insurer

__all__ = ["Insurer", "Shop", "cdnow", "insurer"]
