"""Writes docs/commands.md from the commands themselves: ``python -m tests.cli.reference > docs/commands.md``."""

from __future__ import annotations

from collections.abc import Iterator

import click

from orchestrator.cli.tree import walk, wantd

HEAD = """\
# Commands

Generated from the commands themselves: `python -m tests.cli.reference > docs/commands.md`.

What was asked for goes to standard output, everything said to people to standard error. On a terminal lists are drawn
as tables, with moments to the second; in a pipe they are lines of tab-separated fields under one line of heads. Moments
are UTC. `--json` prints the documented shapes (`orchestrator/views/shapes/`), whole and uncut. `NO_COLOR` is respected.
Control characters in refs and in what jobs print are shown, not obeyed, on a terminal.

Every command takes `--config FILE`, before or behind its name. Where a daemon runs (`wantd serve`) every command speaks
to it over the socket in the state directory. Without one, reads look at the log; `wantd build` runs the engine itself,
for as long as it builds; `wantd partition taint` and `report` open it for a moment, and what they say is in the log for
the next build; other commands that change something end with 69. Only one process at a time can run the engine: while
a `wantd build` has it, others that need it end with 75. Beside `wantd serve` all of them work at once.

| exit code | means |
|---|---|
| 0 | done |
| 1 | the answer is no: a want failed, damage was found, a check has a problem |
| 2 | wrong usage of the command line |
| 65 | bad data: a text that is no ref, a file that is no log, a broken export |
| 66 | no such thing: a ref that no job makes, a job, a want, a file |
| 69 | a daemon is needed and none can be reached |
| 70 | a bug of wantd; the traceback is in `crash-<time>-<pid>.txt` in the state directory |
| 74 | input or output failed, or it is not known whether an append was written |
| 75 | try later: another process holds the state directory, the disk is full |
| 77 | not allowed |
| 78 | bad configuration |
| 124 | the time given with `--timeout` is over |
| 130, 143 | ended by Ctrl-C, by SIGTERM |

Durations are written `500ms`, `5s`, `10m`, `2h`, `3d`. A MOMENT is a seq (`1234`), a time (ISO 8601; without a zone it
is UTC; a day means its beginning) or how long ago (`-2h`). Where a command takes `REF...`, it takes what
[configuration.md](configuration.md#wanted-refs) says about wanted refs.
"""


def page() -> str:
    """Write the whole page."""
    return "\n".join([HEAD, *(section for path, command in walk(wantd) for section in _section(path, command))])


def _section(path: tuple[str, ...], command: click.Command) -> Iterator[str]:
    if not path:
        return
    words = " ".join(("wantd", *path))
    if isinstance(command, click.Group):
        yield f"## {words}\n\n{_help(command)}\n"
        return
    usage = " ".join(parameter.make_metavar(_context(command)) for parameter in _arguments(command))
    yield f"{'##' if len(path) == 1 else '###'} {words}\n\n    {f'{words} {usage}'.rstrip()}\n\n{_help(command)}\n"
    rows = [_row(command, option) for option in _options(command)]
    if rows:
        yield "\n".join(["| option | |", "|---|---|", *rows, ""])


def _context(command: click.Command) -> click.Context:
    return click.Context(command)


def _help(command: click.Command) -> str:
    return "\n\n".join(" ".join(part.split()) for part in (command.help or "").split("\n\n")).strip()


def _arguments(command: click.Command) -> list[click.Argument]:
    return [parameter for parameter in command.params if isinstance(parameter, click.Argument)]


def _options(command: click.Command) -> list[click.Option]:
    found = [parameter for parameter in command.params if isinstance(parameter, click.Option)]
    return [option for option in found if "--config" not in option.opts]


def _row(command: click.Command, option: click.Option) -> str:
    record = option.get_help_record(_context(command))
    assert record is not None, "an option without help is not documented"
    name, text = record
    return f"| `{name.replace('|', '/')}` | {text} |"


if __name__ == "__main__":
    print(page(), end="")
