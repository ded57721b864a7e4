"""The verb `explain`: what would happen to one request, and why."""

from collections.abc import Iterator
from ipaddress import ip_address
from typing import Annotated
from urllib.parse import urlsplit

import typer

from strangler.cli.failure import VerbError
from strangler.cli.options import DEFAULT_ROUTES, AsJson, RoutesPath
from strangler.cli.output import write_json
from strangler.cli.routes_file import read_routes
from strangler.cli.tables import named, show
from strangler.http.fields import lines_of
from strangler.http.head import HeadError, read_head
from strangler.http.message import RequestHead
from strangler.routing.ambiguity import Outcome
from strangler.routing.config import METHODS
from strangler.routing.explain import Explanation
from strangler.routing.explain import explain as work_out
from strangler.routing.mistakes import did_you_mean


def explain(
    method: Annotated[str, typer.Argument(metavar="METHOD", help="Such as GET.")],
    url: Annotated[str, typer.Argument(metavar="URL", help="A path, or a whole http URL.")],
    header: Annotated[
        list[str] | None,
        typer.Option("--header", metavar="'NAME: VALUE'", help="A request header; repeatable."),
    ] = None,
    client: Annotated[
        str, typer.Option("--client", metavar="ADDRESS", help="The client's address.")
    ] = "127.0.0.1",
    routes: RoutesPath = DEFAULT_ROUTES,
    as_json: AsJson = False,
) -> None:
    """Say which route claims a request and why, who answers it and who gets a copy."""
    head = read_request(method, url, header or [])
    address = _read_address(client)
    explanation = work_out(read_routes(routes).table, head, address)
    ambiguity = explanation.ambiguity
    if ambiguity is not None and ambiguity.outcome is Outcome.REFUSED:
        raise VerbError(
            f"the proxy answers 400 by itself: {explanation.path} {ambiguity}; "
            f"`ambiguous_paths` in {routes} decides"
        )
    if as_json:
        write_json(explanation)
    else:
        show(f"{head.method} {explanation.path}", named(_told(explanation, str(routes))))


def _read_address(text: str) -> str:
    try:
        return str(ip_address(text))
    except ValueError as error:
        raise VerbError(f"--client {text!r} is not an address such as 192.0.2.7") from error


def read_request(method: str, url: str, given: list[str]) -> RequestHead:
    """Make the head that the proxy would read; what it would refuse is a `VerbError`."""
    method = method.upper()
    if method not in {*METHODS, "CONNECT"}:
        raise VerbError(f"unknown method {method}; {did_you_mean(method, METHODS)}")
    authority, target = _part(url)
    headers = [_read_header(text) for text in given]
    if not any(name.lower() == b"host" for name, _ in headers):
        headers.insert(0, (b"Host", authority))
    try:
        return read_head(method, target, "1.1", lines_of(headers)).head
    except HeadError as error:
        raise VerbError(f"the proxy answers {error.status} by itself: {error.detail}") from error


def _part(url: str) -> tuple[bytes, bytes]:
    """Part a URL into what a client sends as Host and as target."""
    url = url.partition("#")[0]
    if not url.lower().startswith(("http://", "https://")):
        return b"localhost", _octets(url)
    try:
        authority = urlsplit(url).netloc.rpartition("@")[2]
    except ValueError as error:
        raise VerbError(f"{url!r} is not a URL: {error}") from error
    after = url.split("://", 1)[1]
    start = min((at for at in map(after.find, "/?") if at >= 0), default=len(after))
    target = after[start:]
    return _octets(authority), _octets(target if target.startswith("/") else f"/{target}")


def _read_header(text: str) -> tuple[bytes, bytes]:
    name, colon, value = text.partition(":")
    if not colon or not name.strip():
        raise VerbError(f"--header {text!r}: write it as 'Name: value'")
    return _octets(name.strip()), _octets(value.strip())


def _octets(text: str) -> bytes:
    """Give the bytes of an argument as the shell passed them."""
    return text.encode("utf-8", "surrogateescape")


def _told(told: Explanation, file: str) -> Iterator[tuple[str, str]]:
    """Write an explanation as names and values."""
    if told.route is None:
        yield "route", "none claims it: it belongs to the monolith"
    else:
        yield "route", f"{told.route} ({file}:{told.line})"
    for passed in told.passed:
        yield "passed over", f"{passed.label} (line {passed.line}): {passed.why}"
    if told.ambiguity is not None:
        yield "ambiguous", str(told.ambiguity)
    if told.domain is not None:
        yield "domain", f"{told.domain}, phase {told.phase}"
    yield "effect", str(told.effect)
    if told.canary is not None:
        yield "canary", str(told.canary)
    if told.rewrite is not None:
        yield "rewrite", str(told.rewrite)
    yield "answered by", f"{told.primary} (the {told.system}), asked for {told.forwarded}"
    yield "copied to", _copy(told)
    if told.read_back is not None:
        sides = f"{told.primary} and {told.candidate}"
        yield "read back", f"{told.read_back} on {sides}, after {_share(told)}"
    if told.fallback is None:
        yield "fallback", "none"
    else:
        yield "fallback", f"{told.fallback}, where {told.primary} fails before its first byte"


def _copy(told: Explanation) -> str:
    if told.copied is None:
        return "nobody"
    copy = f"{told.candidate} (the {told.system.other}), {_share(told)}, as {told.copied}"
    if told.promise is None:
        return copy
    return f"{copy}; a dry run, while it promises at {told.promise} that those change nothing"


def _share(told: Explanation) -> str:
    return f"{told.sample * 100:.4g}% of such requests"
