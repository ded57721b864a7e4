"""The one object that every handler reaches for."""

from dataclasses import dataclass
from typing import Self

from starlette.requests import HTTPConnection

from legacy_monolith.announcements import Announcements
from legacy_monolith.contents import Contents
from legacy_monolith.database import Database
from legacy_monolith.settings import Settings


@dataclass(frozen=True, slots=True)
class Monolith:
    """What all three domains share, which is everything."""

    settings: Settings
    announcements: Announcements
    database: Database
    contents: Contents

    @classmethod
    def open(cls, settings: Settings) -> Self:
        """Open the database, creating what is missing, and the contents beside it."""
        announcements = Announcements()
        database = Database(settings.database, announcements)
        contents = Contents(settings.database.with_name(settings.database.name + ".files"))
        return cls(settings, announcements, database, contents)


def monolith_of(connection: HTTPConnection) -> Monolith:
    """Give the monolith that a request or a WebSocket came to."""
    monolith: Monolith = connection.app.state.monolith
    return monolith


def database_of(connection: HTTPConnection) -> Database:
    """Give the database of the monolith that a request or a WebSocket came to."""
    return monolith_of(connection).database
