"""The bounds by themselves: what is kept does not depend on how the input was cut into parts."""

from hypothesis import given
from hypothesis import strategies as st

from strangler.store.bounds import TEXT_BYTES, keep, storable

keys = st.sets(st.tuples(st.integers(0, 50), st.text(max_size=2)))


@given(keys, keys)
def test_keeping_in_parts_ends_as_keeping_at_once(early: set, late: set) -> None:
    assert keep({*keep(early), *late}) == keep(early | late)


@given(st.text(st.characters(), max_size=3 * TEXT_BYTES))
def test_a_storable_text_is_short_utf8_without_nul_and_stays_so(text: str) -> None:
    kept = storable(text)
    assert len(kept.encode()) <= TEXT_BYTES
    assert "\0" not in kept
    assert storable(kept) == kept
