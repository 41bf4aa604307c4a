"""What a request needs of the running process."""

from flask import current_app

from backend.services.house import House

HOUSE = "aftercare.house"


def house() -> House:
    found: House = current_app.extensions[HOUSE]
    return found
