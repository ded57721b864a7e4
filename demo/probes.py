"""Clients of the story's own: they ask through the proxy and look who answered."""

from collections.abc import Iterable

import httpx2

SERVICE = "datasets/1.0"
"""The Server field of the extracted service; the monolith has its own."""


class Probes:
    """One keep-alive client; it names itself anew with each request, as a gateway would."""

    def __init__(self, proxy: str) -> None:
        """Ask at `proxy`."""
        self._client = httpx2.Client(base_url=proxy, timeout=15.0)

    def __repr__(self) -> str:
        """Show where it asks."""
        return f"<Probes {self._client.base_url}>"

    def close(self) -> None:
        """Close the connection."""
        self._client.close()

    def inside(self, keys: Iterable[str]) -> set[str]:
        """Give the keys whose reads the service answers. Raises where one is not answered."""
        found = set()
        for key in keys:
            answer = self._client.get("/api/v1/datasets/1", headers={"X-User-Id": key})
            answer.raise_for_status()
            if answer.headers["server"] == SERVICE:
                found.add(key)
        return found

    def statuses(self, keys: Iterable[str]) -> set[int]:
        """Give the statuses that reads with these keys are answered with."""
        return {
            self._client.get("/api/v1/datasets/1", headers={"X-User-Id": key}).status_code
            for key in keys
        }

    def log_in(self) -> None:
        """Be an editor from here on."""
        answer = self._client.post("/api/v1/login", json={"username": "ben", "password": "ben-pw"})
        self._client.headers["Authorization"] = f"Bearer {answer.json()['token']}"

    def create(self, name: str) -> tuple[int, str]:
        """Create a dataset; gives its id and who took it."""
        answer = self._client.post("/api/v1/datasets", json={"name": name, "kind": "table"})
        answer.raise_for_status()
        return answer.json()["id"], answer.headers["server"]

    def describe(self, dataset: int, text: str) -> str:
        """Change a dataset; gives who took the change."""
        answer = self._client.patch(f"/api/v1/datasets/{dataset}", json={"description": text})
        answer.raise_for_status()
        return answer.headers["server"]

    def description(self, dataset: int, at: str = "") -> str:
        """Read a dataset's description, through the proxy or straight `at` one side."""
        answer = self._client.get(f"{at}/api/v1/datasets/{dataset}")
        return answer.json().get("description", "") if answer.status_code == 200 else ""

    def downloader(self) -> str:
        """Give who answers the listing of files."""
        return self._client.get("/api/v1/datasets/1/files").headers["server"]
