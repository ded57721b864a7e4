"""What one upstream answered, complete: the value that a comparison starts from."""

from dataclasses import dataclass

from strangler.http.message import Headers


@dataclass(frozen=True, slots=True)
class Response:
    """One answer. `headers` are its end-to-end fields as received.

    `body` is as received too: its content-encoding still applied, its transfer-encoding undone.
    """

    status: int
    headers: Headers
    body: bytes

    def field(self, name: bytes) -> bytes:
        """Give all values of the field `name` (lower-case) as one, joined as RFC 9110 5.3 says.

        A field that is not there reads as empty.
        """
        return b", ".join(value for field, value in self.headers if field.lower() == name)
