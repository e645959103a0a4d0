"""How a ref is made: which job, from which inputs, with which arguments.

For most jobs the catalog knows. A job with a ``configure`` executable is asked when one of its refs is wanted; its
answers are kept here. They are not in the log: they are asked for again after a restart, as effects that are owed.

Source: design section 7 (configure); seed 003 (JobConfig, DataDep).
"""

from collections.abc import Iterable

import msgspec

from orchestrator.catalog import Catalog, External, Input, Job
from statemachines.refs import Ref


class Recipe(msgspec.Struct, frozen=True, gc=False):
    """One full parameterisation of a job: what it makes together, from what, with what."""

    job: Job
    outputs: tuple[Ref, ...]
    inputs: tuple[Input, ...]
    args: tuple[str, ...] | None = None
    env: tuple[tuple[str, str], ...] = ()


class Recipes:
    """The recipes of all refs: the catalog's, and those that were asked for."""

    def __init__(self, catalog: Catalog) -> None:
        self.catalog = catalog
        self._answers: dict[Ref, Recipe] = {}

    def maker(self, ref: Ref) -> Job | External | None:
        return self.catalog.producer(ref)

    def job(self, name: str) -> Job | None:
        return self.catalog.jobs.get(name)

    def pool_size(self, pool: str) -> int:
        return self.catalog.pools.get(pool, 1)

    def recipe(self, ref: Ref) -> Recipe | None:
        """How the ref is made, or None: nobody here makes it, or its job has not been asked yet."""
        maker = self.maker(ref)
        if not isinstance(maker, Job):
            return None
        return self.declared(maker, ref) if maker.configure is None else self.answered(ref)

    def declared(self, maker: Job, ref: Ref) -> Recipe:
        """How a job that needs not be asked makes a ref. Raises CatalogError where nobody makes an input."""
        return Recipe(maker, (ref,), self.catalog.inputs(ref))

    def answered(self, ref: Ref) -> Recipe | None:
        """What the job said of a ref when it was asked, if it has been."""
        return self._answers.get(ref)

    def is_asked_for(self, ref: Ref) -> bool:
        """Whether its job has to be asked before anything can be said."""
        maker = self.maker(ref)
        return isinstance(maker, Job) and maker.configure is not None and ref not in self._answers

    def answer(self, recipes: Iterable[Recipe]) -> None:
        for recipe in recipes:
            for ref in recipe.outputs:
                self._answers[ref] = recipe

    def forget(self, refs: Iterable[Ref]) -> None:
        """Ask again the next time: an answer serves one build."""
        for ref in refs:
            self._answers.pop(ref, None)
