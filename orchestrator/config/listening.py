"""The address of a listener: a literal address and a port. Names are not looked up: what one leads to can change."""

import re
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import NamedTuple

_FORM = re.compile(r"(?:(?P<four>[0-9.]+)|\[(?P<six>[0-9a-fA-F:.]+)\]):(?P<port>[0-9]{1,5})", re.ASCII)


class Address(NamedTuple):
    """Where to listen."""

    ip: IPv4Address | IPv6Address
    port: int

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach it."""
        return self.ip.is_loopback

    @property
    def hosts(self) -> frozenset[str]:
        """The ``Host`` headers of who means this address."""
        shown = f"[{self.ip}]" if self.ip.version == 6 else str(self.ip)
        named = {shown, "localhost"} if self.is_loopback else {shown}
        return frozenset(f"{name}:{self.port}" for name in named)


def parse_address(text: str) -> Address | None:
    """Read ``address:port``; None where it is something else."""
    found = _FORM.fullmatch(text)
    if found is None or not 1 <= int(found["port"]) <= 65_535:
        return None
    try:
        return Address(ip_address(found["four"] or found["six"]), int(found["port"]))
    except ValueError:
        return None
