"""A program that asks the same again and again: ``python -m benchmarks.posting SOCKET TARGET TIMES < BODY``.

Over one connection that stays open, in a process of its own, as a client of a daemon is; without a body it only reads.
Prints the seconds each answer took, and the last answer. The first, for which the daemon may have to warm up, is not
counted.
"""

import asyncio
import socket
import sys
import time
from pathlib import Path

import msgspec


class Posted(msgspec.Struct):
    """How long the answers took, and what the last one was."""

    seconds: list[float]
    answer: msgspec.Raw


async def post(path: Path, target: str, times: int, body: bytes = b"") -> Posted:
    """Have a program ask it so many times."""
    command = [sys.executable, "-m", "benchmarks.posting", str(path), target, str(times)]
    process = await asyncio.create_subprocess_exec(
        *command, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    said, _ = await process.communicate(body)
    return msgspec.json.decode(said, type=Posted)


def main() -> None:
    """Do what the arguments say."""
    path, target, times = sys.argv[1:]
    body = sys.stdin.buffer.read()
    told = ("Host: wantd", "Content-Type: application/json", f"Content-Length: {len(body)}")
    head = "\r\n".join((f"{'POST' if body else 'GET'} {target} HTTP/1.1", *told, "", ""))
    with socket.socket(socket.AF_UNIX) as channel:
        channel.connect(path)
        request, answer = head.encode() + body, b""
        seconds: list[float] = []
        for _ in range(int(times) + 1):
            before = time.perf_counter()
            channel.sendall(request)
            answer = _answer(channel)
            seconds.append(time.perf_counter() - before)
    sys.stdout.buffer.write(msgspec.json.encode(Posted(seconds[1:], msgspec.Raw(answer))))


def _answer(channel: socket.socket) -> bytes:
    said = b""
    while b"\r\n\r\n" not in said:
        said += channel.recv(1 << 16)
    head, _, body = said.partition(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length:")[2].split()[0])
    while len(body) < length:
        body += channel.recv(1 << 16)
    return body


if __name__ == "__main__":
    main()
