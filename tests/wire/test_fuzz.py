"""Framings that nobody thought of: what we accept, h11 reads alike, and nothing else crosses.

A real proxy stands between generated octets and a recording origin. h11 shares no code with it and
is more lenient here and there; so the rule has one direction: whatever crosses was there for h11
too, with the same method, target, body and end. Precedent: the HTTP Garden, which plays servers
off against each other. The examples are the same in every run;
`WIRE_EXAMPLES=20000 pytest tests/wire/test_fuzz.py` looks further, each time elsewhere.
"""

import contextlib
from collections.abc import Iterator

import pytest
from hypothesis import given, note
from hypothesis import strategies as st

from tests.wire.ends import OK, End
from tests.wire.octets import ANSWERED, SENT, cut, tried
from tests.wire.origin import Origin
from tests.wire.proxy import Proxy
from tests.wire.readings import Reading, Readings, requests_in, response_in

ROUTES = """\
version: 1
upstreams:
  monolith: {{targets: [{origin}], timeouts: {{response: 20s, idle: 20s}}}}
monolith: monolith
"""
TRIED = tried(500)  # some 3 s for each test


@pytest.fixture(scope="module")
def origin() -> Iterator[Origin]:
    with Origin() as origin:
        yield origin


@pytest.fixture(scope="module")
def proxy(origin: Origin, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    with Proxy(tmp_path_factory.mktemp("fuzz"), ROUTES.format(origin=origin.url)) as proxy:
        yield proxy


@given(sent=SENT)
@TRIED
def test_requests_that_cross_are_those_that_h11_reads(
    proxy: Proxy, origin: Origin, sent: bytes
) -> None:
    note(f"sent: {sent!r}")
    origin.answer, origin.hangs_up = (OK,), False
    received = exchange(proxy, (sent,))
    seen, theirs = origin.take(), requests_in(sent).whole
    note(f"received: {received!r}\ncrossed: {seen}\nh11: {theirs}")

    assert seen.error == ""
    assert len(seen.messages) <= len(theirs)
    for ours, read in zip(seen.messages, theirs, strict=False):
        assert (ours.first, ours.body) == (read.first, read.body)
        assert set(ours.trailers) <= set(read.trailers)  # some may not cross
    answered_in_order(received, len(seen.messages))


@given(sent=SENT, data=st.data())
@TRIED
def test_requests_in_pieces_are_read_as_in_one(
    proxy: Proxy, origin: Origin, sent: bytes, data: st.DataObject
) -> None:
    pieces = cut(data, sent)
    note(f"sent: {pieces!r}")
    origin.answer, origin.hangs_up = (OK,), False
    outcomes = []
    for way in ((sent,), pieces):
        received = exchange(proxy, way)
        outcomes.append(crossed(origin))
        answered_in_order(received, len(outcomes[-1]))

    assert outcomes[0] == outcomes[1]


@given(sent=ANSWERED, method=st.sampled_from([b"GET", b"HEAD"]))
@TRIED
def test_responses_that_cross_are_those_that_h11_reads(
    proxy: Proxy, origin: Origin, sent: bytes, method: bytes
) -> None:
    note(f"sent: {sent!r}")
    ours, theirs = told(proxy, origin, (sent,), method), response_in(sent, method)
    note(f"h11 at the client: {ours}\nh11 at the upstream: {theirs}")

    assert ours.error == "" or ours.cut
    if ours.final is not None and ours.final.first != (b"502",):
        told_alike(ours.final, theirs)


@given(sent=ANSWERED, data=st.data())
@TRIED
def test_responses_in_pieces_are_read_as_in_one(
    proxy: Proxy, origin: Origin, sent: bytes, data: st.DataObject
) -> None:
    pieces = cut(data, sent)
    note(f"sent: {pieces!r}")
    one, other = (whole_answer(told(proxy, origin, way)) for way in ((sent,), pieces))

    assert one == other


def crossed(origin: Origin) -> list[tuple[object, ...]]:
    """Give what the origin has seen since it was last asked, without what is ours in it."""
    return [(seen.first, seen.body, seen.trailers) for seen in origin.take().messages]


def told_alike(ours: Reading, theirs: Readings) -> None:
    """Show that a client was told what the upstream said, and is not told of an end too soon."""
    assert theirs.final is not None
    assert ours.first == theirs.final.first
    if ours.whole:
        assert theirs.final.whole
        assert ours.body == theirs.final.body
        assert set(ours.trailers) <= set(theirs.final.trailers)


def whole_answer(told: Readings) -> tuple[object, ...] | None:
    """Give what a client may take for an answer of the upstream, if it may."""
    final = told.final
    if final is None or not final.whole or final.first == (b"502",):
        return None
    return final.first, final.body, final.trailers


def told(
    proxy: Proxy, origin: Origin, answer: tuple[bytes, ...], method: bytes = b"GET"
) -> Readings:
    """Have the origin answer in these pieces and hang up; give what the client makes of it."""
    origin.answer, origin.hangs_up = answer, True
    client = proxy.client()
    client.send(b"%b / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n" % method)
    received, broken = client.rest_and_whether_broken()
    client.close()
    origin.take()
    note(f"received: {received!r} broken={broken}")
    return response_in(received, method, ended=not broken)


def exchange(proxy: Proxy, pieces: tuple[bytes, ...]) -> bytes:
    """Send the pieces and our end; give all that comes back."""
    client: End = proxy.client()
    for piece in pieces:
        client.send_as_much_as_is_taken(piece)
    with contextlib.suppress(OSError):  # refused and closed already
        client.send_end()
    received = client.rest_in_any_case()
    client.close()
    return received


def statuses(received: bytes) -> list[bytes]:
    """Read responses with a length, one after the other."""
    found = []
    while received:
        head, _, rest = received.partition(b"\r\n\r\n")
        length = next(line for line in head.split(b"\r\n") if line.startswith(b"Content-Length: "))
        found.append(head.split(b" ")[1])
        received = rest[int(length.split()[1]) :]
    return found


def answered_in_order(received: bytes, crossed: int) -> None:
    """Show that what crossed was answered, and at most one refusal stands behind it.

    Where the client's end comes before the turn of what makes no sense, it needs no refusal.
    """
    good, refused = statuses(received)[:crossed], statuses(received)[crossed:]
    assert good == [b"200"] * crossed
    assert len(refused) <= 1
    assert all(b"400" <= status < b"600" for status in refused)
