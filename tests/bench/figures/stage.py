"""Where a figure is measured: one proxy, alone on its core, in front of the figure's upstream."""

import itertools
import resource
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.bench.cores import PROXIES, pinned_to
from tests.bench.peers import ours
from tests.bench.peers.everyone import STRANGLER
from tests.bench.peers.recipes import RECIPES, other, where_is
from tests.bench.peers.running import Running
from tests.wire.proxy import Proxy

PLAIN = """\
version: 1
upstreams:
  monolith: {{targets: ["http://127.0.0.1:{origin}"]}}
monolith: monolith
"""
"""No health checks: most figures have an upstream that answers nothing by itself."""


class Stage:
    """Starts proxies for figures, each with a directory of its own.

    `peers` are those that are wanted; `reloads` is how many a figure on reloads may make.
    """

    def __init__(
        self, directory: Path, peers: Sequence[str], reloads: int, say: Callable[[str], None]
    ) -> None:
        self.reloads = reloads
        self.say = say
        self._directory = directory
        self._peers = peers
        self._numbers = itertools.count()

    def __repr__(self) -> str:
        return f"<Stage {self._directory}, peers {', '.join(self._peers)}>"

    def anchors(self, *names: str) -> list[str]:
        """Choose of the others those that are wanted and here."""
        return [
            name
            for name in names
            if name in self._peers and where_is(RECIPES[name].program) is not None
        ]

    @contextmanager
    def proxy(self, name: str, origin: int) -> Iterator[Running]:
        """Start a proxy of this name in front of an upstream's port."""
        with ExitStack() as stack:
            if name == STRANGLER:
                yield running(stack.enter_context(self.strangler(PLAIN.format(origin=origin))))
            else:
                with pinned_to(PROXIES):
                    one = stack.enter_context(other(name, self.place(), origin))
                yield one

    @contextmanager
    def strangler(
        self, routes: str, *args: str, cores: frozenset[int] = PROXIES
    ) -> Iterator[Proxy]:
        """Start strangler with a table of its own."""
        place = self.place()
        place.mkdir()
        with ExitStack() as stack:
            with pinned_to(cores):
                proxy = stack.enter_context(Proxy(place, routes, *args))
            yield proxy

    def place(self) -> Path:
        """Name a directory that is not there yet."""
        return self._directory / str(next(self._numbers))


def running(proxy: Proxy, name: str = STRANGLER) -> Running:
    """See strangler as any other proxy."""
    return Running(name, proxy.program.port, ours.tree(proxy.program))


def open_as_many_files_as_allowed() -> int:
    """Raise our own limit, which proxies inherit, to the hard one; give it."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard
