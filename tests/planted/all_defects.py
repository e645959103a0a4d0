"""Every defect, from the log upwards."""

from tests.planted.tables.core import CORE
from tests.planted.tables.gates import GATES
from tests.planted.tables.keeper import KEEPER
from tests.planted.tables.log import LOG
from tests.planted.tables.turning import TURNING

ALL = (*LOG, *KEEPER, *TURNING, *CORE, *GATES)
