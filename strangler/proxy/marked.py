"""Performs one write whose client is told when it was, so that it reads what it has written."""

import time

from strangler.http.forwarding import comes_by_tls
from strangler.proxy.exchange import Exchange
from strangler.proxy.response_output import ResponseOutput
from strangler.proxy.response_reader import ResponseHead
from strangler.routing.own_writes import OwnWrites


class MarkedExchange(Exchange):
    """A write of a domain whose clients read their own writes."""

    __slots__ = ()

    def _write(self, head: ResponseHead) -> ResponseOutput:
        """Write the response with a token for the client, whatever the answer: it may have written.

        The time is that of the answer: what was written was written before.
        """
        own: OwnWrites | None = None if self.route is None else self.route.own_writes
        if own is None:
            return self._output_of(head, b"")
        key = self.plane.settings.token_key
        secure = comes_by_tls(self.client.peer, self.head.headers)
        return self._output_of(head, own.line(key, time.time(), secure=secure))
