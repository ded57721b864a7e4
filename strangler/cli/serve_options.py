"""The flags of `serve`, in the order of its `--help`."""

from pathlib import Path
from typing import Annotated, TypeAlias

import typer

RoutesToServe: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        "--routes",
        envvar="STRANGLER_ROUTES",
        metavar="FILE",
        help="The routes.yaml to make live; without it the store is followed.",
        show_default=False,
    ),
]
ListenAddress: TypeAlias = Annotated[
    str,
    typer.Option("--listen", envvar="STRANGLER_LISTEN", metavar="HOST:PORT", help="For clients."),
]
AdminAddress: TypeAlias = Annotated[
    str,
    typer.Option(
        "--admin",
        envvar="STRANGLER_ADMIN",
        metavar="HOST:PORT",
        help="For operators: health, readiness, metrics. Never give it to clients.",
    ),
]
Workers: TypeAlias = Annotated[
    int,
    typer.Option(
        "--workers", envvar="STRANGLER_WORKERS", min=1, metavar="N", help="About one per core."
    ),
]
Watch: TypeAlias = Annotated[
    bool,
    typer.Option("--watch", envvar="STRANGLER_WATCH", help="Make each good save of the file live."),
]
TrustedProxies: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--trusted-proxy",
        envvar="STRANGLER_TRUSTED_PROXY",
        metavar="NETWORK",
        help="A proxy in front of us whose word on the client is taken; repeatable.",
    ),
]
TlsCert: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        "--tls-cert",
        envvar="STRANGLER_TLS_CERT",
        metavar="FILE",
        help="Speak TLS to clients: our certificate with its chain, in PEM form; watched.",
        show_default=False,
    ),
]
TlsKey: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        "--tls-key",
        envvar="STRANGLER_TLS_KEY",
        metavar="FILE",
        help="The key of --tls-cert, without a passphrase.",
        show_default=False,
    ),
]
TlsClientCa: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        "--tls-client-ca",
        envvar="STRANGLER_TLS_CLIENT_CA",
        metavar="FILE",
        help="Refuse clients without a certificate that one of these has signed.",
        show_default=False,
    ),
]
DrainSeconds: TypeAlias = Annotated[
    float,
    typer.Option(
        "--drain",
        envvar="STRANGLER_DRAIN",
        min=0,
        metavar="SECONDS",
        help="How long exchanges may go on after SIGTERM.",
    ),
]
MaxConnections: TypeAlias = Annotated[
    int,
    typer.Option(
        "--max-connections",
        envvar="STRANGLER_MAX_CONNECTIONS",
        min=0,
        metavar="N",
        help="Clients connected to one worker; 0: three quarters of its descriptors.",
    ),
]
MaxConnectionsPerPeer: TypeAlias = Annotated[
    int,
    typer.Option(
        "--max-connections-per-peer",
        envvar="STRANGLER_MAX_CONNECTIONS_PER_PEER",
        min=0,
        metavar="N",
        help="Connections of one address to one worker; 0: no bound.",
    ),
]
MaxRequestsPerConnection: TypeAlias = Annotated[
    int,
    typer.Option(
        "--max-requests-per-connection",
        envvar="STRANGLER_MAX_REQUESTS_PER_CONNECTION",
        min=1,
        metavar="N",
        help="Requests after which a connection is closed.",
    ),
]
MaxBody: TypeAlias = Annotated[
    int,
    typer.Option(
        "--max-body",
        envvar="STRANGLER_MAX_BODY",
        min=1,
        metavar="BYTES",
        help="Octets in the body of a request.",
    ),
]
MaxInFlight: TypeAlias = Annotated[
    int,
    typer.Option(
        "--max-in-flight",
        envvar="STRANGLER_MAX_IN_FLIGHT",
        min=1,
        metavar="N",
        help="Requests under way in one worker; past it they get 503.",
    ),
]
MaxComparedBody: TypeAlias = Annotated[
    int,
    typer.Option(
        "--max-compared-body",
        envvar="STRANGLER_MAX_COMPARED_BODY",
        min=1,
        max=256 * 1024**2,
        metavar="BYTES",
        help="Octets in the body of an answer that is compared with another.",
    ),
]
ViaName: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--via",
        envvar="STRANGLER_VIA",
        metavar="NAME",
        help="Our name in Via, unlike any other proxy's; strangler-<random> without it.",
        show_default=False,
    ),
]
ReplicaName: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--replica",
        envvar="STRANGLER_REPLICA",
        metavar="NAME",
        help="Our name in the fleet, the same after a restart; HOST:PORT without it.",
        show_default=False,
    ),
]
StateDirectory: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        "--state",
        envvar="STRANGLER_STATE",
        metavar="DIR",
        help="Where this machine keeps what it needs to start while the store is away.",
        show_default=False,
    ),
]
RecordedHeads: TypeAlias = Annotated[
    int,
    typer.Option(
        "--record",
        envvar="STRANGLER_RECORD",
        min=0,
        max=600,
        metavar="N",
        help="Request heads recorded a minute, redacted, for `plan` to count by; 0: none.",
    ),
]
