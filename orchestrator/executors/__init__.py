"""Executors run JobRuns: the port in ``base``, the local one in ``local``, a scripted one for tests in ``scripted``.

``keeper`` is the small process that owns jobs and workers and outlives the daemon. It imports nothing but the standard
library, and this file imports nothing at all, so that the keeper starts in a few milliseconds.
"""
