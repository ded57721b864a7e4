"""What a new database begins with: the same every time, but for passwords' salts and timestamps."""

import hashlib
import json
import random
import string
from typing import Any

from legacy_monolith import dataset_rows, file_rows
from legacy_monolith.contents import Contents
from legacy_monolith.database import Database
from legacy_monolith.passwords import scramble
from legacy_monolith.quirks import local_time

PEOPLE = [
    # name, display name, city, roles; the password is the name and "-pw"
    ("ada", "Ada Müller", "Zürich", ["admin", "editor"]),
    ("ben", "Benoît Léger", "Genève", ["editor"]),
    ("cyn", "Cynthia Ibáñez", "Málaga", ["reader"]),
    *((f"user{n:02}", f"Utilisateur {n}", "Orléans", ["editor"]) for n in range(1, 21)),
]
OWNERS = len(PEOPLE) - 3  # everyone but ada, ben and cyn owns some datasets, in turn
TOPICS = ["Traffic", "Météo", "Census", "Land use", "Air quality", "Timetables", "Énergie"]
PLACES = ["Zürich", "Genève", "Orléans", "Málaga", "Bern", "Nantes"]
TAGS = ["open", "daily", "raw", "geo", "verified", "legacy", "public"]
KINDS = ["table", "image", "archive"]


def seed(database: Database, contents: Contents, datasets: int) -> None:
    """Fill a database that has no users yet; all of it or nothing."""
    if database.value("SELECT count(*) FROM users"):
        return
    dice = random.Random(1999)  # noqa: S311 - the same data each time, no secret
    with database.transaction():
        for person in PEOPLE:
            _add_user(database, *person)
        for number in range(1, datasets + 1):
            _add_dataset(database, contents, number, dice)


def _add_user(database: Database, name: str, display_name: str, city: str, roles: Any) -> None:
    database.change(
        "INSERT INTO users VALUES"
        " (:id, :name, :password, :display_name, :email, :city, :roles, :created_at)",
        id=database.next_id("users"),
        name=name,
        password=scramble(f"{name}-pw"),
        display_name=display_name,
        email=f"{name}@datenhaus.example",
        city=city,
        roles=json.dumps(roles),
        created_at=local_time(),
    )


def _add_dataset(database: Database, contents: Contents, number: int, dice: random.Random) -> None:
    name = f"{dice.choice(TOPICS)} {dice.choice(PLACES)} {number:03}"
    fields = {
        "name": name,
        "kind": KINDS[number % len(KINDS)],
        "description": f"{name}: as delivered, not corrected.",
        "tags": dice.sample(TAGS, dice.randint(2, 4)),
        "size_mb": _size(dice),
        "row_count": dice.randint(10, 90_000),
        "checksum": hashlib.sha256(name.encode()).hexdigest() if number % 4 else None,
    }
    row = dataset_rows.create(database, 4 + number % OWNERS, fields)
    for version in range(number % 4):
        row = dataset_rows.find_dataset(database, row["id"])
        dataset_rows.add_version(database, row, f"delivery {version + 2}", _size(dice))
    if number % 3 == 1:
        _add_file(database, contents, row, dice)


def _add_file(database: Database, contents: Contents, row: Any, dice: random.Random) -> None:
    content = "".join(dice.choices(string.ascii_letters + "\n", k=2048)).encode()
    with contents.spool() as spool:
        spool.write(content)
        spool.keep()
    file = {
        "dataset_id": row["id"],
        "name": "readme.txt",
        "size": spool.size,
        "sha256": spool.sha256,
        "content_type": "text/plain",
        "created_at": local_time(),
    }
    file_rows.store(database, row, file)


def _size(dice: random.Random) -> float:
    return round(dice.uniform(0.5, 400), 4)
