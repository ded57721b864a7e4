"""How often noise is taken for a finding, and a wrong manner found: services simulated by seeds."""

import random
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from tests.compare.services import Field, Shadow

SEEDS = 12
EXCHANGES = 8


def iso(seconds: float = 0.0, timespec: str = "milliseconds") -> Field:
    return lambda _, now: datetime.fromtimestamp(now + seconds, UTC).isoformat("T", timespec)


def uuid(rng: random.Random, _: float) -> str:
    return str(UUID(int=rng.getrandbits(128), version=4))


def one_of(*values: Any) -> Field:
    return lambda rng, _: rng.choice(values)


def shuffled(*values: Any) -> Field:
    return lambda rng, _: rng.sample(values, len(values))


def always(value: Any) -> Field:
    return lambda _rng, _now: value


def written(form: Callable[[str], str], value: Field) -> Field:
    return lambda rng, now: form(value(rng, now))


NOISE: dict[str, tuple[Field, Field]] = {
    "a clock": (iso(), iso()),
    "a clock in seconds": (iso(timespec="seconds"), iso(0.9, "seconds")),
    "an epoch": (lambda _, now: int(now), lambda _, now: int(now)),
    "an identifier": (uuid, uuid),
    "an identifier of any length": (
        lambda rng, _: f"{rng.getrandbits(64):x}",
        lambda rng, _: f"{rng.getrandbits(64):x}",
    ),
    "one of two": (one_of("a", "b"), one_of("a", "b")),
    "one of three": (one_of("ad-1", "ad-2", "ad-3"), one_of("ad-1", "ad-2", "ad-3")),
    "null at times": (one_of(None, "a", "b"), one_of(None, "a", "b")),
    "a load": (lambda rng, _: round(rng.random(), 2), lambda rng, _: round(rng.random(), 2)),
    "a text of three choices": (
        one_of(*(f"{a} and {b}, {c} 7" for a in "xy" for b in "pq" for c in "mn")),
        one_of(*(f"{a} and {b}, {c} 7" for a in "xy" for b in "pq" for c in "mn")),
    ),
    "a text with a clock": (
        written("made at {} by a7".format, iso()),
        written("made at {} by a7".format, iso()),
    ),
    "a list in no order": (shuffled(*range(6)), shuffled(*range(6))),
}
WRONG: dict[str, tuple[Field, Field]] = {
    "always null": (iso(), always(None)),
    "an hour off": (iso(), iso(-3600)),
    "without its zone": (iso(), written(lambda text: text.removesuffix("+00:00"), iso())),
    "in whole seconds": (iso(), iso(timespec="seconds")),
    "of 1970": (iso(), always("1970-01-01T00:00:00.000+00:00")),
    "in milliseconds": (lambda _, now: int(now), lambda _, now: int(now * 1000)),
    "always the same": (uuid, always("7f2c1a80-1c1f-4a2b-9c7d-0a1b2c3d4e5f")),
    "upper case": (uuid, written(str.upper, uuid)),
    "without hyphens": (uuid, written(lambda text: text.replace("-", ""), uuid)),
    "of chance": (always(5), lambda rng, _: rng.random()),
    "shuffled": (always(list(range(6))), shuffled(*range(6))),
    "a text by another": (
        written("made at {} by a7".format, iso()),
        written("made at {} by a8".format, iso()),
    ),
    "another value": (always(5), always(6)),
}


def found(primary: Field, candidate: Field, seed: str) -> bool:
    shadow = Shadow(primary, candidate, random.Random(seed))
    return any(shadow.exchange().confirmed for _ in range(EXCHANGES))


def test_noise_is_next_to_never_a_finding() -> None:
    seeds = [(kind, f"{kind} {seed}") for kind in NOISE for seed in range(SEEDS)]
    false = [seed for kind, seed in seeds if found(*NOISE[kind], seed)]
    assert len(false) <= len(seeds) / 100, false


@pytest.mark.parametrize("wrong", WRONG)
def test_what_is_wrong_behind_noise_is_found_within_two_requests(wrong: str) -> None:
    for seed in range(SEEDS):
        shadow = Shadow(*WRONG[wrong], random.Random(f"{wrong} {seed}"))
        assert any(shadow.exchange().confirmed for _ in range(2))
