import pytest

from strangler.http.set_cookie import edit_reach


def edited(field: bytes) -> bytes:
    return edit_reach(
        field,
        lambda path: b"/api" + path if path.startswith(b"/") else path,
        lambda domain: domain != b"inner",
    )


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        (b"a=b; Path=/x; HttpOnly", b"a=b; Path=/api/x; HttpOnly"),
        (b"a=b;path=/x", b"a=b;path=/api/x"),
        (b"a=b;\tPATH =  /x ;Secure", b"a=b;\tPATH =/api/x;Secure"),
        (b"a=b; Path=/x; Path=/y", b"a=b; Path=/api/x; Path=/api/y"),
        (b"a=b; Domain=inner; Path=/", b"a=b; Path=/api/"),
        (b"a=b; Path=/; domain= inner ", b"a=b; Path=/api/"),
        (b"a=b; Domain=outer", b"a=b; Domain=outer"),
    ],
)
def test_the_reach_of_a_cookie_is_edited(field: bytes, expected: bytes) -> None:
    assert edited(field) == expected


@pytest.mark.parametrize(
    "field",
    [
        b"",
        b"a=b",
        b"path=/x",
        b"a=path=/x",
        b'a="x; Pathological=/x"',
        b"a=b; Path",
        b"a=b; Path=",
        b"a=b; Path=x",
        b"a=b; Expires=Wed, 21 Oct 2026 07:28:00 GMT; Max-Age=1",
        # Browsers refuse these unless their Path is / (RFC 6265bis section 4.1.3.2).
        b"__Host-a=b; Path=/; Secure",
        b"__host-a=b; Path=/; Secure",
    ],
)
def test_all_else_stays_as_it_is(field: bytes) -> None:
    assert edited(field) == field


def test_a_path_that_would_end_the_attribute_is_not_written() -> None:
    field = b"a=b; Path=/x"
    assert edit_reach(field, lambda _: b"/y;z", lambda _: True) == field
