"""The figures of a soak as a table for people, and its place in docs/reliability.md."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median

from tests.soak.findings import MIB, Findings, Steady

BEGIN, END = "<!-- soak: written by python -m tests.soak --write -->", "<!-- end of soak -->"


def table(found: Findings, ends: Mapping[str, int], ready_s: Sequence[float]) -> str:
    """Say what was seen."""
    how = ", ".join(f"{count:,} {kind.lower()}" for kind, count in sorted(ends.items(), key=lambda end: -end[1]))
    rate = f"{found.runs:,} in {found.minutes:.0f} minutes, {found.runs_a_second:.1f} a second"
    rows = {
        "JobRuns": f"{rate}; until all was served: {how}",
        "kills": f"{found.kills}; {found.lives} daemons, ready after {median(ready_s):.2f} s (median), "
        f"{max(ready_s):.2f} s (slowest)",
        "memory of the daemon": f"{_mib(found.daemon_mib)}, at most {found.daemon_mib_most:.0f}; a process that only "
        f"folds this log takes {found.world_mib_most:.0f}",
        "a JobRun, in memory": f"{found.daemon_bytes_a_run:,.0f} bytes, leaps aside; the world alone "
        f"{found.world_bytes_a_run:,.0f}",
        "the largest leap": f"{found.leap_mib_most:.0f} MiB",
        "memory of a keeper": f"{_mib(found.keeper_mib)}; {found.keeper_mib_an_hour:+.1f} MiB an hour",
        "memory of a worker": f"{_mib(found.worker_mib)}; {found.worker_mib_an_hour:+.1f} MiB an hour",
        "descriptors": f"daemon {_whole(found.daemon_descriptors)}, keeper {_whole(found.keeper_descriptors)}, "
        f"worker {_whole(found.worker_descriptors)}",
        "threads of the daemon": _whole(found.daemon_threads),
        "folders of JobRuns": _whole(found.run_folders),
        "WAL file": f"at most {found.wal_bytes_most / MIB:.1f} MiB",
        "log": f"{found.log_bytes_a_run:,.0f} bytes a JobRun, snapshots included",
    }
    return "\n".join(["| | seen |", "|---|---|", *(f"| {name} | {seen} |" for name, seen in rows.items())])


def write(page: Path, report: str) -> None:
    """Put the table where the page has its place for it."""
    before, _, rest = page.read_text().partition(BEGIN)
    _, _, after = rest.partition(END)
    page.write_text(f"{before}{BEGIN}\n\n{report}\n\n{END}{after}")


def _mib(amount: Steady) -> str:
    return f"{amount.before:.1f} MiB in the first third, {amount.after:.1f} in the last"


def _whole(amount: Steady) -> str:
    return f"{amount.before:g}, later {amount.after:g}"
