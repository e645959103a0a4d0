"""The catalog: which job makes which ref, and from what.

Built once from the configuration and never changed. ``patterns`` read and write refs, ``mapping`` computes inputs,
``overlap`` proves that each ref has one maker, ``catalog`` answers the questions of the engine. No I/O, except for
``fingerprint``, which reads the files a job is made of. Source: design sections 4, 7 and 10.
"""

from orchestrator.catalog.build import build_catalog
from orchestrator.catalog.catalog import Catalog
from orchestrator.catalog.cycles import find_cycle
from orchestrator.catalog.errors import (
    BadPattern,
    CatalogError,
    NobodyMakes,
    NothingMatches,
    TooMany,
    UnknownJob,
)
from orchestrator.catalog.expand import is_plain
from orchestrator.catalog.jobs import ExecutorKind, External, Input, InputKind, Job, Retry, each_once
from orchestrator.catalog.patterns import Bindings, Pattern, parse_pattern

__all__ = [
    "BadPattern",
    "Bindings",
    "Catalog",
    "CatalogError",
    "ExecutorKind",
    "External",
    "Input",
    "InputKind",
    "Job",
    "NobodyMakes",
    "NothingMatches",
    "Pattern",
    "Retry",
    "TooMany",
    "UnknownJob",
    "build_catalog",
    "each_once",
    "find_cycle",
    "is_plain",
    "parse_pattern",
]
