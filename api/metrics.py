"""What is counted: plain numbers that cost a few nanoseconds to change, turned into Prometheus text when asked for."""

from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping
from itertools import accumulate
from typing import Final

from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

BOUNDS: Final = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Of the histogram of durations, in seconds."""

CONTENT_TYPE: Final = "text/plain; version=1.0.0; charset=utf-8"


class Figures(Collector):
    """The numbers of one process since it started."""

    def __init__(self) -> None:
        self.statuses: dict[int, int] = {}
        self.seconds = 0.0
        self.durations = [0] * (len(BOUNDS) + 1)
        self.throttled = 0
        self.sockets = 0
        self.streams = 0
        self.gauges: Mapping[str, tuple[str, Callable[[], float]]] = {}
        """Name -> what it says and how to read it now: pools, caches."""

    def answered(self, status: int, seconds: float) -> None:
        """One GraphQL request was answered."""
        self.statuses[status] = self.statuses.get(status, 0) + 1
        self.seconds += seconds
        self.durations[bisect_left(BOUNDS, seconds)] += 1

    def collect(self) -> Iterator[Metric]:
        """The numbers as Prometheus has them."""
        requests = CounterMetricFamily("makegood_requests", "GraphQL requests answered over HTTP.", labels=["status"])
        for status, number in sorted(self.statuses.items()):
            requests.add_metric([str(status)], number)
        yield requests
        names = [*(str(bound) for bound in BOUNDS), "+Inf"]
        buckets = list(zip(names, accumulate(self.durations), strict=True))
        durations = HistogramMetricFamily("makegood_request_seconds", "From headers to the last byte of the answer.")
        durations.add_metric([], buckets, self.seconds)
        yield durations
        yield CounterMetricFamily("makegood_throttled", "Operations refused for lack of budget.", self.throttled)
        yield GaugeMetricFamily("makegood_sockets", "Open WebSockets.", self.sockets)
        yield GaugeMetricFamily("makegood_streams", "Open event streams.", self.streams)
        for name, (says, now) in self.gauges.items():
            yield GaugeMetricFamily(f"makegood_{name}", says, now())

    def text(self) -> bytes:
        """Everything, with what the process itself uses, in the text format of Prometheus."""
        registry = CollectorRegistry()
        registry.register(self)
        ProcessCollector(registry=registry)
        PlatformCollector(registry=registry)
        GCCollector(registry=registry)
        return generate_latest(registry)
