"""Reads the proxy's own metrics, as any monitoring would."""

import httpx2
from prometheus_client.parser import text_string_to_metric_families


class Metrics:
    """One scrape."""

    def __init__(self, admin: str) -> None:
        """Scrape the control port at `admin`."""
        text = httpx2.get(f"{admin}/metrics", timeout=5.0).text
        self._samples = [
            sample for family in text_string_to_metric_families(text) for sample in family.samples
        ]

    def __repr__(self) -> str:
        """Show how much was read."""
        return f"<Metrics {len(self._samples)} samples>"

    def total(self, name: str, **labels: str) -> int:
        """Add up the samples called `name` that carry all of `labels`."""
        return int(
            sum(
                sample.value
                for sample in self._samples
                if sample.name == name and labels.items() <= sample.labels.items()
            )
        )
