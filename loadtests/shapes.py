"""The JSON that the API promises its clients: members, types, spellings. More members are fine."""

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Discriminator, Field, TypeAdapter, model_validator
from pydantic_core import PydanticCustomError

NumberText = Annotated[str, Field(pattern=r"^\d+$")]
"""A number that the API writes as a string."""
LocalTime = Annotated[str, Field(pattern=r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$")]
LocalTimeExactly = Annotated[str, Field(pattern=r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}$")]
AbsoluteUrl = Annotated[str, Field(pattern=r"^https?://[^/]+/")]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Number = Annotated[float, Field(allow_inf_nan=False)]


class Shape(BaseModel):
    """An object of the API; a number is never taken for a string, nor the other way round."""

    model_config = ConfigDict(strict=True, frozen=True)


class Links(Shape):
    """Where a dataset and its files are."""

    self: AbsoluteUrl
    files: AbsoluteUrl


class Dataset(Shape):
    """A dataset; an archive has two members more than the other kinds."""

    id: int
    name: str
    kind: Literal["table", "image", "archive"]
    owner_id: NumberText
    description: str
    tags: list[str]
    size_mb: Number
    row_count: NumberText
    checksum: str | None
    created_at: LocalTime
    updated_at: LocalTime
    links: Links
    format: str | None = None
    retention_days: NumberText | None = None

    @model_validator(mode="after")
    def _archive_is_whole(self) -> Self:
        if self.kind == "archive" and (self.format is None or self.retention_days is None):
            raise PydanticCustomError("archive", "an archive needs format and retention_days")
        return self


class Page(Shape):
    """A page of the list of datasets."""

    items: list[Dataset]
    page: int
    per_page: NumberText
    total: NumberText
    next: AbsoluteUrl | None
    generated_at: LocalTimeExactly


class Hits(Shape):
    """What a search found."""

    hits: list[Dataset]
    count: NumberText
    took_ms: Number


class Tags(Shape):
    """The tags of a dataset."""

    tags: list[str]


class Version(Shape):
    """A version of a dataset."""

    number: int
    note: str
    created_at: LocalTime
    size_mb: Number


class Versions(Shape):
    """All versions of a dataset."""

    versions: list[Version]


class Stats(Shape):
    """Figures about a dataset."""

    id: int
    versions: NumberText
    files: NumberText
    bytes: NumberText
    mean_size_mb: Number
    growth_pct: Number
    computed_at: LocalTimeExactly


class File(Shape):
    """A stored file."""

    name: str
    size: NumberText
    sha256: Sha256
    content_type: str
    url: AbsoluteUrl


class Files(Shape):
    """The files of a dataset."""

    files: list[File]


class User(Shape):
    """A user as any other sees them."""

    id: NumberText
    name: str
    display_name: str
    email: str
    city: str
    roles: list[str]


class Login(Shape):
    """The proof of who one is."""

    token: str
    user: User
    expires_at: LocalTime


class Notification(Shape):
    """Something a user was told."""

    id: int
    text: str
    read: bool
    created_at: LocalTime


class Notifications(Shape):
    """A user's notifications."""

    items: list[Notification]
    unread: NumberText


class Fault(Shape):
    """What went wrong."""

    code: str


class Refusal(Shape):
    """An answer that says no."""

    error: Fault


class Hello(Shape):
    """The first message on a WebSocket."""

    type: Literal["hello"]
    user: str


class Pong(Shape):
    """The answer to a ping."""

    type: Literal["pong"]
    n: int


class Pushed(Notification):
    """A notification as it arrives on a WebSocket."""

    type: Literal["notification"]


AnyMessage = Hello | Pong | Pushed
Message: TypeAdapter[AnyMessage] = TypeAdapter(Annotated[AnyMessage, Discriminator("type")])
"""Any message of the WebSocket."""
