"""A real SSH server on the loopback interface, which runs commands by /bin/sh: it serves as a remote host in the study and the tests.

It writes a home folder for its client: .ssh/config, .ssh/known_hosts, keys made for the occasion.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Generator
from pathlib import Path

import asyncssh


class Server:
    """A server. port: where it listens. commands: the commands it received. logins: number of logins."""

    def __init__(self, authorized: Path, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.key = asyncssh.generate_private_key("ssh-ed25519")
        self.commands: list[str] = []
        self.logins = 0
        self.port = 0
        self._authorized = authorized
        self._connections: list[asyncssh.SSHServerConnection] = []

    async def listen(self) -> asyncssh.SSHAcceptor:
        server = await asyncssh.listen(
            "127.0.0.1",
            0,
            server_host_keys=[self.key],
            authorized_client_keys=str(self._authorized) if self._authorized.exists() else b"",
            process_factory=self._run,
            server_factory=lambda: _Counting(self),
            encoding=None,
        )
        self.port = server.get_port()
        return server

    async def _run(self, process: asyncssh.SSHServerProcess[bytes]) -> None:
        """Starts a shell in a session of its own, as sshd does."""
        said, pipe = await process.stdin.read(), asyncio.subprocess.PIPE
        self.commands.append(process.command or "")
        shell = await asyncio.create_subprocess_exec(
            "/bin/sh", "-c", process.command or "", stdin=pipe, stdout=pipe, stderr=pipe, start_new_session=True
        )
        out, _ = await shell.communicate(said)
        process.stdout.write(out)
        process.exit(shell.returncode or 0)

    def drop(self) -> None:
        """Closes all connections, as a restarted server does."""
        asyncio.run_coroutine_threadsafe(self.hang_up(), self.loop).result(20)

    async def hang_up(self) -> None:
        for connection in self._connections:
            connection.abort()
        await asyncio.gather(*(connection.wait_closed() for connection in self._connections), return_exceptions=True)
        self._connections.clear()

    def came(self, connection: asyncssh.SSHServerConnection) -> None:
        self.logins += 1
        self._connections.append(connection)


class _Counting(asyncssh.SSHServer):
    def __init__(self, server: Server) -> None:
        self._server = server

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self._server.came(conn)


def configure(folder: Path, servers: dict[str, int]) -> None:
    """Writes the client's .ssh/config, with the port of each host."""
    lines = [
        f"Host {name}\n  HostName 127.0.0.1\n  Port {port}\n  User sam\n  IdentityFile {folder}/.ssh/id\n  IdentityAgent none\n"
        for name, port in servers.items()
    ]
    (folder / ".ssh" / "config").write_text("".join(lines))


def keys(folder: Path) -> Path:
    """Creates the client's key; returns the authorized_keys file."""
    (folder / ".ssh").mkdir(mode=0o700, parents=True, exist_ok=True)
    key = asyncssh.generate_private_key("ssh-ed25519")
    key.write_private_key(str(folder / ".ssh" / "id"))
    key.write_public_key(str(folder / ".ssh" / "authorized_keys"))
    return folder / ".ssh" / "authorized_keys"


def run(folder: Path, server: Server, command: str) -> None:
    """Logs in and runs one command."""

    async def done() -> None:
        known = str(folder / ".ssh" / "known_hosts")
        key = str(folder / ".ssh" / "id")
        async with asyncssh.connect(
            "127.0.0.1", server.port, username="sam", client_keys=[key], known_hosts=known, config=[]
        ) as connection:
            await connection.run(command, stdin=asyncssh.DEVNULL, check=True)

    asyncio.run(done())


def know(folder: Path, server: Server) -> None:
    """Appends the server's key to the client's known_hosts."""
    public = server.key.export_public_key().decode().strip()
    with (folder / ".ssh" / "known_hosts").open("a") as file:
        file.write(f"[127.0.0.1]:{server.port} {public}\n")


@contextlib.contextmanager
def serving(authorized: Path) -> Generator[Server]:
    """Runs a server in a thread during the block."""
    loop, ready = asyncio.new_event_loop(), threading.Event()
    server = Server(authorized, loop)

    async def serve() -> None:
        listening = await server.listen()
        ready.set()
        await stop.wait()
        await server.hang_up()
        listening.close()
        await listening.wait_closed()

    stop = asyncio.Event()
    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()), daemon=True)
    thread.start()
    if not ready.wait(20):
        raise RuntimeError("the server does not listen")
    try:
        yield server
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(20)
        loop.close()
