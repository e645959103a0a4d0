"""Names of files for names of data: safe, never shared by two refs, and readable for ordinary refs.

A ref becomes one path component a segment, an instance is the component ``@<id>`` below it::

    delays/daily/date=2013-01-05   ->   delays/daily/date=2013-01-05/@pi-01J8

- Letters, digits and ``_ . = + , : @ ~ -`` stay; every other byte of the UTF-8 form is ``%XX``.
- A leading ``-``, ``.``, ``~`` or ``@`` is ``%XX`` too. So ``..`` is harmless, names with a leading dot are free for
  temporary files, and a segment is never taken for an instance: ``a`` and ``a/b`` live side by side.
- ``current`` as the first segment is ``%63urrent``: the plain name is the link tree.
- ``%~`` never arises from the above. Alone it is an empty segment; a component longer than 200 bytes keeps its first
  100 and goes on with ``%~`` and the SHA-256 of the segment; a path longer than 1,024 bytes is ``%~`` and the SHA-256
  of the whole ref.

Nothing reads these names back: which ref an instance belongs to is in the log.

Source: design section 8; refs are hostile input (reference/reliability.md 5.1).
"""

import os
import re
from hashlib import sha256
from pathlib import Path
from urllib.parse import quote

LINK_TREE = "current"
INSTANCE_MARK = "@"
COMPONENT_BYTES_MAX = 200
PATH_BYTES_MAX = 1_024
_PLAIN = "_.=+,:@~-"
_NOT_LEADING = "-.~@"
_ODD = "%~"
_ORDINARY = re.compile(r"(?=.{1,200}\Z)[\w=+,:][\w.=+,:@~-]*(?:/[\w=+,:][\w.=+,:@~-]*)*", re.ASCII)
"""Refs that are their own paths, and short: nearly all."""


def ref_path(ref: str) -> str:
    """Name the folder of a ref, relative to the store."""
    if _ORDINARY.fullmatch(ref) and not ref.startswith(LINK_TREE):
        return ref
    first, *rest = (component(segment) for segment in ref.split("/"))
    if first == LINK_TREE:
        first = _escaped(first)
    path = "/".join((first, *rest))
    return path if len(path) <= PATH_BYTES_MAX else _ODD + _hash(ref)


def instance_path(ref: str, instance: str) -> str:
    """Name the place of an instance of a ref, relative to the store."""
    return f"{ref_path(ref)}/{INSTANCE_MARK}{component(instance)}"


def instance_place(store: Path, location: Path) -> Path:
    """Take a path as the place of an instance in a store, or raise ValueError. For what is about to be deleted."""
    place = Path(os.path.normpath(location))
    if place.is_relative_to(store) and place.name.startswith(INSTANCE_MARK):
        return place
    raise ValueError(f"{location} is not the place of an instance in {store}; nothing was deleted")


def component(segment: str) -> str:
    """Name one path component after a text without slashes, or with: they are escaped."""
    if not segment:
        return _ODD
    name = quote(segment, safe=_PLAIN, errors="surrogatepass")
    if name[0] in _NOT_LEADING:
        name = _escaped(name)
    return name if len(name) <= COMPONENT_BYTES_MAX else name[: COMPONENT_BYTES_MAX // 2] + _ODD + _hash(segment)


def _escaped(name: str) -> str:
    return f"%{ord(name[0]):02X}{name[1:]}"


def _hash(text: str) -> str:
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
