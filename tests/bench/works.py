"""The works that every proxy is asked to do: data for the load, whichever client makes it."""

from dataclasses import dataclass

PATH = "/api/v1/datasets?page=2"
DOWNLOAD_PATH = "/api/v1/datasets/7/files/100m.bin"
DOWNLOAD_OCTETS = 100_000_000
HOST = "bench.example"


@dataclass(frozen=True)
class Work:
    """One kind of load: what `connections` clients ask, each as soon as it has been answered.

    `sent_octets` makes it a POST of that many; `browser` changes path and fields from request to
    request; `closing` opens a connection for each; `download` is for whole bodies, one at a time.
    """

    name: str
    title: str
    connections: int
    sent_octets: int = 0
    browser: bool = False
    closing: bool = False
    download: bool = False
    shadowed: bool = False


WORKS = (
    Work("get-32", "1 KB GET, 32 connections", 32),
    Work("get-256", "1 KB GET, 256 connections", 256),
    Work("browser", "1 KB GET, 32 connections, no two heads alike", 32, browser=True),
    Work("post", "16 KB POST, 32 connections", 32, sent_octets=16_384),
    Work("connect", "1 KB GET, a new connection per request", 32, closing=True),
    Work("download", "100 MB download, one at a time", 1, download=True),
    Work("clients-1000", "1 KB GET, 1,000 keep-alive clients", 1000),
    Work("shadow", "1 KB GET, 32 connections, 100 % shadowed and compared", 32, shadowed=True),
)
"""`shadow` is asked of strangler alone: nobody else compares."""
