"""From what somebody types to the page that he means: an entity by its id, a ref, an entry by its seq, a job."""

from orchestrator.catalog import Catalog
from orchestrator.console.visits import Visit
from statemachines.ids import InstanceId, RunId, WantId
from statemachines.refs import BadRef, parse_ref


async def found_at(visit: Visit) -> str:
    """The address of the page for the text ``q``; a list of refs that begin with it, where it is nothing by itself."""
    typed = visit.text("q").strip()
    board = await visit.reads.board()
    world = board.world
    if WantId(typed) in world.wants:
        return visit.link(f"/wants/{typed}")
    if RunId(typed) in world.runs:
        return visit.link(f"/jobruns/{typed}")
    if typed in board.recipes.catalog.jobs or typed in board.recipes.catalog.externals:
        return visit.link(f"/jobs/{typed}")
    if typed.isascii() and typed.isdigit() and len(typed) <= 18 and int(typed) <= visit.upto:
        return visit.link("/log", before=int(typed) + 1)
    if InstanceId(typed) in world.partitions or _is_made(board.recipes.catalog, typed):
        return visit.link("/partition", ref=typed)
    return visit.link("/partitions", q=typed)


def _is_made(catalog: Catalog, typed: str) -> bool:
    """Whether it is a ref that somebody makes."""
    try:
        return catalog.producer(parse_ref(typed)) is not None
    except BadRef:
        return False
