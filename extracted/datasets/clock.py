"""The present, in the forms of the wire: local time without a zone, as clients are used to."""

from datetime import datetime


def local_time() -> str:
    """Write the present to the second."""
    return datetime.now().astimezone().strftime("%Y-%m-%d %H:%M:%S")


def local_time_with_microseconds() -> str:
    """Write the present to the microsecond."""
    return datetime.now().astimezone().strftime("%Y-%m-%d %H:%M:%S.%f")
