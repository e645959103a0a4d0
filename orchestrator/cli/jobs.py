"""``wantd job``: jobs, for those who write them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from orchestrator.cli.failures import CliError, Exit
from orchestrator.cli.options import at_option, json_option, ref_argument, refs_argument
from orchestrator.cli.speech import data, talk
from orchestrator.cli.tables import print_fields, print_json, print_table

if TYPE_CHECKING:
    from orchestrator.api.ports import Application
    from orchestrator.cli.session import Session
    from orchestrator.observations import ConfiguredRun
    from orchestrator.views.shapes import Lookup
    from statemachines.refs import Ref

name_argument = click.argument("name", metavar="NAME")


@click.group("job")
def job() -> None:
    """Jobs: what there is, who makes what, and trying one by hand."""


@job.command("list")
@at_option
@json_option
@click.pass_obj
def list_(session: Session, /, *, as_json: bool) -> None:
    """List the jobs and externals of the configuration."""
    found = session.read(lambda door: door.jobs())
    if as_json:
        print_json(found)
        return
    rows = [(one.name, one.executor or one.kind, one.outputs, one.inputs, one.description) for one in found]
    print_table(("job", "runs as", "makes", "from", ""), rows)


@job.command("lookup")
@ref_argument
@at_option
@json_option
@click.pass_obj
def lookup(session: Session, /, *, ref: str, as_json: bool) -> None:
    """Say which job makes a ref, and from what."""
    found = session.read(lambda door: door.lookup(ref))
    if as_json:
        print_json(found)
    elif found.kind == "nobody":
        near = f"the nearest is {' or '.join(found.nearest)}" if found.nearest else "see: wantd job list"
        raise CliError(Exit.NOTHING_THERE, f"no job or external makes {ref!r}", near)
    else:
        _print_lookup(found)


@job.command("configure")
@name_argument
@refs_argument
@click.pass_obj
def configure(session: Session, /, *, name: str, refs: tuple[str, ...]) -> None:
    """Ask a job's configure program about refs, and print its answer as JSON."""
    application = session.application()
    configs = ask_job(application, name, expand(application, refs))
    print_json([shown(config) for config in configs])


@job.command("exec")
@name_argument
@refs_argument
@click.option("--keep", is_flag=True, help="Do not delete the scratch folder afterwards.")
@click.pass_context
def exec_(context: click.Context, /, *, name: str, refs: tuple[str, ...], keep: bool) -> None:
    """Run a job by hand in a scratch folder, without the log, and show what it reported and left.

    Inputs are what is there now. Nothing of it counts: no ref is there because of it.
    """
    from orchestrator.cli.trial import try_job

    session: Session = context.obj
    if not try_job(session, name, refs, keep=keep):
        context.exit(Exit.NO)


def expand(application: Application, texts: tuple[str, ...]) -> tuple[Ref, ...]:
    """Read what a person typed for refs."""
    found = [ref for text in texts for ref in application.catalog.expand(text, ())]
    return tuple(dict.fromkeys(found))


def ask_job(application: Application, name: str, refs: tuple[Ref, ...]) -> tuple[ConfiguredRun, ...]:
    """Run the job's configure program."""
    import asyncio
    import os

    from orchestrator.cli.trial import launcher_in
    from orchestrator.observations import JobNotConfigured
    from orchestrator.runtime.asking import ask

    catalog = application.catalog
    found = catalog.job(name)
    if found.configure is None:
        raise CliError(
            Exit.NOTHING_THERE, f"job {name!r} has no configure program", f"its inputs: wantd job lookup {refs[0]}"
        )
    launcher = launcher_in(application.layout, os.environ, catalog.folder)
    env = launcher.environment(catalog, found, {})
    answer = asyncio.run(ask(found, refs, catalog.folder, env, launcher.secrets.mask(found)))
    if isinstance(answer, JobNotConfigured):
        raise CliError(Exit.NO, answer.reason, "correct the program; it gets the refs as arguments")
    return answer.configs


def shown(config: ConfiguredRun) -> dict[str, object]:
    """Write a JobConfig as the job itself writes it."""
    inputs = [{"ref": ref, "type": "materialize" if builds else "query"} for ref, builds in config.inputs]
    told: dict[str, object] = {"outputs": config.outputs, "inputs": inputs}
    if config.args is not None:
        told["args"] = config.args
    if config.env:
        told["env"] = dict(config.env)
    return told


def _print_lookup(found: Lookup) -> None:
    print_fields(
        [
            ("ref", found.ref),
            (found.kind, found.maker),
            ("pattern", found.pattern),
            ("reads", tuple(f"{name}={value}" for name, value in found.bindings.items())),
        ]
    )
    if found.inputs:
        data("")
        print_table(("needs", "how", "is there"), [(one.ref, one.kind, one.done) for one in found.inputs])
    if found.note:
        talk(found.note)
