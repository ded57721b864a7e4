"""The rules that hold on every route: what of a response's head says nothing about its meaning.

Each is counted when it fires, like a route's own rule, but does not turn a match into `ignored`:
two systems never send the same `Date`.
"""

from dataclasses import dataclass
from enum import Enum


class Scope(Enum):
    """How much of a header field a built-in rule covers."""

    FIELD = "the whole field"
    VALUE = "the value; that the field is there is compared"
    PARAMETER = "this parameter of the value"


@dataclass(frozen=True, slots=True)
class BuiltIn:
    """One built-in rule, written as a rule in `routes.yaml` would be, and why it holds."""

    rule: str
    scope: Scope
    reason: str


_ONE_CONNECTION = "belongs to one connection, not to the answer (RFC 9110 section 7.6.1)"
_ONE_EXCHANGE = "names this one exchange"
_DURATION = "says how long this one answer took"
_SOFTWARE = "names the software that answered"
_BYTES = "is computed over bytes; the same meaning may be written in other bytes"
_SPELLING = "describes how the body is written; the body is decoded before it is compared"

BUILT_IN = (
    BuiltIn("header:age", Scope.FIELD, "says how long a cache has held the answer"),
    BuiltIn("header:alt-svc", Scope.FIELD, "says where else this one server listens"),
    BuiltIn("header:connection", Scope.FIELD, _ONE_CONNECTION),
    BuiltIn("header:content-digest", Scope.VALUE, _BYTES),
    BuiltIn("header:content-encoding", Scope.FIELD, _SPELLING),
    BuiltIn("header:content-length", Scope.FIELD, _SPELLING),
    BuiltIn("header:content-md5", Scope.VALUE, _BYTES),
    BuiltIn("header:content-type/charset", Scope.PARAMETER, _SPELLING),
    BuiltIn("header:date", Scope.FIELD, "is the moment of answering"),
    BuiltIn("header:digest", Scope.VALUE, _BYTES),
    BuiltIn("header:etag", Scope.VALUE, "is opaque: each system makes up its own (RFC 9110 8.8.3)"),
    BuiltIn("header:expires", Scope.VALUE, "is an instant counted from the moment of answering"),
    BuiltIn("header:keep-alive", Scope.FIELD, _ONE_CONNECTION),
    BuiltIn("header:proxy-connection", Scope.FIELD, _ONE_CONNECTION),
    BuiltIn("header:repr-digest", Scope.VALUE, _BYTES),
    BuiltIn("header:request-id", Scope.FIELD, _ONE_EXCHANGE),
    BuiltIn("header:server", Scope.FIELD, _SOFTWARE),
    BuiltIn("header:server-timing", Scope.FIELD, _DURATION),
    BuiltIn(
        "header:set-cookie/*/expires",
        Scope.VALUE,
        "is an instant counted from the moment of answering; Max-Age is compared",
    ),
    BuiltIn("header:traceparent", Scope.FIELD, _ONE_EXCHANGE),
    BuiltIn("header:tracestate", Scope.FIELD, _ONE_EXCHANGE),
    BuiltIn("header:trailer", Scope.FIELD, _ONE_CONNECTION),
    BuiltIn("header:transfer-encoding", Scope.FIELD, _ONE_CONNECTION),
    BuiltIn("header:upgrade", Scope.FIELD, _ONE_CONNECTION),
    BuiltIn("header:vary", Scope.FIELD, "tells caches what the answer was chosen by"),
    BuiltIn("header:via", Scope.FIELD, "names the proxies on the way"),
    BuiltIn("header:x-correlation-id", Scope.FIELD, _ONE_EXCHANGE),
    BuiltIn("header:x-powered-by", Scope.FIELD, _SOFTWARE),
    BuiltIn("header:x-request-id", Scope.FIELD, _ONE_EXCHANGE),
    BuiltIn("header:x-response-time", Scope.FIELD, _DURATION),
    BuiltIn("header:x-runtime", Scope.FIELD, _DURATION),
)

WHOLE_FIELDS = {each.rule for each in BUILT_IN if each.scope is Scope.FIELD}
VALUES = {each.rule for each in BUILT_IN if each.scope is Scope.VALUE}
