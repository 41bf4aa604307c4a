"""To be built."""

from apiflask import APIFlask


def register_console(app: APIFlask) -> None:
    del app
