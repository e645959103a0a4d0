"""What was made from the same before is shown again, also where the last try to make it anew has failed."""

from orchestrator.commands import TaintPartitions
from statemachines.partition import Adopted, Canceled, Live, UpForRetry
from statemachines.refs import Ref
from tests.kit.core import Core, ended

APPLICATION = """
[application]
name = "reuse"
[retry]
tries = 5
backoff = "1h"
[[job]]
name = "raw"
outputs = ["raw"]
command = ["raw"]
[[job]]
name = "mid"
outputs = ["mid"]
inputs = ["raw"]
command = ["mid"]
"""

RAW, MID = Ref("raw"), Ref("mid")


def raw_becomes(core: Core, digest: str) -> None:
    """Have the input made anew, with this digest; what follows is begun."""
    if core.is_live("raw"):
        core.turn(TaintPartitions("test", (RAW,), "another is wanted"))
    core.want("mid")
    (run,) = core.active()
    assert run.spec.job == "raw"
    core.turn(ended(run, digest=digest))


def test_what_waits_for_its_next_try_ends_when_an_older_instance_serves() -> None:
    """If this fails, a try that nobody needs any more is made all the same, over what is there already."""
    core = Core(APPLICATION)
    for digest in ("a", "b"):
        raw_becomes(core, digest)
        (run,) = core.active()
        core.turn(ended(run, digest=f"mid of {digest}"))
    world, newest = core.board.world, core.board.holdings.newest
    of_a = next(one for one in world.partitions.values() if isinstance(one, Live) and one.content.digest == "mid of a")
    raw_becomes(core, "c")
    core.turn(ended(core.active()[0], code=1))
    tried = newest[MID]
    assert isinstance(world.partitions[tried], UpForRetry)
    raw_becomes(core, "a")
    core.wait(3_600)
    assert core.active() == []
    shown = world.partitions[newest[MID]]
    assert isinstance(world.partitions[tried], Canceled)
    assert isinstance(shown, Live)
    assert isinstance(shown.origin, Adopted)
    assert (shown.origin.source, shown.content.digest) == (of_a.spec.id, "mid of a")
