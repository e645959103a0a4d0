"""Finding and reading ``wantd.toml``.

``find_config`` and ``load_config`` look at the disk; ``read_config`` is pure. Every fault of the file ends as a
ConfigError, the first one found. Source: design section 10.
"""

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct

from orchestrator.config.convert import convert
from orchestrator.config.errors import ConfigError
from orchestrator.config.rules import check_tables
from orchestrator.config.source import Source
from orchestrator.config.tables import (
    DEFAULT_POOL,
    ApiTable,
    Application,
    ExternalTable,
    JobTable,
    Limits,
    OutwardTable,
    RetryTable,
)

CONFIG_NAME = "wantd.toml"
CONFIG_VARIABLE = "WANTD_CONFIG"
CONFIG_BYTES_MAX = 4 * 2**20


class Config(Struct, frozen=True):
    """A configuration that was read and checked."""

    source: Source
    application: Application
    folder: Path
    """The application's folder: the one that holds the file, and where jobs run."""
    state: Path
    """The state directory."""
    pools: dict[str, int]
    retry: RetryTable
    limits: Limits
    api: ApiTable
    jobs: tuple[JobTable, ...]
    externals: tuple[ExternalTable, ...]
    outward: OutwardTable


def find_config(explicit: Path | None, env: Mapping[str, str], start_folder: Path) -> Path:
    """Return the file named by ``--config``, else by $WANTD_CONFIG, else the nearest one upwards."""
    named = explicit or (Path(env[CONFIG_VARIABLE]) if env.get(CONFIG_VARIABLE) else None)
    if named is not None:
        path = start_folder / named
        if path.is_file():
            return path
        origin = "--config" if explicit else f"${CONFIG_VARIABLE}"
        raise ConfigError(path, None, "", f"there is no such file, but {origin} names it", "correct or drop it")
    for folder in (start_folder, *start_folder.parents):
        if (folder / CONFIG_NAME).is_file():
            return folder / CONFIG_NAME
    raise ConfigError(
        start_folder,
        None,
        "",
        f"there is no {CONFIG_NAME} here or in a folder above",
        "go to your application, name it with --config, or make one with: wantd init DIR",
    )


def load_config(path: Path, cpus: int) -> Config:
    """Read a file; the pool "default" gets ``cpus`` slots unless the file says otherwise."""
    try:
        with path.open("rb") as file:
            content = file.read(CONFIG_BYTES_MAX + 1)
    except OSError as error:
        why = f"the file cannot be read: {error.strerror}"
        raise ConfigError(path, None, "", why, "check its path and permissions") from error
    if len(content) > CONFIG_BYTES_MAX:
        raise ConfigError(path, None, "", f"the file has more than {CONFIG_BYTES_MAX} bytes", "is it the right one?")
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ConfigError(path, line, "", "the file is not UTF-8 text", "save it as UTF-8") from error
    return read_config(path, text, cpus)


def read_config(path: Path, text: str, cpus: int) -> Config:
    """Read the text of a configuration; ``path`` says where it is."""
    source = Source(path, text)
    tables = convert(_parse(source), source)
    pools = {DEFAULT_POOL: max(cpus, 1)} | tables.pools
    check_tables(tables, pools, source)
    folder = path.absolute().parent
    return Config(
        source=source,
        application=tables.application,
        folder=folder,
        state=folder / tables.application.state,
        pools=pools,
        retry=tables.retry,
        limits=tables.limits,
        api=tables.api,
        jobs=tables.job,
        externals=tables.external,
        outward=tables.outward,
    )


def _parse(source: Source) -> dict[str, Any]:
    try:
        return tomllib.loads(source.text)
    except ValueError as error:  # also of a number with thousands of digits
        found = re.search(r" \(at line ([0-9]+), column ([0-9]+)\)$", str(error))
        line = int(found[1]) if found else source.text.count("\n") + 1
        why = "this is not TOML: " + str(error).removesuffix(found[0] if found else " (at end of document)")
        raise ConfigError(source.path, line, "", why, "see https://toml.io for how values are written") from error
    except RecursionError as error:
        raise ConfigError(source.path, None, "", "the values are nested too deep", "flatten them") from error
