"""The numbers that operations watch, as Prometheus text."""

import hmac
from collections.abc import Iterator
from itertools import groupby

from flask import Blueprint, Response, abort, current_app, request
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

from backend.services.operating.gauges import Gauge, gauges
from backend.web.current import house

metrics = Blueprint("metrics", __name__)


class _Gauges:
    """What the registry asks for its families."""

    def collect(self) -> Iterator[GaugeMetricFamily]:
        for name, found in groupby(gauges(house()), key=lambda gauge: gauge.name):
            yield _family(name, list(found))


@metrics.get("/metrics")
def scrape() -> Response:
    """404 while no token is set, 401 without it."""
    token: str | None = current_app.config["METRICS_TOKEN"]
    if token is None:
        abort(404)
    if not hmac.compare_digest(request.headers.get("Authorization", "").encode(), f"Bearer {token}".encode()):
        abort(401)
    registry = CollectorRegistry()
    registry.register(_Gauges())
    return Response(generate_latest(registry), content_type=CONTENT_TYPE_PLAIN_0_0_4)


def _family(name: str, found: list[Gauge]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, found[0].about, labels=[label for label, _ in found[0].labels])
    for gauge in found:
        family.add_metric([value for _, value in gauge.labels], gauge.value)
    return family
