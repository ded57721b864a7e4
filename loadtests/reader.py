"""The reader: looks at lists, datasets and notifications, and asks for what is not there."""

import random

from locust import between, task

from loadtests.client import DATASET, Client
from loadtests.shapes import Dataset, Hits, Notifications, Page, Stats, User, Versions
from loadtests.witness import DATASETS
from loadtests.writer import PREFIX

PAGES = 3
NO_VERSION = 99_999  # no dataset gets that many
SEARCHES: list[dict[str, object]] = [
    {"q": "bern"},
    {"q": "traffic"},
    {"tags": ["open"]},
    {"kind": "archive"},
    {"q": "nantes", "tags": ["raw"], "kind": "table"},
]


class Reader(Client):
    """Stands for many people who come, look around and go; each visit has an id of its own.

    So a canary of a few percent has enough readers to choose from, and each visitor sticks to
    the side that was chosen for them.
    """

    weight = 5
    wait_time = between(0.04, 0.12)

    def on_start(self) -> None:
        """Log in and get to know some datasets that nobody deletes."""
        super().on_start()
        self._known: list[int] = []
        self.arrive()
        self._list(1)

    @task(1)
    def arrive(self) -> None:
        """Be the next visitor."""
        self.client.headers["X-User-Id"] = self.witness.next_visitor()

    @task(5)
    def look_at_a_page(self) -> None:
        """Look at some page of the list."""
        self._list(random.randint(1, PAGES))

    @task(5)
    def look_at_a_dataset(self) -> None:
        """Look at one dataset."""
        if number := self._some_dataset():
            self.ask(
                "GET",
                f"{DATASETS}/{number}",
                Dataset,
                name=DATASET,
                check=lambda item: "" if item.id == number else f"asked {number}, got {item.id}",
            )

    @task(2)
    def look_at_stats(self) -> None:
        """Look at the figures about a dataset."""
        if number := self._some_dataset():
            self.ask("GET", f"{DATASETS}/{number}/stats", Stats, name=f"{DATASET}/stats")

    @task(2)
    def look_at_versions(self) -> None:
        """Look at the versions of a dataset."""
        if number := self._some_dataset():
            self.ask("GET", f"{DATASETS}/{number}/versions", Versions, name=f"{DATASET}/versions")

    @task(1)
    def ask_for_a_missing_version(self) -> None:
        """Ask for a version that is not there, as people do who follow an old link."""
        if number := self._some_dataset():
            self.ask_in_vain(
                "GET",
                f"{DATASETS}/{number}/versions/{NO_VERSION}",
                (404, "VERSION_NOT_FOUND"),
                name=f"{DATASET}/versions/{{missing}}",
            )

    @task(2)
    def search(self) -> None:
        """Search, which is a POST that only asks."""
        self.ask("POST", f"{DATASETS}/search", Hits, json=random.choice(SEARCHES))

    @task(1)
    def look_at_oneself(self) -> None:
        """Look at one's own profile."""
        self.ask(
            "GET",
            "/api/v1/users/me",
            User,
            check=lambda user: (
                "" if user.name == self.name else f"I am {self.name}, not {user.name}"
            ),
        )

    @task(1)
    def look_at_notifications(self) -> None:
        """Look at what one was told lately."""
        path = "/api/v1/notifications"
        self.ask("GET", f"{path}?limit=20", Notifications, name=f"{path}?limit=N")

    def _list(self, number: int) -> None:
        path = f"{DATASETS}?page={number}&per_page=20"
        found = self.ask(
            "GET",
            path,
            Page,
            name=f"{DATASETS}?page={{n}}",
            check=lambda page: self._wrong_with(page, number),
        )
        if found and number == 1:
            self._known = [item.id for item in found.items if not item.name.startswith(PREFIX)]

    def _wrong_with(self, page: Page, number: int) -> str:
        """Say what is wrong with a page that has the right shape; the next is at the same host."""
        ids = [item.id for item in page.items]
        if page.page != number:
            return f"asked for page {number}, got {page.page}"
        if ids != sorted(set(ids)):
            return f"the items are not in the order of their ids: {ids}"
        if page.next is not None and not page.next.startswith(f"{self.client.base_url}/"):
            return f"the next page leads away from {self.client.base_url}: {page.next}"
        return ""

    def _some_dataset(self) -> int | None:
        return random.choice(self._known) if self._known else None
