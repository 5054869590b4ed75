"""Scans other machines over SSH, without an agent there: one command per scan, the same for all hosts.

Connections are kept between scans, so that a host logs one login and not one every half minute. Names are resolved by ~/.ssh/config as
by `ssh`; a host's key must already be in known_hosts: unknown and changed keys are refused.
"""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import TYPE_CHECKING

from scratchlab.checks import installed
from scratchlab.notebook.activity import remote
from scratchlab.notebook.activity.processes import Snapshot

if TYPE_CHECKING:
    import asyncssh

PATIENCE = 15.0
"""Seconds that a host has for its answer."""


class Hosts:
    """Connections to several hosts. Raises Problem if asyncssh is missing."""

    def __init__(self, names: Sequence[str], patience: float = PATIENCE) -> None:
        installed("Looking at other hosts", "ssh", "asyncssh")
        self._names, self._patience = names, patience
        self._script = remote.script()
        self._open: dict[str, asyncssh.SSHClientConnection] = {}
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    def query(self) -> Future[dict[str, Snapshot | str]]:
        """Starts a scan of all hosts; its result is, by host, a snapshot or the reason why there is none."""
        return asyncio.run_coroutine_threadsafe(self._scan(), self._loop)

    def close(self) -> None:
        """Closes the connections, without waiting for hosts that do not answer."""
        asyncio.run_coroutine_threadsafe(self._hang_up(), self._loop).result(self._patience)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(self._patience)
        self._loop.close()

    async def _scan(self) -> dict[str, Snapshot | str]:
        answers = await asyncio.gather(*(self._query(name) for name in self._names))
        return dict(zip(self._names, answers, strict=True))

    async def _hang_up(self) -> None:
        for name in list(self._open):
            self._drop(name)
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def _query(self, name: str) -> Snapshot | str:
        import asyncssh

        try:
            async with asyncio.timeout(self._patience):
                sent, output = await self._answer(name)
        except asyncssh.HostKeyNotVerifiable:
            reason = "presents a host key that is unknown or differs from known_hosts: log in once with `ssh` and check it"
        except asyncssh.PermissionDenied:
            reason = "accepts none of the keys available here (agent, ~/.ssh/config)"
        except TimeoutError:
            reason = f"did not answer within {self._patience:g} seconds"
        except socket.gaierror:
            reason = "cannot be reached: unknown host name (~/.ssh/config, DNS)"
        except (asyncssh.Error, OSError) as error:
            reason = f"cannot be reached: {error}"
        except ValueError as error:
            reason = f"cannot be reached: ~/.ssh/config or known_hosts cannot be read: {error}"
        else:
            return remote.snapshot(name, output, sent)
        self._drop(name)
        return reason

    async def _answer(self, name: str) -> tuple[float, str]:
        """The time of the request, and the script's output; over a new connection if the kept one is broken."""
        import asyncssh

        connected = name in self._open
        if not connected:
            self._open[name] = await self._connected(name)
        sent = time.time()
        try:
            done = await self._open[name].run(remote.COMMAND, input=self._script, errors="replace")
        except asyncssh.Error:
            if not connected:
                raise
            self._drop(name)
            return await self._answer(name)
        return sent, str(done.stdout or "")

    async def _connected(self, name: str) -> asyncssh.SSHClientConnection:
        import asyncssh

        config = Path.home() / ".ssh" / "config"
        return await asyncssh.connect(
            name, config=[str(config)] if config.is_file() else [], agent_forwarding=False, connect_timeout=self._patience
        )

    def _drop(self, name: str) -> None:
        if (connection := self._open.pop(name, None)) is not None:
            connection.abort()
