"""Cells of result tables as Python objects."""

from __future__ import annotations

from datetime import date as Date
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from zoneinfo import ZoneInfo

_EPOCH = datetime(1970, 1, 1)
_EPOCH_DAY = Date(1970, 1, 1)


def date(days: int) -> Date:
    """Return the day that lies `days` after 1970-01-01."""
    return _EPOCH_DAY + timedelta(days=days)


def instant(micros: int, zone: str | None) -> datetime:
    """Return microseconds since 1970 as a naive time (no zone) or as an instant in `zone`."""
    if zone is None:
        return _EPOCH + timedelta(microseconds=micros)
    utc = _EPOCH.replace(tzinfo=timezone.utc) + timedelta(microseconds=micros)
    return utc.astimezone(timezone.utc if zone.upper() == "UTC" else ZoneInfo(zone))


def decimal(high: int, low: int, scale: int) -> Decimal:
    """Return the 128-bit integer `high`·2⁶⁴ + `low`, with `scale` decimal places."""
    return Decimal((high << 64) + low).scaleb(-scale)
