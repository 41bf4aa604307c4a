"""To be built."""

from apiflask import APIFlask


def register_api(app: APIFlask) -> None:
    del app
