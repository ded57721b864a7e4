"""docs/operations.md must name each metric that there is, and no other."""

import re
from pathlib import Path

from strangler.control import counted, metrics
from strangler.proxy.breaker import FAILURES, REST
from strangler.proxy.pool import PROBE_AFTER
from strangler.proxy.race import STAGGER
from strangler.proxy.retry_budget import IN_HAND, RECENT
from strangler.proxy.settings import Settings
from strangler.routing.table import EjectionPolicy, HealthCheck, RetryPolicy

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")


def test_every_metric_is_on_the_page_and_no_other() -> None:
    sources = (Path(str(module.__file__)) for module in (counted, metrics))
    source = "".join(path.read_text(encoding="utf-8") for path in sources)
    made = set(re.findall(r'"(strangler_[a-z_]+)"', source))
    names = re.findall(r"^\| `(strangler_\w+)`", PAGE, re.MULTILINE)
    told = {name.removesuffix("_total") for name in names}

    assert told == made


def test_the_bounds_of_shadowing_are_the_code_s() -> None:
    settings = Settings()

    assert f"| copies under way | {settings.copies_in_flight}, shared" in PAGE
    assert f"| memory held by copies | {settings.copy_octets // 2**20} MiB |" in PAGE
    assert f"| an answer's body that is compared | {settings.copied_body // 2**20} MiB" in PAGE
    assert f"| a request's body that is copied | {settings.copied_request // 2**20} MiB |" in PAGE
    failures = "| failures of a candidate in a row on one route, too large answers among them"
    assert f"{failures} | {FAILURES} | no copies of it for {REST:.0f} s" in PAGE
    assert f"after {settings.confirm_after} s" in PAGE


def test_the_numbers_of_what_spares_upstreams_are_the_code_s() -> None:
    page = " ".join(PAGE.split())
    ejection, retries = EjectionPolicy(), RetryPolicy()

    assert f"one is tried every {PROBE_AFTER} s" in page
    assert f"one is made every {PROBE_AFTER} s" in page
    assert ejection.after == 5  # the page has it as a word
    assert f"| {ejection.shortest:.0f} s is over, twice as long each further time" in page
    assert f"{ejection.longest:.0f} s at most" in page
    assert HealthCheck("/").unhealthy_after == 2  # the page has it as a word
    assert f"{retries.budget:.0%} of the requests".replace("%", " %") in page
    assert f"the last {'ten' if RECENT == 10 else RECENT} seconds" in page
    assert f"{retries.floor:.0f} a second besides, and {IN_HAND:.0f} in hand" in page
    assert STAGGER == 0.25  # the page has it as a word
