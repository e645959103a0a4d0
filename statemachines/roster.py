"""What the indices of a world are made of, in columns: all that has to be known of its entities for them.

So a world can be read back, and found its way in, before any of its entities is decoded. What neighbours have in common
is said once for all of them.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import NamedTuple, TypeVar

import msgspec

from statemachines.ids import InstanceId, RunId, WantId
from statemachines.jobrun import JobRun
from statemachines.order import CODES
from statemachines.partition import Partition
from statemachines.refs import Ref
from statemachines.rolls import RUN_CODES, WANT_CODES
from statemachines.traits import head_of
from statemachines.want import Want

K = TypeVar("K", bound=str)

Stretches = list[tuple[K, int]]
"""What neighbours have in common, and how many they are."""


class WantColumns(msgspec.Struct, frozen=True, array_like=True):
    """Wants that came to be one after the other: ids, seqs of their newest entries, codes of states, keys."""

    ids: list[WantId]
    seqs: list[int]
    codes: bytes
    keys: list[str | None]

    @classmethod
    def of(cls, wants: Sequence[Want], seqs: list[int]) -> "WantColumns":
        """What is known of these."""
        specs, codes = [wish.spec for wish in wants], bytes([WANT_CODES[type(wish)] for wish in wants])
        return cls([spec.id for spec in specs], seqs, codes, [spec.idempotency_key for spec in specs])


class RunColumns(msgspec.Struct, frozen=True, array_like=True):
    """JobRuns that came to be one after the other; ``wants`` are those that led to them."""

    ids: list[RunId]
    seqs: list[int]
    codes: bytes
    jobs: Stretches[str]
    wants: Stretches[WantId]

    @classmethod
    def of(cls, runs: Sequence[JobRun], seqs: list[int]) -> "RunColumns":
        """What is known of these."""
        heads, codes = [head_of(run) for run in runs], bytes([RUN_CODES[type(run)] for run in runs])
        jobs, wants = stretches(head.job for head in heads), stretches(head.want for head in heads)
        return cls([head.id for head in heads], seqs, codes, jobs, wants)


class PartitionColumns(msgspec.Struct, frozen=True, array_like=True):
    """Instances that came to be one after the other."""

    ids: list[InstanceId]
    seqs: list[int]
    codes: bytes
    environments: Stretches[str]
    refs: list[Ref]

    @classmethod
    def of(cls, partitions: Sequence[Partition], seqs: list[int]) -> "PartitionColumns":
        """What is known of these."""
        specs, codes = [state.spec for state in partitions], bytes([CODES[type(state)] for state in partitions])
        environments = stretches(spec.environment for spec in specs)
        return cls([spec.id for spec in specs], seqs, codes, environments, [spec.ref for spec in specs])


class Roster(NamedTuple):
    """Columns of all entities, each kind in the order in which its entities came to be."""

    wants: Sequence[WantColumns]
    runs: Sequence[RunColumns]
    partitions: Sequence[PartitionColumns]


def stretches(column: Iterable[K]) -> Stretches[K]:
    """Neighbours that are the same, counted."""
    return [(key, sum(1 for _ in same)) for key, same in groupby(column)]


def slices(stretches: Stretches[K]) -> Iterator[tuple[K, slice]]:
    """Which part of the other columns each is about."""
    begin = 0
    for key, number in stretches:
        yield key, slice(begin, begin := begin + number)
