"""What a ref needs: declared or configured inputs, what the jobs of its chain missed, and a hint.

A dynamic job finds out what it reads while it runs. What the instance was made from that it is to follow is a hint that
saves a start, and is verified by the job itself.

Source: design section 4 (*needed*) and section 7.
"""

from typing import Literal

from orchestrator.catalog import InputKind
from orchestrator.planning.node import Node
from orchestrator.planning.recipes import Recipe
from statemachines.partition import Unfinished
from statemachines.refs import Ref

NeedKind = InputKind | Literal["missed", "hint"]
"""How a ref is needed: built for the asking, only asked about, found missing by its job, or read the last time."""


def needs_of(node: Node, recipe: Recipe) -> dict[Ref, NeedKind]:
    """What is needed to make a ref in this way, and how; the first reason counts."""
    needs: dict[Ref, NeedKind] = {need.ref: need.kind for need in recipe.inputs}
    if isinstance(node.newest, Unfinished):
        for missed in node.newest.attempt.needs:
            needs.setdefault(missed, "missed")
    if recipe.job.dynamic:
        for source in node.reads:
            if source.maker is not None:
                needs.setdefault(source.ref, "hint")
    return needs
