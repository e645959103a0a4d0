"""What the catalog refuses, and how it says so.

Every refusal is a CatalogError with two sentences: ``why`` (what is wrong, with the text it is about) and ``hint``
(what to do next). Where a refusal has a place in a file, ``build_catalog`` turns it into a ConfigError there.

Source: design section 3, law 10.
"""


class CatalogError(ValueError):
    """A refusal of the catalog: ``why`` and ``hint``."""

    def __init__(self, why: str, hint: str) -> None:
        super().__init__(f"{why}; {hint}")
        self.why = why
        self.hint = hint


class BadPattern(CatalogError):
    """A text that is no output pattern, or no input expression."""


class NobodyMakes(CatalogError):
    """A ref that no job and no external makes."""


class NothingMatches(CatalogError):
    """A wanted text that stands for no ref at all."""


class UnknownJob(CatalogError):
    """A name that no job has."""


class TooMany(CatalogError):
    """A text or a graph that is larger than its limit."""
