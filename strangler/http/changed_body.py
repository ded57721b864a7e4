"""Decides whether a response's JSON body may be changed, and which of its fields stay true then.

RFC 9110 section 7.7: nobody changes content that says `no-transform`. Section 8.8.1: a strong
validator stands for one sequence of octets, and which one is now up to our routes as well; so it
becomes a weak one, which still answers `If-None-Match` and can put no two halves of a body together
(`If-Range`). A digest of the octets before would be wrong, and is left out.
"""

import re

from strangler.http.message import Headers

_JSON = re.compile(rb"application/(?:[^;,\s]+\+)?json[ \t]*(?:;.*)?", re.IGNORECASE | re.DOTALL)
_OTHER_CHARSET = re.compile(rb"charset[ \t]*+=[ \t]*+(?!\"?utf-8\b)", re.IGNORECASE)

_OF_THE_OLD_BODY = frozenset(
    {
        b"content-encoding",  # undone, and not done again
        b"content-md5",
        b"content-digest",  # RFC 9530
        b"repr-digest",
        b"digest",  # RFC 3230, which RFC 9530 replaces
        b"accept-ranges",  # a range would be one of the octets before
    }
)


def may_change(status: int, headers: Headers) -> bool:
    """Decide from a head whether its body is a whole JSON document that may be changed.

    Whatever its content-encoding: that has to be undone first.
    """
    fields: dict[bytes, bytes] = {}
    for name, value in headers:
        lower = name.lower()
        fields[lower] = fields[lower] + b"," + value if lower in fields else value
    type_ = fields.get(b"content-type", b"")
    return (
        status != 206
        and _JSON.fullmatch(type_) is not None
        and _OTHER_CHARSET.search(type_) is None
        and b"no-transform" not in fields.get(b"cache-control", b"").lower()
    )


def weakened(headers: Headers) -> Headers:
    """Give the fields of a response whose body may be changed, or that stands for one: HEAD, 304.

    It does not depend on what the body is, so that all answers for a resource have one validator.
    """
    return [
        (name, b"W/" + value if name.lower() == b"etag" and value.startswith(b'"') else value)
        for name, value in headers
    ]


def of_new_body(headers: Headers, length: int | None) -> Headers:
    """Give the fields, or the trailers, of a response whose body has been changed.

    `length` is that of the new one; None where that is not known, as in an answer to HEAD.
    """
    kept: list[tuple[bytes, bytes]] = []
    for name, value in headers:
        lower = name.lower()
        if lower in _OF_THE_OLD_BODY:
            continue
        if lower == b"content-length":
            if length is not None:
                kept.append((name, b"%d" % length))
            continue
        kept.append((name, value))
    return kept
