"""The whole corpus: what is written by hand and what is made."""

from tests.corpus import noisy_fields
from tests.corpus.pairs import Pair, load


def load_all() -> list[Pair]:
    """Give every labelled pair."""
    return [*load(), *noisy_fields.pairs()]
