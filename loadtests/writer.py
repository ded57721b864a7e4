"""The writer: creates, changes and deletes datasets of its own, and looks for each change."""

import itertools
import random

from locust import between, task

from loadtests.client import DATASET, Client, is_gone
from loadtests.memory import Write
from loadtests.shapes import Dataset, Tags, Version
from loadtests.witness import DATASETS

PREFIX = "load test"
"""What the names of all our datasets begin with; nobody else reads or deletes them."""
FEWEST, MOST = 2, 8  # datasets that a writer has at a time, once it has begun
WORDS = ["open", "daily", "raw", "geo", "verified", "legacy", "public", "été", "größe"]


class Writer(Client):
    """Has datasets of its own; what nobody else changes must show what it wrote last."""

    weight = 3
    wait_time = between(0.1, 0.3)

    def on_start(self) -> None:
        """Log in and create something to work on."""
        super().on_start()
        self._own: list[int] = []
        self._serial = itertools.count(1)
        self.create()

    @task(2)
    def create(self) -> None:
        """Create a dataset of some kind."""
        if len(self._own) >= MOST:
            return
        kind = random.choice(["table", "image", "archive"])
        fields = {
            "name": f"{PREFIX} {self.name} {next(self._serial)}",
            "kind": kind,
            "description": f"{random.choice(WORDS)} {random.random()}",
            "tags": random.sample(WORDS, 3),
            "size_mb": round(random.uniform(0.1, 900), 4),
        }
        item = self.ask("POST", DATASETS, Dataset, expect=201, json=fields)
        if item is None:
            return
        self._own.append(item.id)
        shows = {**fields, "id": item.id, "owner_id": item.owner_id}
        self._remember(f"POST {DATASETS}", item.id, shows)

    @task(4)
    def describe(self) -> None:
        """Change the description and the number of rows."""
        if number := self._some_dataset():
            fields = {
                "description": f"changed {random.random()}",
                "row_count": random.randrange(10**6),
            }
            self.memory.unsettle(f"{DATASETS}/{number}", fields)
            item = self.ask("PATCH", f"{DATASETS}/{number}", Dataset, name=DATASET, json=fields)
            if item is not None:
                shows = {**fields, "row_count": str(fields["row_count"])}
                self._remember(f"PATCH {DATASET}", number, shows)

    @task(2)
    def tag(self) -> None:
        """Set the tags."""
        if number := self._some_dataset():
            tags = random.sample(WORDS, random.randint(0, 4))
            self.memory.unsettle(f"{DATASETS}/{number}", ["tags"])
            path, name = f"{DATASETS}/{number}/tags", f"{DATASET}/tags"
            if self.ask("PUT", path, Tags, name=name, json={"tags": tags}):
                self._remember(f"PUT {name}", number, {"tags": tags})

    @task(2)
    def add_version(self) -> None:
        """Add a version, which changes the size of the dataset as well."""
        if number := self._some_dataset():
            fields = {
                "note": f"delivery {random.random()}",
                "size_mb": round(random.uniform(1, 900), 4),
            }
            path, name = f"{DATASETS}/{number}/versions", f"{DATASET}/versions"
            self.memory.unsettle(f"{DATASETS}/{number}", ["size_mb"])
            version = self.ask("POST", path, Version, name=name, expect=201, json=fields)
            if version is not None:
                shows = {**fields, "number": version.number}
                write = Write(self.name, f"POST {name}", f"{path}/{version.number}", shows)
                self.look_for(self.memory.acknowledge(write), f"{name}/{{n}}")

    @task(1)
    def remove(self) -> None:
        """Delete a dataset."""
        if len(self._own) <= FEWEST:
            return
        number = self._own.pop(random.randrange(len(self._own)))
        self.memory.unsettle_below(f"{DATASETS}/{number}")
        if self.delete(f"{DATASETS}/{number}", DATASET):
            self._remember(f"DELETE {DATASET}", number, is_gone())

    def _remember(self, what: str, number: int, shows: dict[str, object]) -> None:
        """Remember a write to a dataset, and look for it at once."""
        write = Write(self.name, what, f"{DATASETS}/{number}", shows)
        self.look_for(self.memory.acknowledge(write), DATASET)

    def _some_dataset(self) -> int | None:
        return random.choice(self._own) if self._own else None
