"""The verb `serve`: reads the command line and hands over to the control plane."""

from pathlib import Path
from typing import Annotated

import typer

from strangler.cli.failure import VerbError
from strangler.cli.options import DEFAULT_STORE, StoreUrl


def serve(
    routes: Annotated[
        Path | None,
        typer.Option(
            "--routes",
            envvar="STRANGLER_ROUTES",
            metavar="FILE",
            help="The routes.yaml to make live; without it the store is followed.",
            show_default=False,
        ),
    ] = None,
    listen: Annotated[
        str,
        typer.Option(
            "--listen", envvar="STRANGLER_LISTEN", metavar="HOST:PORT", help="For clients."
        ),
    ] = "127.0.0.1:8080",
    admin: Annotated[
        str,
        typer.Option(
            "--admin",
            envvar="STRANGLER_ADMIN",
            metavar="HOST:PORT",
            help="For operators: health, readiness, metrics. Never give it to clients.",
        ),
    ] = "127.0.0.1:8081",
    store: StoreUrl = DEFAULT_STORE,
    workers: Annotated[
        int,
        typer.Option(
            "--workers", envvar="STRANGLER_WORKERS", min=1, metavar="N", help="About one per core."
        ),
    ] = 1,
    watch: Annotated[
        bool,
        typer.Option(
            "--watch", envvar="STRANGLER_WATCH", help="Make each good save of the file live."
        ),
    ] = False,
    trusted_proxy: Annotated[
        list[str] | None,
        typer.Option(
            "--trusted-proxy",
            envvar="STRANGLER_TRUSTED_PROXY",
            metavar="NETWORK",
            help="A proxy in front of us whose word on the client is taken; repeatable.",
        ),
    ] = None,
    tls_cert: Annotated[
        Path | None,
        typer.Option(
            "--tls-cert",
            envvar="STRANGLER_TLS_CERT",
            metavar="FILE",
            help="Speak TLS to clients: our certificate with its chain, in PEM form; watched.",
            show_default=False,
        ),
    ] = None,
    tls_key: Annotated[
        Path | None,
        typer.Option(
            "--tls-key",
            envvar="STRANGLER_TLS_KEY",
            metavar="FILE",
            help="The key of --tls-cert, without a passphrase.",
            show_default=False,
        ),
    ] = None,
    tls_client_ca: Annotated[
        Path | None,
        typer.Option(
            "--tls-client-ca",
            envvar="STRANGLER_TLS_CLIENT_CA",
            metavar="FILE",
            help="Refuse clients without a certificate that one of these has signed.",
            show_default=False,
        ),
    ] = None,
    drain: Annotated[
        float,
        typer.Option(
            "--drain",
            envvar="STRANGLER_DRAIN",
            min=0,
            metavar="SECONDS",
            help="How long exchanges may go on after SIGTERM.",
        ),
    ] = 10.0,
    max_connections: Annotated[
        int,
        typer.Option(
            "--max-connections",
            envvar="STRANGLER_MAX_CONNECTIONS",
            min=0,
            metavar="N",
            help="Clients connected to one worker; 0: three quarters of its descriptors.",
        ),
    ] = 0,
    max_connections_per_peer: Annotated[
        int,
        typer.Option(
            "--max-connections-per-peer",
            envvar="STRANGLER_MAX_CONNECTIONS_PER_PEER",
            min=0,
            metavar="N",
            help="Connections of one address to one worker; 0: no bound.",
        ),
    ] = 0,
    max_requests_per_connection: Annotated[
        int,
        typer.Option(
            "--max-requests-per-connection",
            envvar="STRANGLER_MAX_REQUESTS_PER_CONNECTION",
            min=1,
            metavar="N",
            help="Requests after which a connection is closed.",
        ),
    ] = 1_000_000,
    max_body: Annotated[
        int,
        typer.Option(
            "--max-body",
            envvar="STRANGLER_MAX_BODY",
            min=1,
            metavar="BYTES",
            help="Octets in the body of a request.",
        ),
    ] = 10 * 1024**3,
    max_in_flight: Annotated[
        int,
        typer.Option(
            "--max-in-flight",
            envvar="STRANGLER_MAX_IN_FLIGHT",
            min=1,
            metavar="N",
            help="Requests under way in one worker; past it they get 503.",
        ),
    ] = 4096,
    max_compared_body: Annotated[
        int,
        typer.Option(
            "--max-compared-body",
            envvar="STRANGLER_MAX_COMPARED_BODY",
            min=1,
            max=256 * 1024**2,
            metavar="BYTES",
            help="Octets in the body of an answer that is compared with another.",
        ),
    ] = 16 * 1024**2,
    via: Annotated[
        str | None,
        typer.Option(
            "--via",
            envvar="STRANGLER_VIA",
            metavar="NAME",
            help="Our name in Via, unlike any other proxy's; strangler-<random> without it.",
            show_default=False,
        ),
    ] = None,
    replica: Annotated[
        str | None,
        typer.Option(
            "--replica",
            envvar="STRANGLER_REPLICA",
            metavar="NAME",
            help="Our name in the fleet, the same after a restart; HOST:PORT without it.",
            show_default=False,
        ),
    ] = None,
    state: Annotated[
        Path | None,
        typer.Option(
            "--state",
            envvar="STRANGLER_STATE",
            metavar="DIR",
            help="Where this machine keeps what it needs to start while the store is away.",
            show_default=False,
        ),
    ] = None,
    record: Annotated[
        int,
        typer.Option(
            "--record",
            envvar="STRANGLER_RECORD",
            min=0,
            max=600,
            metavar="N",
            help="Request heads recorded a minute, redacted, for `plan` to count by; 0: none.",
        ),
    ] = 60,
) -> int:
    """Stand in front of the monolith and serve, until SIGTERM."""
    if watch and routes is None:
        raise VerbError("--watch needs a file to watch: add --routes FILE")
    if (tls_cert is None) != (tls_key is None) or (tls_client_ca is not None and tls_cert is None):
        raise VerbError("TLS needs a certificate and its key: add --tls-cert FILE --tls-key FILE")
    # The data plane takes longer to import than other verbs to run.
    from strangler.control.certificate import TlsFiles  # noqa: PLC0415
    from strangler.control.serve import ClientLimits, ServeOptions, run  # noqa: PLC0415

    trusted = tuple(trusted_proxy or ())
    tls = TlsFiles(tls_cert, tls_key, tls_client_ca) if tls_cert and tls_key else None
    limits = ClientLimits(
        max_connections,
        max_connections_per_peer,
        max_requests_per_connection,
        max_body,
        max_in_flight,
    )
    return run(
        ServeOptions(
            routes=routes,
            listen=listen,
            admin=admin,
            store=store,
            workers=workers,
            watch=watch,
            trusted=trusted,
            drain=drain,
            tls=tls,
            limits=limits,
            compared=max_compared_body,
            via=via,
            replica=replica,
            state=state,
            record=record,
        )
    )
