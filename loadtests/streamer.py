"""The streamer: uploads and downloads files, and checks every byte both ways."""

import hashlib
import itertools
import random
import time
from collections.abc import Iterator, Mapping

from locust import between, task

from loadtests.client import DATASET, Client, has_content, is_gone
from loadtests.judgement import Unexpected, judge_status
from loadtests.memory import Write
from loadtests.shapes import Dataset, File, Files
from loadtests.witness import DATASETS
from loadtests.writer import PREFIX

FILE = f"{DATASET}/files/{{name}}"
NAMES = [f"part-{number:02}.bin" for number in range(12)]
"""Few enough that uploads replace one another."""
SIZES = [(2_000, 64_000), (64_000, 400_000), (1_000_000, 2_000_000)]
"""Bytes from, to: mostly small; large enough now and then that no buffer holds it all."""
HOW_OFTEN = [14, 5, 1]
PIECE = 32 * 1024
CHECKSUM = "X-Checksum-SHA256"


class Streamer(Client):
    """Has one dataset of its own, and files in it."""

    weight = 2
    wait_time = between(0.15, 0.4)

    def on_start(self) -> None:
        """Log in and create the dataset."""
        super().on_start()
        self._files: dict[str, str] = {}
        self._path = ""
        fields = {"name": f"{PREFIX} files of {self.name}", "kind": "image"}
        item = self.ask("POST", DATASETS, Dataset, expect=201, json=fields)
        if item is not None:
            self._path = f"{DATASETS}/{item.id}/files"
            write = Write(self.name, f"POST {DATASETS}", f"{DATASETS}/{item.id}", fields)
            self.look_for(self.memory.acknowledge(write), DATASET)

    @task(4)
    def upload(self) -> None:
        """Upload a file: half of them chunked, as a stream of unknown length."""
        if not self._path:
            return
        name, content = random.choice(NAMES), _some_bytes()
        sha256 = hashlib.sha256(content).hexdigest()
        path = f"{self._path}/{name}"
        self._forget(name)
        stored = self.ask(
            "PUT",
            path,
            File,
            name=FILE,
            expect=201,
            check=lambda file: _wrong_with(file, name, sha256, len(content)),
            data=random.choice([content, _pieces(content)]),
            headers={CHECKSUM: sha256, "Content-Type": "application/x-load-test"},
        )
        if stored is not None:
            self.witness.uploads += 1
            self.witness.file_bytes += len(content)
            write = Write(self.name, f"PUT {FILE}", path, has_content(sha256))
            if self.look_for(self.memory.acknowledge(write), FILE):
                self._files[name] = sha256

    @task(5)
    def download(self) -> None:
        """Download a file as a stream."""
        if name := self._some_file():
            sha256, began = self._files[name], time.perf_counter()
            with self.judged("GET", f"{self._path}/{name}", name=FILE, stream=True) as response:
                judge_status(200, response.status_code, b"")
                found, size = hashlib.sha256(), 0
                for piece in response.iter_content(PIECE):
                    found.update(piece)
                    size += len(piece)
                # Locust stops its clock at the head of a streamed response.
                response.request_meta = {
                    **response.request_meta,
                    "response_time": (time.perf_counter() - began) * 1000,
                    "response_length": size,
                }
                _compare(sha256, found.hexdigest(), response.headers)
                self.witness.downloads += 1
                self.witness.file_bytes += size

    @task(1)
    def list_files(self) -> None:
        """List the files; those that were seen must be among them."""
        if self._path:
            self.ask("GET", self._path, Files, name=f"{DATASET}/files", check=self._missing_from)

    @task(1)
    def upload_with_a_wrong_checksum(self) -> None:
        """Upload something that was damaged on its way: it must be refused."""
        if self._path:
            self.ask_in_vain(
                "PUT",
                f"{self._path}/damaged.bin",
                (422, "CHECKSUM_MISMATCH"),
                name=f"{DATASET}/files/{{damaged}}",
                data=_some_bytes(),
                headers={CHECKSUM: "0" * 64},
            )

    @task(1)
    def remove(self) -> None:
        """Delete a file."""
        if name := self._some_file():
            self._forget(name)
            path = f"{self._path}/{name}"
            if self.delete(path, FILE):
                write = Write(self.name, f"DELETE {FILE}", path, is_gone())
                self.look_for(self.memory.acknowledge(write), FILE)

    def _forget(self, name: str) -> None:
        """Expect nothing of a file that is about to change."""
        self._files.pop(name, None)
        self.memory.unsettle_below(f"{self._path}/{name}")

    def _missing_from(self, listed: Files) -> str:
        shown = {file.name: file.sha256 for file in listed.files}
        wrong = [name for name, sha256 in self._files.items() if shown.get(name) != sha256]
        return f"not listed as uploaded: {', '.join(wrong)}" if wrong else ""

    def _some_file(self) -> str | None:
        return random.choice([*self._files]) if self._files else None


def _some_bytes() -> bytes:
    smallest, largest = random.choices(SIZES, HOW_OFTEN)[0]
    return random.randbytes(random.randint(smallest, largest))


def _pieces(content: bytes) -> Iterator[bytes]:
    """Give the content in pieces: `requests` sends what has no length with chunked coding."""
    for start in itertools.count(0, PIECE):
        if start >= len(content):
            return
        yield content[start : start + PIECE]


def _compare(uploaded: str, content: str, headers: Mapping[str, str]) -> None:
    """Compare what was uploaded with what came back, and with what its headers claim."""
    claims = {
        "the content": content,
        "ETag": headers.get("ETag", "").strip('"'),
        CHECKSUM: headers.get(CHECKSUM, ""),
    }
    wrong = [f"{source} {sha256}" for source, sha256 in claims.items() if sha256 != uploaded]
    if wrong:
        raise Unexpected(f"uploaded with SHA-256 {uploaded}, but {', '.join(wrong)}")


def _wrong_with(file: File, name: str, sha256: str, size: int) -> str:
    """Say what is wrong with the receipt of an upload."""
    uploaded = (name, sha256, str(size))
    received = (file.name, file.sha256, file.size)
    return "" if received == uploaded else f"uploaded {uploaded}, the receipt says {received}"
