"""Days and minutes of what was stated: days are those of the log's time zone."""

from datetime import date, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from app.rules.kernel import Context


def day(time: str, context: Context) -> date:
    """The calendar day of a time of the format, where the log is."""
    return _day(time, context.registry.time_zone)


@lru_cache(maxsize=65536)
def _day(time: str, zone: str) -> date:
    return day_of(datetime.fromisoformat(time), zone)


def day_of(moment: datetime, zone: str) -> date:
    """The calendar day of a moment in a time zone."""
    try:
        return moment.astimezone(ZoneInfo(zone)).date()
    except OverflowError:
        # The last hours of the calendar, which east of Greenwich no calendar has.
        return moment.date()


def minutes(start: str, stop: str) -> int:
    """Whole minutes from one time to another; below zero where the second comes first."""
    return int((datetime.fromisoformat(stop) - datetime.fromisoformat(start)).total_seconds() // 60)
