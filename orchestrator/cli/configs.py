"""``wantd config``: what the configuration says, and whether it can be used."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from orchestrator.cli.options import json_option
from orchestrator.cli.speech import counted, data, talk
from orchestrator.cli.tables import print_fields, print_json, print_table

if TYPE_CHECKING:
    from orchestrator.catalog import Job
    from orchestrator.cli.session import Session
    from orchestrator.config import Limits


@click.group("config")
def config() -> None:
    """The configuration: wantd.toml."""


@config.command("check")
@click.pass_obj
def check(session: Session) -> None:
    """Read the configuration as the daemon would, and say what is wrong with it."""
    application = session.application()
    catalog = application.catalog
    where = application.config.source.path
    talk(f"{where} is good: {counted(len(catalog.jobs), 'job')}, {counted(len(catalog.externals), 'external')}")


@config.command("show")
@json_option
@click.pass_obj
def show(session: Session, /, *, as_json: bool) -> None:
    """Show the configuration with every default filled in."""
    application = session.application()
    catalog, layout = application.catalog, application.layout
    if as_json:
        told = {
            "application": catalog.name,
            "file": str(application.config.source.path.absolute()),
            "state_directory": str(layout.state),
            "python": catalog.python,
            "pools": catalog.pools,
            "limits": _limits(catalog.limits),
            "jobs": [_without_secrets(job) for job in catalog.jobs.values()],
            "externals": list(catalog.externals.values()),
        }
        print_json(told)
        return
    print_fields(
        [
            ("application", catalog.name),
            ("file", application.config.source.path.absolute()),
            ("state", layout.state),
            ("python", catalog.python),
            ("pools", tuple(f"{pool}={slots}" for pool, slots in catalog.pools.items())),
        ]
    )
    data("")
    rows = [
        (job.name, job.executor, job.pool, job.slots, job.batch_max, job.retry.tries["exit_code"], job.outputs)
        for job in catalog.jobs.values()
    ]
    print_table(("job", "runs as", "pool", "slots", "batch", "tries", "makes"), rows)


def _without_secrets(job: Job) -> Job:
    """The same with what ``env`` gives to keys that are named like secrets masked: this is shown, and copied."""
    import msgspec

    from orchestrator.executors.keeper.masking import MASK
    from orchestrator.runtime.secrets import is_like_a_secret

    env = {key: MASK.decode() if is_like_a_secret(key) else value for key, value in job.env.items()}
    return msgspec.structs.replace(job, env=env)


def _limits(limits: Limits) -> dict[str, int]:
    """Name the limits with their units."""
    return {
        "log_bytes": int(limits.log_bytes),
        "refs_per_want": limits.refs_per_want,
        "grace_us": int(limits.grace),
        "max_batch_events": limits.max_batch_events,
    }
