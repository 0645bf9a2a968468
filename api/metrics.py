"""Figures for whoever watches the service: of requests from this process, of everything else from the database, read when asked."""

import threading
from collections.abc import Iterator
from datetime import datetime
from time import monotonic

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from api.bootstrap import Runtime
from workflow.sweeping import upcoming
from workflow.worker import heartbeats

KEPT_SECONDS = 2.0
_BUCKETS = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)


class Metrics:
    """The figures of one application."""

    def __init__(self, run: Runtime) -> None:
        """Count from now on."""
        self._registry = CollectorRegistry()
        self._requests = Counter("ocop_http_requests", "Requests answered", ("method", "status"), registry=self._registry)
        self._seconds = Histogram("ocop_http_seconds", "Time to answer", ("method",), buckets=_BUCKETS, registry=self._registry)
        self._children: dict[tuple[str, int], tuple[Counter, Histogram]] = {}
        self._registry.register(_Workflow(run))
        self._lock = threading.Lock()
        self._kept: tuple[float, bytes] | None = None

    def answered(self, method: str, status: int, seconds: float) -> None:
        """Count a request; methods that nobody knows are counted as one, so that nobody can fill the memory with them."""
        known = method if method in {"GET", "POST", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS"} else "other"
        kept = self._children.get((known, status))
        if kept is None:
            kept = self._children[known, status] = (self._requests.labels(known, str(status)), self._seconds.labels(known))
        kept[0].inc()
        kept[1].observe(seconds)

    def text(self) -> bytes:
        """The figures as Prometheus reads them; the same for whoever asks within two seconds."""
        with self._lock:
            if self._kept is None or monotonic() - self._kept[0] > KEPT_SECONDS:
                self._kept = (monotonic(), generate_latest(self._registry))
            return self._kept[1]


class _Workflow(Collector):
    """Figures of the cycle, from the database: they are right whichever process is asked."""

    def __init__(self, run: Runtime) -> None:
        self._run = run

    def collect(self) -> Iterator[Metric]:
        store, now = self._run.store, self._run.clock.now()
        states = GaugeMetricFamily("ocop_cases", "Cases by state", labels=["state"])
        for state, count in sorted(store.case_states().items()):
            states.add_metric([state], count)
        yield states
        due = upcoming(store, now)
        oldest = min((term.due_at for term in due), default=None)
        yield GaugeMetricFamily("ocop_deadlines_due", "Deadlines that have passed and are not written down yet", value=len(due))
        yield GaugeMetricFamily(
            "ocop_deadlines_lag_seconds", "How long the oldest of them has passed", value=(now - oldest).total_seconds() if oldest else 0
        )
        yield GaugeMetricFamily("ocop_log_entries", "Entries in the Merkle log", value=store.log_state().size)
        yield GaugeMetricFamily("ocop_log_waiting", "Entries that wait for the log", value=store.unsequenced())
        yield GaugeMetricFamily("ocop_bulk_running", "Operations on many cases with work left", value=len(store.bulk_running()))
        beats = GaugeMetricFamily("ocop_worker_silent_seconds", "Since when a worker was not heard of", labels=["worker"])
        paused = GaugeMetricFamily("ocop_worker_paused", "Whether a worker has paused because the clock jumped", labels=["worker"])
        for beat in heartbeats(store):
            beats.add_metric([beat.worker], (now - datetime.fromisoformat(beat.at)).total_seconds())
            paused.add_metric([beat.worker], 1 if beat.paused else 0)
        yield beats
        yield paused
