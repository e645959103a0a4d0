"""What a door needs of the engine behind it. The composition root lies a floor higher and is not imported here."""

from typing import Protocol

from bel.log import Log
from orchestrator.catalog import Catalog
from orchestrator.commands import Answer, AnyCommand
from orchestrator.config import Config
from orchestrator.history.past import Past
from orchestrator.planning.board import Board
from orchestrator.runtime.layout import Layout
from orchestrator.sql.process import Queries
from orchestrator.store import PartitionStore
from statemachines.events import AnyEvent


class Application(Protocol):
    """An application as its configuration describes it."""

    @property
    def config(self) -> Config: ...

    @property
    def catalog(self) -> Catalog: ...

    @property
    def layout(self) -> Layout: ...


class Engine(Protocol):
    """A running engine."""

    @property
    def application(self) -> Application: ...

    @property
    def log(self) -> Log[AnyEvent]: ...

    @property
    def store(self) -> PartitionStore: ...

    @property
    def past(self) -> Past:
        """The way to any moment before."""
        ...

    @property
    def queries(self) -> Queries:
        """Who answers questions in SQL."""
        ...

    async def submit(self, command: AnyCommand) -> Answer:
        """Hand in a command and wait until its answer is durable."""
        ...

    async def board(self) -> Board:
        """The board, showing committed state only. Look at it before the next await."""
        ...

    @property
    def is_draining(self) -> bool:
        """Whether it takes no more commands, because it is about to end."""
        ...

    @property
    def read_only(self) -> str | None:
        """Why nothing can be written at the moment, or None."""
        ...
