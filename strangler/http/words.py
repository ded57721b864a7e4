"""Tells a word that a programmer chose from data that stands in its place."""

import re
from typing import Final

NO_DATA: Final = r"(?!(?:[^0-9]*[0-9]){5}|(?:[^0-9]+[0-9]+){2}[^0-9]+[0-9])"
"""Begins a pattern of names. More than four digits never were a programmer's idea of a name, nor
digits in three places: that is an account, an address or a token."""

_PARAMETER = re.compile(NO_DATA + r"[A-Za-z_][A-Za-z0-9_.\[\]-]{0,63}", re.ASCII)
_FLAG = re.compile(r"[a-z][a-z_-]{0,15}", re.ASCII)


def is_parameter(name: str, value: str) -> bool:
    """Decide whether the name of a query's parameter may be shown.

    One without a value may be the value itself, `/reset?TOKEN`, unless it is a plain short word as
    in `/list?all`.
    """
    return (_PARAMETER if value else _FLAG).fullmatch(name) is not None
