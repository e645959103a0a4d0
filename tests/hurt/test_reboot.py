"""The machine is started anew: nothing that ran can still run, whatever pids and locks say."""

import os
import signal
import subprocess
from pathlib import Path

import pytest

from tests.acceptance.waiting import wait_until
from tests.hurt.house import House

FIRST, SECOND = "11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"
_UNDER_A_BOOT = 'mount --bind "$1" /proc/sys/kernel/random/boot_id && shift && exec "$@"'


def boot(folder: Path, boot_id: str) -> tuple[str, ...]:
    """What to run a command under, so that it finds this boot id; skips where that cannot be had."""
    told = folder / boot_id
    told.write_text(f"{boot_id}\n")
    under = ("unshare", "--mount", "sh", "-c", _UNDER_A_BOOT, "sh", str(told))
    seen = subprocess.run(
        [*under, "cat", "/proc/sys/kernel/random/boot_id"], capture_output=True, text=True, check=False
    )
    if seen.stdout.strip() != boot_id:
        pytest.skip(f"no boot id can be pretended here: {seen.stderr.strip()}")
    return under


@pytest.mark.parametrize(("second", "why"), [(SECOND, "the machine was started anew"), (FIRST, "its keeper")])
def test_what_ran_before_a_reboot_is_lost_and_tried_again(house: House, tmp_path: Path, second: str, why: str) -> None:
    """Broken: after a power cut the daemon waits for ever for jobs that are gone, or gives a wrong reason."""
    daemon = house.begin(under=boot(tmp_path, FIRST)).ready()
    done, wants = house.want("quick/1"), [house.want("slow/1"), house.want("slow/2")]
    house.becomes(done, "Successful")
    wait_until(lambda: house.begun("slow/1") and house.begun("slow/2"), "both jobs run")
    keepers = house.keepers()
    assert keepers
    daemon.kill()
    for keeper in keepers:
        os.kill(keeper, signal.SIGKILL)

    house.begin(under=boot(tmp_path, second)).ready()
    house.let_go()
    for want in wants:
        house.becomes(want, "Successful")
    assert house.state_of(done) == "Successful"
    for ref in ("slow/1", "slow/2"):
        lost, again = house.runs(ref)
        assert (lost["state"], again["state"]) == ("Lost", "Succeeded")
        assert why in str(house.ask("GET", f"/api/v1/jobruns/{lost['id']}").json())
        assert len(house.begun(ref)) == 2
    assert len(house.begun("quick/1")) == 1
