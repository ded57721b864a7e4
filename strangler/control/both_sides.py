"""Performs the asking of both sides on an engineer's word. Nothing of the answers is stored."""

import time
from dataclasses import dataclass
from typing import Any

import httpx2

from strangler.compare.bounds import DEFAULT_BOUNDS
from strangler.compare.compare import compare
from strangler.compare.finding import change_of
from strangler.compare.learned import Learned
from strangler.compare.looks import Look
from strangler.compare.noise import Asked, conclude, enough, trace
from strangler.compare.response import Response
from strangler.compare.rules import Rules
from strangler.compare.verdict import Difference, Verdict
from strangler.http.message import RequestHead
from strangler.http.reference import Origin
from strangler.proxy.mapped_output import as_client_sees
from strangler.proxy.pem import TlsError
from strangler.proxy.upstream_context import client_context, files_of, read_contents
from strangler.routing.map_back import map_back
from strangler.routing.table import Route, RouteTable, Target, Upstream

SENT_ONCE = frozenset({b"host", b"connection", b"content-length", b"transfer-encoding"})
"""Fields that our own request has of its own."""


class AskingError(Exception):
    """A side did not answer; the message says which and why."""


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked of both sides: a read that `route` claims, as its client would send it."""

    head: RequestHead
    route: Route
    primary: str
    candidate: str


@dataclass(frozen=True, slots=True)
class Told:
    """What both sides answered first; what differs for good, and what is noise."""

    primary: Response
    candidate: Response
    lasting: tuple[Difference, ...]
    noise: tuple[Difference, ...]
    reason: str = ""

    def of_kind(self, kind: str, change: str, paths: tuple[str, ...]) -> list[Difference]:
        """Give the lasting differences that belong to a finding."""
        return [
            each
            for each in self.lasting
            if each.kind == kind and change_of(each) == change and each.path in paths
        ]


def ask_both(request: Request, table: RouteTable) -> Told:
    """Ask both sides until it is known what is noise, as the proxy does. Raises `AskingError`."""
    shadow = request.route.shadow
    rules = Rules.compile(
        shadow.ignore, shadow.unordered, shadow.plaintext, shadow.tolerance, shadow.keyed
    )
    began = time.time()
    primary, candidate = _sides(request, table)
    first = compare(primary, candidate, rules)
    if first.verdict is Verdict.INCONCLUSIVE:
        return Told(primary, candidate, (), (), first.reason)
    look, learned = Look(first), Learned()
    while True:
        ours, theirs = _sides(request, table)
        untold = look.add(
            compare(primary, ours, rules),
            compare(primary, theirs, rules),
            compare(ours, theirs, rules),
        )
        if untold:
            return Told(primary, candidate, (), (), untold)
        asked = Asked(time.time(), time.time() - began)
        traced = trace(look, asked)
        if enough(look, traced, learned):
            break
    told = conclude(look, traced, learned, asked)
    return Told(primary, candidate, told.confirmed, (*told.noise, *told.racy), told.reason)


def _sides(request: Request, table: RouteTable) -> tuple[Response, Response]:
    return _ask(request, table, request.primary), _ask(request, table, request.candidate)


def url_of(request: Request, table: RouteTable, upstream: str) -> str:
    """Give the URL of one side: at its first target, and rewritten for the service."""
    target = request.route.origin_form(request.head, upstream).decode("latin-1")
    return f"{table.upstreams[upstream].targets[0]}{target}"


def _ask(request: Request, table: RouteTable, upstream: str) -> Response:
    known = table.upstreams[upstream]
    url = url_of(request, table, upstream)
    try:
        answer = _get(request, url, known)
    except (httpx2.HTTPError, OSError, TlsError) as error:
        said = error or type(error).__name__
        raise AskingError(f"{upstream} at {known.targets[0]}: {said}") from error
    host = request.head.first(b"host") or b""
    back = map_back(known, request.route, request.head, Origin(b"http", host))
    return as_client_sees(answer, back)


def _get(request: Request, url: str, upstream: Upstream) -> Response:
    given = request.head.headers
    headers = [(name, value) for name, value in given if name.lower() not in SENT_ONCE]
    headers += [(b"Host", request.head.first(b"host") or b""), (b"Accept-Encoding", b"identity")]
    verify, extensions = _tls(upstream.targets[0])
    timeout = upstream.timeouts.response
    body = bytearray()
    with (
        httpx2.Client(verify=verify, trust_env=False, timeout=timeout) as client,
        client.stream(request.head.method, url, headers=headers, extensions=extensions) as answer,
    ):
        for piece in answer.iter_raw():
            body += piece
            if len(body) > DEFAULT_BOUNDS.body:
                raise AskingError(f"{upstream.name} answered more than is compared")
        return Response(answer.status_code, tuple(answer.headers.raw), bytes(body))


def _tls(target: Target) -> tuple[Any, dict[str, Any]]:
    if target.tls is None:
        return True, {}
    files = files_of(target.tls)
    context = client_context(files, read_contents(files))
    return context, {"sni_hostname": target.tls.server_name}
