"""Decides whether two JSON values are certainly equal, without any rule: what most of a pair is."""

_DEEPEST = 250
"""Levels. Deeper is looked at by the walk, which says where it ends: a level costs Python frames,
of which there are a thousand."""


def alike(ours: object, theirs: object, levels: int = _DEEPEST) -> bool:
    """Decide whether two values are equal to the last type; False means "look more closely".

    Python takes true for 1, which JSON does not. The same number as 1 and as 1.0 is looked at more
    closely, and so is what a query has marked.
    """
    if isinstance(ours, str):
        return type(ours) is type(theirs) and ours == theirs
    below = levels - 1
    if isinstance(ours, dict):
        if not isinstance(theirs, dict) or len(ours) != len(theirs) or below < 0:
            return False
        return all(
            name in theirs and alike(left, theirs[name], below) for name, left in ours.items()
        )
    if isinstance(ours, list):
        if not isinstance(theirs, list) or len(ours) != len(theirs) or below < 0:
            return False
        return all(alike(left, theirs[at], below) for at, left in enumerate(ours))
    return type(ours) is type(theirs) and ours == theirs
