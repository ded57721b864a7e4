"""Writes the answers that are ours: `application/problem+json` (RFC 9457) as a whole response."""

from collections.abc import Mapping
from http import HTTPStatus

import orjson


def problem_response(
    status: int,
    detail: str,
    *,
    request_id: bytes = b"",
    date: bytes = b"",
    close: bool,
    body: bool = True,
    extra: Mapping[str, str] | None = None,
) -> bytes:
    """Write a problem document as the bytes of a response.

    `date` is the Date line; `extra` adds members such as `upstream` and `stage`; `body` is False
    for HEAD; `close` says that the connection ends here.
    """
    title = HTTPStatus(status).phrase
    members: dict[str, str | int] = {"type": "about:blank", "title": title, "status": status}
    members["detail"] = detail
    members.update(extra or {})
    if request_id:
        members["request_id"] = request_id.decode("latin-1")
    document = orjson.dumps(members)
    lines = [
        b"HTTP/1.1 %d %b\r\nContent-Type: application/problem+json\r\nContent-Length: %d\r\n"
        % (status, title.encode(), len(document)),
        date,
        b"Cache-Control: no-store\r\n",
    ]
    if request_id:
        lines.append(b"X-Request-Id: %b\r\n" % request_id)
    if status == 503:
        lines.append(b"Retry-After: 1\r\n")
    if close:
        lines.append(b"Connection: close\r\n")
    lines.append(b"\r\n")
    if body:
        lines.append(document)
    return b"".join(lines)
