"""Addresses as people write them, and why one cannot be listened on."""

import socket

import pytest

from strangler.control.listen import ListenError, listen, parse_address, shown


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("127.0.0.1:8080", ("127.0.0.1", 8080)),
        ("localhost:0", ("localhost", 0)),
        ("[::1]:8080", ("::1", 8080)),
        (":8080", ("0.0.0.0", 8080)),
    ],
)
def test_an_address_is_a_host_and_a_port(text: str, address: tuple[str, int]) -> None:
    assert parse_address(text, "--listen") == address


@pytest.mark.parametrize("text", ["", "8080", "localhost", "a:b", "a:", "a:-1", "a:65536", "a:٣"])
def test_what_is_no_address_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ListenError, match=r"--admin .*: write it as HOST:PORT, such as"):
        parse_address(text, "--admin")


def test_port_0_takes_one_free_port_for_all_sockets() -> None:
    sockets = listen("127.0.0.1:0", "--listen", 3)
    try:
        addresses = {shown(sock) for sock in sockets}
        assert len(sockets) == 3
        assert len(addresses) == 1
        assert addresses != {"127.0.0.1:0"}
        assert not any(sock.getblocking() for sock in sockets)
    finally:
        for sock in sockets:
            sock.close()


@pytest.mark.parametrize("count", [1, 2])
def test_a_port_in_use_is_said_with_a_way_out(count: int) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        where = f"127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(ListenError) as refused:
            listen(where, "--listen", count)

    assert str(refused.value) == (
        f"--listen {where}: the port is in use; stop the other program or choose another port"
    )


def test_an_address_of_another_machine_is_said_so() -> None:
    with pytest.raises(ListenError, match=r"192\.0\.2\.1:0: this machine has no such address"):
        listen("192.0.2.1:0", "--listen")  # RFC 5737: nobody's


def test_a_name_that_does_not_resolve_is_one_line() -> None:
    with pytest.raises(ListenError, match=r"--listen no-such-host\.invalid:1: "):
        listen("no-such-host.invalid:1", "--listen")


def test_an_address_is_shown_as_it_would_be_written() -> None:
    (sock,) = listen("127.0.0.1:0", "--listen")
    with sock:
        assert shown(sock) == f"127.0.0.1:{sock.getsockname()[1]}"
