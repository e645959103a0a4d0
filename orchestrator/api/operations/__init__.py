"""Everything that can be asked over HTTP, a file for each subject; ``OPERATIONS`` is all of it."""

from orchestrator.api.operations.health import health
from orchestrator.api.operations.jobruns import jobruns
from orchestrator.api.operations.jobs import jobs
from orchestrator.api.operations.log import log
from orchestrator.api.operations.partitions import partitions
from orchestrator.api.operations.sql import sql
from orchestrator.api.operations.wants import wants
from orchestrator.api.table import Operation

OPERATIONS: tuple[Operation, ...] = tuple(
    operation for routes in (wants, partitions, jobruns, jobs, log, sql, health) for operation in routes.operations
)
