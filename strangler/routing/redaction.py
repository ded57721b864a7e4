"""What of the answers that differ may be stored, and for how long. What it means is `compare`'s."""

from dataclasses import dataclass
from enum import StrEnum


class Redaction(StrEnum):
    """What is hashed where no rule says otherwise."""

    VALUES = "values"
    SECRETS = "secrets"  # only what is, or looks like, a credential or personal data


@dataclass(frozen=True, slots=True)
class Retention:
    """How long findings of a route are kept: `age` seconds after they were last seen; how many."""

    age: float = 90 * 86_400.0
    findings: int = 500


DEFAULT_RETENTION = Retention()
