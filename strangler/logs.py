"""Configures the log of a process: one line an event on stderr, for people or for machines."""

import os
import sys

import structlog


def configure_logs() -> None:
    """Log as key=value for people, or as JSON with `STRANGLER_LOG=json`."""
    processors: list[structlog.typing.Processor] = [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    if os.environ.get("STRANGLER_LOG", "") == "json":
        processors += [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    else:
        # Plain, because a prettier traceback shows local variables: what clients sent, and keys.
        processors.append(
            structlog.dev.ConsoleRenderer(
                colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
            )
        )
    structlog.configure(
        processors=processors, logger_factory=structlog.PrintLoggerFactory(sys.stderr)
    )
