"""What is posted goes to who he says he is: certificates are checked."""

from __future__ import annotations

import asyncio
import ssl
from pathlib import Path

import pytest

from orchestrator.outward.messages import Undelivered
from orchestrator.outward.posting import Poster
from tests.kit.tls import make_certificate
from tests.outward.rig import Receiver


@pytest.mark.asyncio
async def test_a_certificate_that_nobody_vouches_for_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Broken: whoever stands in between reads what is told; or https does not work at all."""
    certificate = make_certificate(tmp_path)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, certificate.with_name("key.pem"))
    receiver = Receiver(0)
    server = await asyncio.start_server(receiver.serve, "127.0.0.1", 0, ssl=context)
    url = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}/hook"
    stranger = Poster(url, 20)
    with pytest.raises(Undelivered, match="CERTIFICATE_VERIFY_FAILED"):
        await stranger.post([], b"{}")
    assert receiver.seen == []
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    friend = Poster(url, 20)
    assert [(await friend.post([], body)).status for body in (b"1", b"2")] == [200, 200]
    assert [posted.body for posted in receiver.seen] == [b"1", b"2"]
    await friend.close()
    server.close()
    await server.wait_closed()
