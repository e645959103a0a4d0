"""The one way a configuration is refused."""

from pathlib import Path


class ConfigError(Exception):
    """A configuration that cannot be used: where, why, and what to do next.

    ``line`` is None where the fault has no line (a missing file), ``key`` is the dotted key, empty for the whole file.
    """

    def __init__(self, file: Path, line: int | None, key: str, why: str, hint: str) -> None:
        place = f"{file}:{line}" if line is not None else str(file)
        super().__init__(": ".join(part for part in (place, key, f"{why}; {hint}") if part))
        self.file = file
        self.line = line
        self.key = key
        self.why = why
        self.hint = hint
