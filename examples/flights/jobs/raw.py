"""flights/raw/date=D: the flights that were to depart on one day. A process; standard library only.

A day is some lines of a file with a whole year, so the file is read once for as many days as are wanted together.
"""

from collections.abc import Iterable
from pathlib import Path
from zipfile import ZipFile

from wantd import Context, job


@job
def build(ctx: Context) -> None:
    wanted = {day_key(ref): (ref, location) for ref, location in ctx.outputs}
    header, days = cut_into_days(ctx.input("source/flights"), wanted.keys())
    for key, (ref, location) in wanted.items():
        if days[key]:
            location.write_bytes(header + b"".join(days[key]))
            ctx.done(ref, metadata={"flights": len(days[key])})
        else:
            ctx.failed(ref, "the source has no flight on that day")


def day_key(ref: str) -> tuple[bytes, ...]:
    """Say how the lines of a day begin: year, month, day, without leading zeros."""
    return tuple(str(int(number)).encode() for number in ref.rpartition("=")[2].split("-"))


def cut_into_days(
    source: Path, days: Iterable[tuple[bytes, ...]]
) -> tuple[bytes, dict[tuple[bytes, ...], list[bytes]]]:
    """Give the line with the names, and the lines of each of the days."""
    cut: dict[tuple[bytes, ...], list[bytes]] = {day: [] for day in days}
    with ZipFile(source) as archive:
        header, *lines = archive.read("flights.csv").splitlines(keepends=True)
    for line in lines:
        year, month, day, _ = line.split(b",", 3)
        if (found := cut.get((year, month, day))) is not None:
            found.append(line)
    return header, cut


if __name__ == "__main__":
    build.main()
