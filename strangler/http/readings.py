"""Gives the other paths for which servers behind us may take one path.

What an encoded slash and the parameters of a segment mean is left to servers, and so is case.
Those in Java cut `;x` off every segment before they look for a handler, what speaks WSGI or ASGI
sees `%2F` as a slash, Windows takes a backslash for one, and to IIS case means nothing.
"""

import re
from urllib.parse import unquote

_PARAMETERS = re.compile(r";[^/]*")
_SLASHES = re.compile(r"//+")


def readings(path: str) -> list[str]:
    """Give a normalised path, and what it becomes as servers go on from there, in whichever order.

    Dot segments come to light nowhere: a target that has any beside `;` or an encoded slash was
    refused.
    """
    found = [path]
    for one in found:  # which grows: a reading may be read on
        for further in (_without_parameters, _with_slashes, _with_backslashes):
            reading = _SLASHES.sub("/", further(one))
            if reading not in found:
                found.append(reading)
    return found


def fold(segment: str) -> str:
    """Give a segment as those see it to whom neither case nor escapes make a difference.

    What is no UTF-8 stays apart from what is.
    """
    if "%" in segment:
        segment = unquote(segment, errors="surrogateescape")
    return segment.casefold()


def _without_parameters(path: str) -> str:
    return _PARAMETERS.sub("", path)


def _with_slashes(path: str) -> str:
    return path.replace("%2F", "/")


def _with_backslashes(path: str) -> str:
    return path.replace("%5C", "/")
