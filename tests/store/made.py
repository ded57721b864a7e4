"""A store as `strangler` makes it, copied: to make one takes longer than most tests do."""

import asyncio
import atexit
import shutil
import tempfile
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path

from strangler.store.store import Store


def make_store(path: Path) -> None:
    """Have an empty store at `path`, up to date, unless something is in its way already."""
    if path.parent.is_file():
        return
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not path.exists():
        shutil.copy(_made_once(), path)


@cache
def _made_once() -> Path:
    directory = Path(tempfile.mkdtemp(prefix="made-"))
    atexit.register(shutil.rmtree, directory)
    made = directory / "strangler.db"
    with ThreadPoolExecutor(1) as aside:  # in our own thread a loop may run
        aside.submit(asyncio.run, _migrated(made)).result()
    return made


async def _migrated(path: Path) -> None:
    store = await Store.open(f"sqlite:///{path}", migrate=True)
    await store.close()
