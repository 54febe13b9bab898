"""Here is a date as a publisher writes it, give me the day (ISO 8601)."""

from __future__ import annotations

from datetime import date
from email.utils import parsedate_to_datetime


def iso_day(text: str | None) -> str | None:
    """Return `YYYY-MM-DD` for an ISO 8601 or RFC 822 date or time, None when it is neither."""
    text = (text or "").strip()
    try:
        return date.fromisoformat(text[:10]).isoformat()
    except ValueError:
        pass
    try:
        return parsedate_to_datetime(text).date().isoformat()
    except ValueError:
        return None
