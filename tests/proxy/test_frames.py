"""Where a frame of ours may stand in a stream of frames: RFC 6455 section 5."""

from hypothesis import given
from hypothesis import strategies as st
from websockets.frames import Frame, Opcode

from strangler.proxy.frames import FrameCursor, going_away

FRAMES = st.builds(
    lambda opcode, size, masked, fin: Frame(opcode, bytes(size), fin).serialize(mask=masked),
    st.sampled_from([Opcode.TEXT, Opcode.BINARY, Opcode.CONT]),
    st.sampled_from([0, 1, 125, 126, 127, 65535, 65536]),
    st.booleans(),
    st.booleans(),
)


@given(st.lists(FRAMES, min_size=1, max_size=4), st.integers(1, 300))
def test_a_close_may_stand_between_frames_and_nowhere_else(frames: list[bytes], step: int) -> None:
    octets = b"".join(frames)
    ends = {sum(map(len, frames[:count])) for count in range(len(frames) + 1)}
    cursor = FrameCursor()
    places = {0} if cursor.takes_close else set()
    fed = 0
    while fed < len(octets):
        # Headers octet by octet, the long middle of a payload at once.
        size = 1 if any(0 <= fed - end < 16 for end in ends) else step * 50
        cursor.feed(octets[fed : fed + size])
        fed = min(fed + size, len(octets))
        if cursor.takes_close:
            places.add(fed)
        assert cursor.takes_close == (fed in ends)

    assert places <= ends
    assert {0, len(octets)} <= places


def test_nothing_stands_behind_a_close() -> None:
    cursor = FrameCursor()
    cursor.feed(Frame(Opcode.CLOSE, b"\x03\xe8").serialize(mask=True))

    assert cursor.closed
    assert not cursor.takes_close


def test_nothing_stands_in_what_are_no_frames() -> None:
    cursor = FrameCursor()
    cursor.feed(b"\x83\x00")  # an opcode that there is not

    assert not cursor.takes_close
    cursor.feed(b"\x81\x00")
    assert not cursor.takes_close


def test_a_close_says_1001_masked_or_not() -> None:
    assert going_away(masked=False) == b"\x88\x02\x03\xe9"
    masked = going_away(masked=True)
    key, hidden = masked[2:6], masked[6:]
    assert masked[:2] == b"\x88\x82"
    assert bytes(a ^ b for a, b in zip(hidden, key, strict=False)) == b"\x03\xe9"
