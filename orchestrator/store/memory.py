"""The partition store in memory, for simulations: the same names, the same digests, and a power failure on demand.

Outputs are given by ``write`` in place of a job. What was written but not synced is gone after ``lose_power``.

Source: design section 5 (ports) and 8.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path

from orchestrator.store.digest import Entry, file_digest, file_entry, folder_digest, folder_entry
from orchestrator.store.paths import instance_path, instance_place
from orchestrator.store.port import Absent, BadOutput, Sealed
from statemachines.refs import Ref

Content = bytes | Mapping[str, bytes]
"""A file, or the files of a folder by relative name."""

_ROOT = Path("/memory")


class MemoryStore:
    """A store without a disk."""

    def __init__(self) -> None:
        self._prepared: set[Path] = set()
        self._contents: dict[Path, Content] = {}
        self._not_synced: set[Path] = set()
        self._links: dict[tuple[str, Ref], Path] = {}

    def write(self, location: Path, content: Content) -> None:
        """Do what a job does: leave an output at a prepared location."""
        if location.parent not in self._prepared:
            raise FileNotFoundError(f"{location.parent} was not prepared")
        self._contents[location] = content
        self._not_synced.add(location)

    def lose_power(self) -> None:
        """Forget every output that was not synced."""
        for location in self._not_synced:
            self._contents.pop(location, None)
        self._not_synced.clear()

    def location(self, ref: Ref, instance: str) -> Path:
        return _ROOT / instance_path(ref, instance)

    def prepare(self, locations: Iterable[Path]) -> None:
        self._prepared.update(location.parent for location in locations)

    def seal(self, location: Path) -> Sealed | Absent | BadOutput:
        content = self._contents.get(location)
        if content is None:
            return Absent()
        if isinstance(content, bytes):
            return Sealed(file_digest([content]).hex(), len(content), 1)
        return Sealed(folder_digest(_entries(content)), sum(map(len, content.values())), len(content))

    def sync(self) -> None:
        self._not_synced.clear()

    def publish(self, environment: str, ref: Ref, location: Path) -> None:
        self._links[environment, ref] = location

    def unpublish(self, environment: str, ref: Ref) -> None:
        self._links.pop((environment, ref), None)

    def published(self, environment: str, ref: Ref) -> Path | None:
        return self._links.get((environment, ref))

    def remove(self, location: Path) -> None:
        self._contents.pop(instance_place(_ROOT, location), None)


def _entries(files: Mapping[str, bytes]) -> Iterable[Entry]:
    for name, content in files.items():
        yield file_entry(name.encode(), file_digest([content]), executable=False)
    folders = {str(above) for name in files for above in Path(name).parents} - {"."}
    yield from (folder_entry(name.encode()) for name in folders)
