"""The facade: what a user of wantd imports. A job in Python needs ``job`` and ``Context``, nothing else."""

from wantd.job import Context, Missing, job

__all__ = ["Context", "Missing", "job"]
