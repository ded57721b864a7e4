"""Finds where two sequences part."""


def first_difference(ours: str | bytes, theirs: str | bytes) -> int:
    """Find where two sequences part, by halving: slices compare at the speed of C."""
    same, end = 0, min(len(ours), len(theirs))
    while same < end:
        middle = (same + end + 1) // 2
        if ours[same:middle] == theirs[same:middle]:
            same = middle
        else:
            end = middle - 1
    return same
