"""Logs that hold ids and fixed words only: whatever else a record carries is left out."""

import logging
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

_ALLOWED = frozenset(
    {
        "event", "level", "logger", "timestamp", "what", "row", "error", "clinic", "case", "count", "tick", "seconds",
        "name", "status", "method", "endpoint", "faults",
    }
)  # fmt: skip


def set_up_logging(level: str) -> None:
    """One JSON line a record, for our own loggers and everybody else's, through the same allow-list."""
    shared: list[Any] = [structlog.stdlib.add_log_level, structlog.stdlib.add_logger_name, only_allowed]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[*shared, without_words],
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            only_allowed,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(),
        ],
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    # These print addresses, numbers or SQL at INFO.
    for name in ("twilio.http_client", "apscheduler", "urllib3", "alembic", "werkzeug"):
        logging.getLogger(name).setLevel(logging.WARNING)


def only_allowed(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    return {key: value for key, value in event.items() if key in _ALLOWED or key.startswith("_")}


def without_words(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A library's message may quote what it choked on; its place in the code says enough."""
    record = event.get("_record")
    if record is not None:
        event["event"] = f"{record.module}:{record.lineno}"
        if record.exc_info and record.exc_info[0]:
            event["error"] = record.exc_info[0].__name__
    return event
