"""The endpoints of files: uploaded and downloaded as streams of any size."""

import re
from functools import partial

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from extracted.datasets import operations
from extracted.datasets.clock import local_time
from extracted.datasets.contents import Received, pieces_of
from extracted.datasets.gate import answer, base_of, require_writer, service_of
from extracted.datasets.model import StoredFile
from extracted.datasets.refusal import Missing, Refusal
from extracted.datasets.wire import file_json

# A URL cannot name "." and "..": clients resolve them away.
NAME = re.compile(r"(?!\.{1,2}$)[A-Za-z0-9._-]{1,100}", re.ASCII)
ANYTHING = "application/octet-stream"


async def index(request: Request) -> Response:
    """List the files of a dataset."""
    _, files = await service_of(request).read(
        partial(operations.show_with_files, dataset_id=request.path_params["id"])
    )
    base = base_of(request)
    return answer({"files": [file_json(file, base) for file in files]})


async def upload(request: Request) -> Response:
    """Take in a file, in place of one of that name; a checksum that is given must be right."""
    require_writer(request)
    service, dataset_id, name = service_of(request), request.path_params["id"], _name(request)
    await service.read(partial(operations.show, dataset_id=dataset_id))
    async with service.contents.receive(request.stream()) as received:
        _check(received, request.headers.get("x-checksum-sha256"))
        file = StoredFile(
            dataset_id=dataset_id,
            name=name,
            size=received.size,
            sha256=received.sha256,
            content_type=request.headers.get("content-type", ANYTHING),
            created_at=local_time(),
        )
        await service.write(
            partial(operations.store_file, contents=service.contents, received=received, file=file)
        )
    body = file_json(file, base_of(request))
    return answer(body, 201, body["url"])


async def download(request: Request) -> Response:
    """Stream a file, in chunks."""
    service, name = service_of(request), _name(request)
    find = partial(operations.show_file, dataset_id=request.path_params["id"], name=name)
    file = await service.read(find)
    content = service.contents.open(file.sha256)
    if content is None:
        # Replaced or deleted between the two steps.
        file = await service.read(find)
        content = service.contents.open(file.sha256)
    if content is None:
        raise Missing("FILE_NOT_FOUND", f"dataset {file.dataset_id} has no file {name}")
    headers = {
        "ETag": f'"{file.sha256}"',
        "X-Checksum-SHA256": file.sha256,
        "Content-Disposition": f'attachment; filename="{file.name}"',
        "Content-Type": file.content_type,
    }
    if request.method == "HEAD":
        content.close()
        return StreamingResponse((), headers=headers)
    return StreamingResponse(pieces_of(content), headers=headers)


async def remove(request: Request) -> Response:
    """Delete a file."""
    require_writer(request)
    name = _name(request)
    await service_of(request).write(
        partial(operations.remove_file, dataset_id=request.path_params["id"], name=name)
    )
    return Response(status_code=204)


def _check(received: Received, expected: str | None) -> None:
    if expected is not None and expected.strip().lower() != received.sha256:
        raise Refusal(422, "CHECKSUM_MISMATCH", f"the content has the SHA-256 {received.sha256}")


def _name(request: Request) -> str:
    name: str = request.path_params["name"]
    if not NAME.fullmatch(name):
        mistake = "must be 1 to 100 of A-Z, a-z, 0-9, dot, hyphen and underscore"
        raise Refusal(422, "INVALID", "some fields are not valid", {"name": mistake})
    return name
