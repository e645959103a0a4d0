"""Asking a job how it makes refs: its ``configure`` executable gets them as arguments and prints JSON.

The answer is hostile like any report: bounded in size and time, checked in shape, and it has to cover exactly the refs
that were asked about. Source: design section 7 (configure); seed 003.
"""

import asyncio
import os
import signal
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from orchestrator.catalog import Job
from orchestrator.executors.keeper.masking import Mask
from orchestrator.observations import ConfiguredRun, JobConfigured, JobNotConfigured
from statemachines.refs import BadRef, Ref, parse_ref

ANSWER_BYTES_MAX = 16 << 20
PATIENCE_S = 60.0
_LETTING_GO_S = 1.0
_SHOWN_CHARS = 300


class _Input(msgspec.Struct, forbid_unknown_fields=True):
    ref: str
    type: Literal["materialize", "query"] = "materialize"


class _Config(msgspec.Struct, forbid_unknown_fields=True):
    outputs: Annotated[list[str], msgspec.Meta(min_length=1)]
    inputs: list[_Input] = []
    args: list[str] | None = None
    env: dict[str, str] = {}


_decode = msgspec.json.Decoder(list[_Config]).decode


async def ask(
    job: Job, refs: tuple[Ref, ...], folder: Path, env: Mapping[str, str], mask: Mask
) -> JobConfigured | JobNotConfigured:
    """Run the job's configure executable; what goes wrong is its answer too.

    An answer is kept in the log, so one that holds what is to be masked is refused.
    """
    try:
        printed = await _run(job, refs, folder, env)
        if mask.spans(printed):
            raise ValueError("its answer holds a secret, and would be kept in the log; leave the secret out")
        return JobConfigured(job.name, _checked(refs, printed))
    except (OSError, ValueError, TimeoutError) as error:
        return JobNotConfigured(job.name, refs, mask.text(f"configure of job {job.name}: {error}"))


async def _run(job: Job, refs: tuple[Ref, ...], folder: Path, env: Mapping[str, str]) -> bytes:
    assert job.configure is not None, "only a job that has a configure executable is asked"
    process = await asyncio.create_subprocess_exec(
        *job.configure,
        *refs,
        cwd=folder,
        env=dict(env),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    try:
        async with asyncio.timeout(PATIENCE_S):
            printed, said = await _read(process)
            code = await process.wait()
    except TimeoutError:
        raise TimeoutError(f"it gave no answer within {PATIENCE_S:g} s") from None
    finally:
        await _end(process)
    if code != 0:
        raise ValueError(f"it ended with exit code {code}: {said.decode(errors='replace')[-_SHOWN_CHARS:].strip()}")
    return printed


async def _read(process: asyncio.subprocess.Process) -> tuple[bytes, bytes]:
    readers = [asyncio.ensure_future(_bounded(stream)) for stream in _streams(process)]
    try:
        printed, said = await asyncio.gather(*readers)
    finally:
        for reader in readers:
            reader.cancel()
        await asyncio.gather(*readers, return_exceptions=True)
    return printed, said


def _streams(process: asyncio.subprocess.Process) -> tuple[asyncio.StreamReader, asyncio.StreamReader]:
    assert process.stdout is not None, "its output is a pipe"
    assert process.stderr is not None, "so is what it says"
    return process.stdout, process.stderr


async def _bounded(stream: asyncio.StreamReader) -> bytes:
    got = bytearray()
    while chunk := await stream.read(1 << 16):
        got += chunk
        if len(got) > ANSWER_BYTES_MAX:
            raise ValueError(f"it printed more than {ANSWER_BYTES_MAX} bytes")
    return bytes(got)


async def _end(process: asyncio.subprocess.Process) -> None:
    """Nothing of it may go on, nor anything that it left behind."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    # asyncio lets go of a process when its pipes have been read to their ends. Who left the group can keep them open.
    with suppress(TimeoutError):
        async with asyncio.timeout(_LETTING_GO_S):
            for stream in _streams(process):
                while await stream.read(1 << 16):
                    pass
            await process.wait()


def _checked(refs: tuple[Ref, ...], printed: bytes) -> tuple[ConfiguredRun, ...]:
    try:
        configs = _decode(printed)
    except msgspec.MsgspecError as error:
        shown = printed[:_SHOWN_CHARS].decode(errors="replace")
        raise ValueError(f"its answer is not a JSON list of JobConfig ({error}): {shown}") from None
    runs = tuple(_configured(config) for config in configs)
    covered = [ref for run in runs for ref in run.outputs]
    if sorted(covered) != sorted(refs):
        missing, extra = sorted(set(refs) - set(covered)), sorted(set(covered) - set(refs))
        raise ValueError(
            f"its answer has to cover each ref once; not covered: {missing[:5]}, not asked for: {extra[:5]}"
        )
    return runs


def _configured(config: _Config) -> ConfiguredRun:
    ours = [name for name in config.env if name.startswith("WANTD_")]
    if ours:
        raise ValueError(f"its answer sets {ours[0]!r}: names beginning with WANTD_ belong to the job contract")
    try:
        return ConfiguredRun(
            outputs=tuple(parse_ref(text) for text in config.outputs),
            inputs=tuple((parse_ref(needed.ref), needed.type == "materialize") for needed in config.inputs),
            args=None if config.args is None else tuple(config.args),
            env=tuple(config.env.items()),
        )
    except BadRef as error:
        raise ValueError(str(error)) from None
