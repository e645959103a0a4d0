"""One run of the command line, from arguments to exit code: the only place where errors end.

On a terminal the help of a command is drawn by rich-click, which costs more time than everything else in ``--help``
together. So ``wantd --help``, the first thing a person types, stays click's plain text, and so does help in a pipe.
"""

import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from io import StringIO

import click
from click.exceptions import Exit as Left

from orchestrator.cli.failures import CliError, Exit, explain, write_crash
from orchestrator.cli.session import Parts, Session
from orchestrator.cli.speech import is_drawn, talk


def run(arguments: Sequence[str], parts: Parts) -> int:
    """Run one command and give the exit code. Prints what there is to print; never raises an Exception."""
    session = Session(parts)
    try:
        code = _invoke(list(arguments), session)
        sys.stdout.flush()
    except BrokenPipeError:
        _forget_stdout()
        return Exit.DONE
    except (KeyboardInterrupt, click.Abort):
        return Exit.INTERRUPTED
    except click.ClickException as error:
        _show(error)
        return error.exit_code
    except Exception as error:  # noqa: BLE001 - the last line of defence: a person gets no traceback
        return _end(error, session)
    return code


def _invoke(arguments: list[str], session: Session) -> int:
    if is_drawn(sys.stdout) and len(arguments) > 1 and not {"-h", "--help"}.isdisjoint(arguments):
        from rich_click.patch import patch

        patch()
    from orchestrator.cli.tree import wantd

    _refuse_bytes(arguments)
    try:
        with wantd.make_context("wantd", arguments, obj=session) as context:
            wantd.invoke(context)
    except Left as left:
        return left.exit_code
    return Exit.DONE


def _refuse_bytes(arguments: list[str]) -> None:
    """Bytes that are no text reach us as surrogates, which neither the log nor the wire can carry."""
    for argument in arguments:
        try:
            argument.encode()
        except UnicodeEncodeError:
            raise CliError(Exit.BAD_DATA, f"{argument!r} is not UTF-8 text", "type it as UTF-8") from None


def _show(error: click.ClickException) -> None:
    """Say what was wrong with the arguments; it may quote them, whatever they hold."""
    told = StringIO()
    error.show(told)
    with suppress(OSError):
        talk(told.getvalue().rstrip("\n"))


def _end(error: Exception, session: Session) -> int:
    expected = explain(error)
    if expected is None:
        path = write_crash(error, session.known_state)
        where = f"the traceback is in {path}" if path else "the traceback could not be written anywhere"
        expected = CliError(Exit.BUG, f"this is a bug of wantd ({type(error).__name__}: {error})", where)
    with suppress(OSError):
        talk(f"wantd: {expected.why}")
        if expected.hint:
            talk(f"       {expected.hint}")
    return expected.code


def _forget_stdout() -> None:
    """Nobody reads any more: let the interpreter's last flush go nowhere instead of complaining."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
