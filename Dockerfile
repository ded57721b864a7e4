# The proxy. Build from the root of the repository: docker build --tag strangler .
FROM python:3.13-slim AS build

WORKDIR /src

# The hot path is compiled; the compiler stays behind in this stage.
RUN apt-get update && apt-get install --yes --no-install-recommends gcc libc6-dev

# The versions that the repository has locked, as constraints: pip wants hashes for all or nothing.
COPY requirements.lock ./
RUN grep --only-matching --extended-regexp '^[a-z0-9._-]+==[^ ;]+' requirements.lock > versions.txt \
    && python -m venv /opt/strangler

COPY pyproject.toml hatch_build.py README.md LICENSE ./
COPY migrations migrations
COPY strangler strangler
RUN /opt/strangler/bin/pip install --no-cache-dir --constraint versions.txt '.[postgres]'


FROM python:3.13-slim

COPY --from=build /opt/strangler /opt/strangler

# routes.yaml comes from outside; the store and the key of its hashes stay.
RUN useradd --system --uid 10001 --home-dir /var/lib/strangler strangler \
    && install --directory --owner strangler /etc/strangler /var/lib/strangler
USER strangler
WORKDIR /var/lib/strangler
VOLUME ["/etc/strangler", "/var/lib/strangler"]

ENV PATH=/opt/strangler/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    STRANGLER_LOG=json \
    STRANGLER_ROUTES=/etc/strangler/routes.yaml \
    STRANGLER_STORE=sqlite:////var/lib/strangler/strangler.db
EXPOSE 8080 8081

# Alive, not ready: a proxy whose upstreams are away must not be restarted for it.
HEALTHCHECK --interval=5s --timeout=3s --start-period=10s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8081/livez', timeout=2)"]

ENTRYPOINT ["strangler"]
CMD ["serve", "--watch", "--listen", "0.0.0.0:8080", "--admin", "0.0.0.0:8081"]
