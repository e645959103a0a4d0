"""One careless daemon for all tests of a file that do not have to end it: what one file did is nothing to another."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import pytest

from tests.security.kit import daemon, make_application


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder of the application, with its daemon running."""
    folder = make_application(tmp_path_factory.mktemp("security") / "app")
    with daemon(folder) as process:
        assert process.stderr is not None
        listening = Thread(target=process.stderr.read, name="listening")  # a full pipe would hold the daemon up
        listening.start()
        yield folder
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
        listening.join()
