"""Decides what a field's name means to a proxy: cross, be read on the way, or stay behind.

A head is walked once, and each name is looked up here; names repeat, so what was decided is kept.
"""

from functools import lru_cache
from typing import Final

# Plain integers, because they are compared for every field of every message. What crosses comes
# first; `HEARSAY` crosses only from a trusted peer; what is greater never crosses as it came.
PLAIN: Final = 0
HOST: Final = 1
LENGTH: Final = 2
REQUEST_ID: Final = 3
VIA: Final = 4
DATE: Final = 5
REFERENCE: Final = 6
MAX_FORWARDS: Final = 7
HEARSAY: Final = 10
FORWARDED: Final = 11
REMOVED: Final = 12
CODING: Final = 13
CONNECTION: Final = 14
TE: Final = 15
UPGRADE: Final = 16
FORWARDED_FOR: Final = 17
FORWARDED_PROTO: Final = 18
FORWARDED_HOST: Final = 19

# Fields about one connection and not the message. RFC 9110 section 7.6.1 names Connection,
# Proxy-Connection, Keep-Alive, TE, Transfer-Encoding and Upgrade; Transfer-Encoding is written anew
# from the framing, TE and Upgrade where they are meant.
_HOP_BY_HOP: Final = {
    b"connection": CONNECTION,
    b"proxy-connection": REMOVED,
    # Credentials for a proxy on the client's side, and the demand for them: to clients we are the
    # origin, so no upstream of ours should see the ones nor make a browser ask for the others. RFC
    # 9110 section 11.7 lets the first proxy that is asked use them up.
    b"proxy-authenticate": REMOVED,
    b"proxy-authorization": REMOVED,
    b"keep-alive": REMOVED,
    b"te": TE,
    b"transfer-encoding": CODING,
    b"upgrade": UPGRADE,
}

_IN_RESPONSES: Final = _HOP_BY_HOP | {
    b"content-length": LENGTH,
    b"x-request-id": REQUEST_ID,
    b"date": DATE,
    # What says where something is, which may be an address or a path of the upstream's own.
    b"location": REFERENCE,
    b"content-location": REFERENCE,
    b"set-cookie": REFERENCE,
}

# Ours to say are the three that say who asked; the others upstreams believe of whoever stands
# before them (Spring's ForwardedHeaderFilter, Werkzeug's ProxyFix, nginx's real_ip): a trusted
# peer's pass, a stranger's do not.
_IN_REQUESTS: Final = _HOP_BY_HOP | {
    b"host": HOST,
    b"content-length": LENGTH,
    b"x-request-id": REQUEST_ID,
    b"via": VIA,
    b"max-forwards": MAX_FORWARDS,
    b"x-forwarded-for": FORWARDED_FOR,
    b"x-forwarded-proto": FORWARDED_PROTO,
    b"x-forwarded-host": FORWARDED_HOST,
    b"forwarded": FORWARDED,
    b"x-forwarded-port": HEARSAY,
    b"x-forwarded-prefix": HEARSAY,
    b"x-forwarded-scheme": HEARSAY,
    b"x-forwarded-server": HEARSAY,
    b"x-forwarded-ssl": HEARSAY,
    b"x-real-ip": HEARSAY,
    # CGI and its heirs read it as HTTP_PROXY, and send what they ask of others there (httpoxy,
    # CVE-2016-5385). No standard knows such a field.
    b"proxy": REMOVED,
}

# A client may nominate any field in Connection and so have it removed. Never these: without them
# the upstream would see another request than the client (or its nearer proxy) sent.
_NOT_NOMINABLE: Final = frozenset(_IN_REQUESTS.keys() - _HOP_BY_HOP.keys()) | {
    b"authorization",
    b"cookie",
    b"content-type",
    b"content-encoding",
    b"expect",
    b"traceparent",
    b"tracestate",
}

_NOT_IN_TRAILERS: Final = _NOT_NOMINABLE | frozenset(
    [*_HOP_BY_HOP, b"trailer", b"set-cookie", b"location", b"cache-control"]
)

_KEPT: Final = 512
"""Names whose roles are kept: the fields of a site's clients, several times over."""


@lru_cache(_KEPT)
def request_role(name: bytes) -> int:
    """Decide the role of a request field.

    A client's `X-Strangler-*` stays behind: those fields are our own word to an upstream. CGI and
    its heirs (WSGI, Rack) read `X_Forwarded_For` as X-Forwarded-For, so what means something with
    hyphens crosses in that spelling alone; nginx drops every name with an underscore.
    """
    lower = name.lower()
    if lower.startswith(b"x-strangler-"):
        return REMOVED
    if b"_" in lower and request_role(lower.replace(b"_", b"-")) != PLAIN:
        return REMOVED
    return _IN_REQUESTS.get(lower, PLAIN)


@lru_cache(_KEPT)
def response_role(name: bytes) -> int:
    """Decide the role of a response field."""
    return _IN_RESPONSES.get(name.lower(), PLAIN)


def nominable(name: bytes) -> bool:
    """Decide whether a Connection field may have the field `name` (lower-case) removed."""
    return name not in _NOT_NOMINABLE and not name.startswith(b"x-forwarded-")


def allowed_in_trailers(name: bytes) -> bool:
    """Decide whether a trailer field may cross: no framing, no routing, no credentials.

    RFC 9110 section 6.5.1 forbids fields in trailers that a recipient needs before the body.
    """
    hyphened = name.lower().replace(b"_", b"-")
    return hyphened not in _NOT_IN_TRAILERS and not hyphened.startswith(b"x-strangler-")
