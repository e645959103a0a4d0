"""What others scrape: the engine in numbers, for Prometheus.

``meter`` counts and times what happens, told by the loop; ``readings`` looks, at each scrape, at how things stand;
``page`` writes both down. A label is a job, a pool, a state, a kind or a class of failure, never a ref or an id, so
there are as many series with a million partitions as with ten, and a scrape costs the same.

Source: design section 10 (`/metrics`); complaint C13.
"""

from orchestrator.exporters.page import Metrics

__all__ = ["Metrics"]
