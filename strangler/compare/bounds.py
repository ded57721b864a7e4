"""How far a comparison goes before it gives up, and how it says so."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Bounds:
    """Limits on one comparison. Past any of the first three it is inconclusive, never wrong.

    `body`: bytes of one body once its content-encoding is undone; larger pairs are compared only
    for equal bytes. `depth`: levels of JSON; each costs about three Python frames, so this stays
    far from the interpreter's limit of 1000. `values`: JSON values looked at, some 0.2 to 2 µs
    each. `differences`: how many are kept, and of these `places` per path and kind, so that one
    cause in a thousand elements does not hide another.
    """

    body: int = 16 * 1024 * 1024
    depth: int = 100
    values: int = 2_000_000
    differences: int = 100
    places: int = 5


DEFAULT_BOUNDS = Bounds()


class Inconclusive(Exception):  # noqa: N818 - not an error: a way for a comparison to end
    """A comparison cannot be decided; the message says which side and why, without data."""
