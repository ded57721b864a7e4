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
    INSTANT = "the instant itself"
    PARAMETER = "this part of the value"
    NOTE = "the text or page, and the type, of a redirect; JSON is compared"


@dataclass(frozen=True, slots=True)
class BuiltIn:
    """One built-in rule, written as a rule in `routes.yaml` would be, and why it holds."""

    rule: str
    scope: Scope
    reason: str


_ONE_CONNECTION = "belongs to one connection, not to the answer (RFC 9110 section 7.6.1)"
_ONE_EXCHANGE = "names this one exchange"
_DURATION = "says how long this one answer took"
_SOFTWARE = "names the software or the machine that answered"
_BYTES = "is computed over bytes; the same meaning may be written in other bytes"
_SPELLING = "describes how the body is written; the body is decoded before it is compared"
_CACHE = "says what a cache on the way did"
_QUOTA = "counts this client's recent requests, of which the copy is one"
_MOMENT = "is an instant seen from the moment of answering; how long it lasts is compared"


def _fields(names: str, reason: str, scope: Scope = Scope.FIELD) -> tuple[BuiltIn, ...]:
    return tuple(BuiltIn(f"header:{name}", scope, reason) for name in names.split())


REDIRECT_NOTE = "body:redirect"
"""Fires where answers without a body, or redirects, differ in their content-type or their note."""

BUILT_IN = (
    *_fields("age x-cache x-cache-hits x-varnish cf-cache-status", _CACHE),
    *_fields("alt-svc", "says where else this one server listens"),
    *_fields(
        "connection keep-alive proxy-connection trailer transfer-encoding upgrade",
        _ONE_CONNECTION,
    ),
    *_fields("content-digest content-md5 digest repr-digest", _BYTES, Scope.VALUE),
    *_fields("content-encoding content-length", _SPELLING),
    *_fields("content-type/charset content-type/boundary", _SPELLING, Scope.PARAMETER),
    *_fields("date", "is the moment of answering"),
    *_fields("etag", "is opaque: each system makes up its own (RFC 9110 8.8.3)", Scope.VALUE),
    *_fields("expires retry-after set-cookie/*/expires", _MOMENT, Scope.INSTANT),
    *_fields("nel report-to reporting-endpoints", "says where browsers report failures"),
    *_fields("pragma", "is for caches of HTTP/1.0; Cache-Control is compared (RFC 9111 5.4)"),
    *_fields(
        "b3 cf-ray request-id traceparent tracestate x-amz-cf-id x-amz-request-id x-amzn-requestid"
        " x-amzn-trace-id x-b3-parentspanid x-b3-sampled x-b3-spanid x-b3-traceid"
        " x-cloud-trace-context x-correlation-id x-debug-token x-debug-token-link"
        " x-ms-request-id x-request-id x-span-id x-trace-id x-transaction-id",
        _ONE_EXCHANGE,
    ),
    *_fields(
        "ratelimit-remaining ratelimit-reset x-rate-limit-remaining x-rate-limit-reset"
        " x-ratelimit-remaining x-ratelimit-reset x-ratelimit-used",
        _QUOTA,
        Scope.VALUE,
    ),
    *_fields(
        "server x-aspnet-version x-aspnetmvc-version x-backend x-backend-server x-generator"
        " x-powered-by x-served-by",
        _SOFTWARE,
    ),
    *_fields(
        "server-timing x-envoy-upstream-service-time x-process-time x-response-time x-runtime"
        " x-timer",
        _DURATION,
    ),
    *_fields("vary/accept-encoding", _SPELLING, Scope.PARAMETER),
    *_fields("via", "names the proxies on the way"),
    BuiltIn(
        REDIRECT_NOTE,
        Scope.NOTE,
        "is for clients that do not follow Location (RFC 9110 section 15.4)",
    ),
)

WHOLE_FIELDS = {each.rule for each in BUILT_IN if each.scope is Scope.FIELD}
VALUES = {each.rule for each in BUILT_IN if each.scope is Scope.VALUE}
