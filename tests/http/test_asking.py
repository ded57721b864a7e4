"""A write is asked about with the fields that say who asks, and none that would repeat it."""

from strangler.http.asking import without_the_write

WRITE = b"""\
Host: shop.example.org
Authorization: Bearer x
Content-Type: application/json
Content-Length: 9
Accept: application/json
If-Match: "7"
Idempotency-Key: k
X-HTTP-Method-Override: DELETE
x_http_method_override: DELETE
Cookie: session=1
Expect: 100-continue
Range: bytes=0-1
Prefer: return=minimal
X-Request-Id: r-1
"""

READ = b"""\
Host: shop.example.org
Authorization: Bearer x
Accept: application/json
Cookie: session=1
X-Request-Id: r-1
"""


def test_what_is_about_the_write_stays_behind() -> None:
    assert without_the_write(WRITE.replace(b"\n", b"\r\n")) == READ.replace(b"\n", b"\r\n")
