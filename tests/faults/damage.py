"""Ways in which a log that lies on a disk gets damaged, each drawn from a seed."""

from collections.abc import Callable
from pathlib import Path
from random import Random

import msgspec

from bel.driver import Connection
from bel.head_file import head_file, read_head_file, write_head_file
from tests.faults.plainly import open_plainly

PAGE = 4096


def flip_bit(file: Path, random: Random) -> None:
    raw = bytearray(file.read_bytes())
    raw[random.randrange(len(raw))] ^= 1 << random.randrange(8)
    file.write_bytes(raw)


def zero_page(file: Path, random: Random) -> None:
    raw = bytearray(file.read_bytes())
    begin = random.randrange(0, len(raw), PAGE)
    raw[begin : begin + PAGE] = bytes(len(raw[begin : begin + PAGE]))
    file.write_bytes(raw)


def cut(file: Path, random: Random) -> None:
    file.write_bytes(file.read_bytes()[: random.randrange(file.stat().st_size)])


def wal(log: Path) -> Path:
    return log.with_name(log.name + "-wal")


def change(log: Path, *statements: str) -> None:
    """Change the tables behind the log's back."""
    connection = open_plainly(log, mode="rw")
    for statement in statements:
        connection.execute(statement)
    connection.close()


def some_seq(connection: Connection, random: Random) -> int:
    (last,) = connection.execute("SELECT max(seq) FROM entry").fetchone()
    return random.randint(1, last)


def pick(log: Path, random: Random) -> tuple[int, int]:
    """Pick two entries."""
    connection = open_plainly(log, mode="ro")
    first, second = some_seq(connection, random), some_seq(connection, random)
    connection.close()
    return first, second


def swap_rows(log: Path, random: Random) -> None:
    first, second = pick(log, random)
    moves = ((first, -1), (second, first), (-1, second))
    change(log, *[f"UPDATE entry SET seq = {to} WHERE seq = {of}" for of, to in moves])


def drop_rows(log: Path, random: Random) -> None:
    first, second = pick(log, random)
    change(log, f"DELETE FROM entry WHERE seq BETWEEN {first} AND {random.choice((first, second))}")


def cut_rows(log: Path, random: Random) -> None:
    """Cut the batches behind one, and make the head row agree, as in an older copy of the file."""
    seq, _ = pick(log, random)
    last = f"(SELECT batch FROM entry WHERE seq = {seq})"
    row = "(SELECT seq, batch, hash FROM entry ORDER BY seq DESC)"
    change(log, f"DELETE FROM entry WHERE batch > {last}", f"UPDATE head SET (seq, batch, hash) = {row}")


def change_field(log: Path, random: Random) -> None:
    seq, _ = pick(log, random)
    column = random.choice(("batch", "at", "cause", "version"))
    change(log, f"UPDATE entry SET {column} = {column} + 1 WHERE seq = {seq}")


def change_text(log: Path, random: Random) -> None:
    seq, _ = pick(log, random)
    column = random.choice(("kind", "entity", "event_id", "correlation", "actor", "payload"))
    change(log, f"UPDATE entry SET {column} = {column} || ' ' WHERE seq = {seq}")


def change_head_row(log: Path, random: Random) -> None:
    change(log, f"UPDATE head SET {random.choice(('seq', 'batch', 'epoch'))} = {random.randrange(300)}")


def drop_head_row(log: Path, _: Random) -> None:
    change(log, "DELETE FROM head")


def replace_head_file(log: Path, random: Random) -> None:
    head = read_head_file(log)
    assert head
    foreign = msgspec.structs.replace(head, seq=random.randrange(1, 400), hash=random.randbytes(16))
    write_head_file(log, foreign)


def garble_head_file(log: Path, random: Random) -> None:
    flip_bit(head_file(log), random)


def delete_wal(log: Path, _: Random) -> None:
    wal(log).unlink()


Damage = Callable[[Path, Random], None]

ON_ANY_LOG: dict[str, Damage] = {
    "bit of the database": flip_bit,
    "another bit of the database": flip_bit,
    "zeroed page of the database": zero_page,
    "cut database": cut,
    "swapped rows": swap_rows,
    "missing rows": drop_rows,
    "cut rows, and the head row with them": cut_rows,
    "number in a row": change_field,
    "text in a row": change_text,
    "head row": change_head_row,
    "no head row": drop_head_row,
    "head file of another log": replace_head_file,
    "bit of the head file": garble_head_file,
}
ON_A_KILLED_LOG: dict[str, Damage] = {
    "bit of the WAL": lambda log, random: flip_bit(wal(log), random),
    "another bit of the WAL": lambda log, random: flip_bit(wal(log), random),
    "zeroed part of the WAL": lambda log, random: zero_page(wal(log), random),
    "cut WAL": lambda log, random: cut(wal(log), random),
    "deleted WAL": delete_wal,
}
