"""Contents arrive completely or not at all, and stay as long as a file has them."""

import hashlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from extracted.datasets.contents import PIECE, Contents, pieces_of


async def stream(*pieces: bytes) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece


async def broken() -> AsyncIterator[bytes]:
    yield b"begun"
    raise ConnectionError


def names(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


async def test_an_adopted_content_is_there_under_its_hash(tmp_path: Path) -> None:
    contents = Contents(tmp_path)
    async with contents.receive(stream(b"ab", b"", b"c")) as received:
        contents.adopt(received)
    assert received.sha256 == hashlib.sha256(b"abc").hexdigest()
    assert received.size == 3
    file = contents.open(received.sha256)
    assert file is not None
    assert [piece async for piece in pieces_of(file)] == [b"abc"]
    assert file.closed


async def test_a_content_that_is_not_adopted_leaves_nothing(tmp_path: Path) -> None:
    contents = Contents(tmp_path)
    async with contents.receive(stream(b"abc")) as received:
        assert received.path.read_bytes() == b"abc"
    assert names(tmp_path) == []
    assert contents.open(received.sha256) is None


async def test_a_stream_that_breaks_off_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(ConnectionError):
        async with Contents(tmp_path).receive(broken()):
            pytest.fail("it did not arrive")
    assert names(tmp_path) == []


async def test_contents_are_given_in_pieces(tmp_path: Path) -> None:
    contents = Contents(tmp_path)
    async with contents.receive(stream(b"x" * (2 * PIECE + 1))) as received:
        contents.adopt(received)
    file = contents.open(received.sha256)
    assert file is not None
    assert [len(piece) async for piece in pieces_of(file)] == [PIECE, PIECE, 1]


def test_what_a_killed_process_left_half_done_is_removed(tmp_path: Path) -> None:
    (tmp_path / "arriving-x").touch()
    (tmp_path / ("a" * 64)).touch()
    contents = Contents(tmp_path)
    assert names(tmp_path) == ["a" * 64]
    assert "a" * 64 in contents
    assert repr(contents) == f"<Contents {tmp_path}>"
