"""Other machines, looked at over SSH: no agent there, one question a look, the same for all.

A connection is kept from one look to the next, so that a host logs one login and not one every half minute. Names are resolved by
~/.ssh/config as `ssh` does; a host's key must stand in known_hosts already: an unknown or changed one is refused.
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
"""Seconds that a host has for its answer; the others do not wait for it longer."""


class Hosts:
    """Connections to several hosts.

    Raises Problem where asyncssh is missing.
    """

    def __init__(self, names: Sequence[str], patience: float = PATIENCE) -> None:
        installed("Looking at other hosts", "ssh", "asyncssh")
        self._names, self._patience = names, patience
        self._script = remote.script()
        self._open: dict[str, asyncssh.SSHClientConnection] = {}
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    def ask(self) -> Future[dict[str, Snapshot | str]]:
        """By host, what runs there, or the sentence why that is not known; whoever asks need not wait for it."""
        return asyncio.run_coroutine_threadsafe(self._look(), self._loop)

    def close(self) -> None:
        """Hangs up, without waiting for who does not answer."""
        asyncio.run_coroutine_threadsafe(self._hang_up(), self._loop).result(self._patience)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(self._patience)
        self._loop.close()

    async def _look(self) -> dict[str, Snapshot | str]:
        answers = await asyncio.gather(*(self._asked(name) for name in self._names))
        return dict(zip(self._names, answers, strict=True))

    async def _hang_up(self) -> None:
        for name in list(self._open):
            self._drop(name)
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def _asked(self, name: str) -> Snapshot | str:
        import asyncssh

        try:
            async with asyncio.timeout(self._patience):
                asked, said = await self._answer(name)
        except asyncssh.HostKeyNotVerifiable:
            why = "shows a key that is not in known_hosts, or another than there: log in once with `ssh` and compare it"
        except asyncssh.PermissionDenied:
            why = "lets no one in with the keys that are here (agent, ~/.ssh/config)"
        except TimeoutError:
            why = f"did not answer within {self._patience:g} seconds"
        except socket.gaierror:
            why = "cannot be reached: no machine of this name is known (~/.ssh/config, DNS)"
        except (asyncssh.Error, OSError) as error:
            why = f"cannot be reached: {error}"
        except ValueError as error:
            why = f"cannot be reached, for ~/.ssh/config or known_hosts cannot be read: {error}"
        else:
            return remote.snapshot(name, said, asked)
        self._drop(name)
        return why

    async def _answer(self, name: str) -> tuple[float, str]:
        """When it was asked, and what the script prints there; over a new connection if the kept one has died in the meantime."""
        import asyncssh

        kept = name in self._open
        if not kept:
            self._open[name] = await self._connected(name)
        asked = time.time()
        try:
            done = await self._open[name].run(remote.COMMAND, input=self._script, errors="replace")
        except asyncssh.Error:
            if not kept:
                raise
            self._drop(name)
            return await self._answer(name)
        return asked, str(done.stdout or "")

    async def _connected(self, name: str) -> asyncssh.SSHClientConnection:
        import asyncssh

        config = Path.home() / ".ssh" / "config"
        return await asyncssh.connect(
            name, config=[str(config)] if config.is_file() else [], agent_forwarding=False, connect_timeout=self._patience
        )

    def _drop(self, name: str) -> None:
        if (connection := self._open.pop(name, None)) is not None:
            connection.abort()
