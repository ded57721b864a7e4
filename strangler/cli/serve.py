"""The verb `serve`: reads the command line and hands over to the control plane."""

from strangler.cli.failure import VerbError
from strangler.cli.options import DEFAULT_STORE, StoreUrl
from strangler.cli.serve_options import (
    AdminAddress,
    DrainSeconds,
    ListenAddress,
    MaxBody,
    MaxComparedBody,
    MaxConnections,
    MaxConnectionsPerPeer,
    MaxInFlight,
    MaxRequestsPerConnection,
    RecordedHeads,
    ReplicaName,
    RoutesToServe,
    StateDirectory,
    TlsCert,
    TlsClientCa,
    TlsKey,
    TrustedProxies,
    ViaName,
    Watch,
    Workers,
)


def serve(
    routes: RoutesToServe = None,
    listen: ListenAddress = "127.0.0.1:8080",
    admin: AdminAddress = "127.0.0.1:8081",
    store: StoreUrl = DEFAULT_STORE,
    workers: Workers = 1,
    watch: Watch = False,
    trusted_proxy: TrustedProxies = None,
    tls_cert: TlsCert = None,
    tls_key: TlsKey = None,
    tls_client_ca: TlsClientCa = None,
    drain: DrainSeconds = 10.0,
    max_connections: MaxConnections = 0,
    max_connections_per_peer: MaxConnectionsPerPeer = 0,
    max_requests_per_connection: MaxRequestsPerConnection = 1_000_000,
    max_body: MaxBody = 10 * 1024**3,
    max_in_flight: MaxInFlight = 4096,
    max_compared_body: MaxComparedBody = 16 * 1024**2,
    via: ViaName = None,
    replica: ReplicaName = None,
    state: StateDirectory = None,
    record: RecordedHeads = 60,
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
