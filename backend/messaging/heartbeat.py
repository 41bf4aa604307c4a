"""The sign of life to an outside watcher, which raises the alarm when it stops."""

import requests

TIMEOUT_SECONDS = 5.0


def ping(url: str) -> bool:
    """Whether the watcher heard it. Never raises: its silence is its own alarm."""
    try:
        return requests.get(url, timeout=TIMEOUT_SECONDS).ok
    except requests.RequestException:
        return False
