"""How gunicorn serves the web process; read by gunicorn itself, before the application.

`preload_app` stays off: a connection opened before the fork would be shared by all workers, and two workers on one
connection can mix up two patients. It would not help memory either as the host counts it: with every library loaded,
master and two workers came to 230 MB without it and 275 MB with it.
"""
# ruff: noqa: N999 - gunicorn's own name for this file; nobody imports it

import os
from pathlib import Path

_port = os.environ.get("PORT") or "8000"
_on_trial = os.environ.get("CARRIER", "sandbox") == "sandbox"
# The sandbox has well-known passwords, so it is for this machine alone; a deployment stands behind a proxy.
bind = f"127.0.0.1:{_port}" if _on_trial else f"0.0.0.0:{_port}"

workers = int(os.environ.get("WEB_CONCURRENCY") or 2)
worker_class = "gthread"
threads = 4
timeout = 30
graceful_timeout = 25  # platforms kill 30 seconds after SIGTERM
keepalive = 5
if Path("/dev/shm").is_dir():  # noqa: S108 - gunicorn makes its own unguessable file in it
    worker_tmp_dir = "/dev/shm"  # noqa: S108 - in memory: on a busy disk a heartbeat would come late and cost a worker

limit_request_line = 4094
limit_request_fields = 60
limit_request_field_size = 8190
no_control_socket = True  # nobody commands a running server here, so there is no door for it

loglevel = os.environ.get("LOG_LEVEL", "info").lower()
accesslog = "-"
# The path without its query: rows go by ids there, while a search may hold a name. No address of the caller either.
access_log_format = "%(m)s %(U)s %(s)s %(M)sms"
