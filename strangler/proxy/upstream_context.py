"""Makes what TLS to an upstream needs, from the files that `routes.yaml` names.

The files are this machine's: a table may come from the store, and have been written on another.
"""

import ssl
from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

from strangler.proxy.certificate import EXPIRES_SOON, read_certificate
from strangler.proxy.pem import Pem, TlsError, load_pair, read_pem, trust
from strangler.routing.mistakes import Mistake
from strangler.routing.table import RouteTable, TlsPolicy, Upstream


class Files(NamedTuple):
    """What two policies may share a context by: all but the name that is asked for."""

    ca: str | None
    cert: str | None
    key: str | None
    verify: bool


class Contents(NamedTuple):
    """What the files held when they were read, None for those that are not named."""

    ca: Pem | None
    cert: Pem | None
    key: Pem | None


def files_of(policy: TlsPolicy) -> Files:
    """Give what a policy's context is made from."""
    return Files(policy.ca, policy.cert, policy.key, policy.verify)


def read_contents(files: Files) -> Contents:
    """Read all files. Raises `TlsError`."""
    return Contents(*(None if path is None else read_pem(path) for path in files[:3]))


def client_context(files: Files, contents: Contents) -> ssl.SSLContext:
    """Make the context of connections to an upstream. Raises `TlsError`."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # which verifies the chain and the name
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    if not files.verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    elif contents.ca is None:
        _trust_the_system(context)
    else:
        trust(context, contents.ca)
        # What the file names is trusted by that, be it a root, an intermediate or a server's own.
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    if contents.cert is not None and contents.key is not None:
        load_pair(context, contents.cert, contents.key)
    return context


def _trust_the_system(context: ssl.SSLContext) -> None:
    context.load_default_certs()
    paths = ssl.get_default_verify_paths()
    if not context.cert_store_stats()["x509_ca"] and not paths.capath:
        said = "holds no CA; set SSL_CERT_FILE to a file that does, or name one in `tls.ca`"
        raise TlsError(paths.openssl_cafile, said)


def concerns(table: RouteTable, name: str, now: datetime) -> list[Mistake]:
    """List what is doubtful about the TLS of a table, seen from this machine; `name` is the file's.

    Not mistakes: another machine may have the files that this one lacks, and no step back of a
    migration is to wait for a certificate.
    """
    return [
        _placed(upstream, policy, key, said, name)
        for upstream in table.upstreams.values()
        for policy in [next((one.tls for one in upstream.targets if one.tls is not None), None)]
        if policy is not None
        for key, said in _doubts(policy, now)
    ]


def _placed(upstream: Upstream, policy: TlsPolicy, key: str, said: str, name: str) -> Mistake:
    line, column = policy.places.get(key, (1, 1))
    return Mistake(line, column, f"upstreams.{upstream.name}.tls.{key}", said, name)


def _doubts(policy: TlsPolicy, now: datetime) -> Iterator[tuple[str, str]]:
    """Give each doubtful setting, and why."""
    if not policy.verify:
        yield "verify", "is off: whoever is between here and the targets can read and alter all"
    files = files_of(policy)
    if not any(files[:3]):
        return  # the system's CAs take their time to read, and are no setting
    names = {files.ca: "ca", files.key: "key", files.cert: "cert"}
    try:
        contents = read_contents(files)
        client_context(files, contents)
        expiry = None if contents.cert is None else read_certificate(contents.cert).not_after
    except OSError as error:
        yield names.get(error.file if isinstance(error, TlsError) else None, "ca"), str(error)
        return
    if expiry is not None and now >= expiry - EXPIRES_SOON:
        word = "expires" if now < expiry else "expired"
        yield "cert", f"{files.cert}: {word} on {expiry:%Y-%m-%d %H:%M} UTC"
