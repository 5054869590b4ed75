"""Which program a command line runs, and which programs are no jobs: shells, editors, daemons, desktop and monitoring programs."""

from __future__ import annotations

import re
from collections.abc import Sequence

from scratchlab.notebook.activity.processes import Process

_INTERPRETER = re.compile(r"(python|pypy|node|nodejs|perl|ruby)[\d.]*t?")
_TAKES_VALUE = {"-W", "-X", "-r", "--require", "--check-hash-based-pycs"}

_SHELLS = "sh bash dash zsh fish tcsh csh ksh ash busybox nu xonsh pwsh login su sudo doas newgrp"
_WRAPPERS = (  # they only wait for what they started, which is the job
    "nohup env time timeout nice ionice chrt taskset stdbuf script scriptreplay setsid unbuffer flock xargs parallel make gmake ninja "
    "just entr srun salloc sbatch mpirun mpiexec conda mamba micromamba uv uvx poetry pipenv hatch pixi nox tox direnv pueued "
    "supervisord systemd systemd-run init tini dumb-init s6-svscan runit cron crond atd at"
)
_TERMINALS = "tmux screen SCREEN zellij abduco dtach byobu mosh-server mosh-client sshd sshd-session ssh sftp-server sftp autossh ssh-agent"
_EDITORS = (
    "vim vi nvim view vimdiff emacs emacsclient nano micro hx kak ed code code-server cursor codium pycharm idea zed zed-editor "
    "sublime_text gedit kate jupyter jupyter-lab jupyter-notebook jupyter-server jupyterhub-singleuser jupyterhub ipython spyder "
    "gopls rust-analyzer clangd pyright-langserver basedpyright-langserver pylsp ruff-lsp copilot-language-server language_server.js"
)
_LOOKING = (
    "less more man info top htop btop atop glances nvtop nvitop gpustat nvidia-smi watch tail head cat tee ts grep egrep rg ag awk gawk "
    "mawk sed sort uniq wc cut tr pv sleep ls ll find fd ps pgrep pstree lsof strace ltrace gdb py-spy vmstat iostat dstat sar journalctl "
    "git tig lazygit gh squeue sacct scancel scontrol sinfo inotifywait fswatch yes logger multilog rotatelogs cronolog bat"
)
_SERVICES = (
    "dbus-daemon dbus-broker gpg-agent ssh-agent pulseaudio pipewire wireplumber Xorg Xwayland Xvfb Xvnc sway i3 bspwm xterm alacritty "
    "kitty wezterm foot konsole urxvt rxvt xfce4-terminal gnome-terminal-server firefox chrome chromium thunderbird slack zoom discord "
    "spotify dropbox syncthing nextcloud onedrive tracker-miner-fs at-spi-bus-launcher xdg-document-portal dconf-service dockerd "
    "containerd containerd-shim podman conmon rootlesskit slirp4netns fusermount sshfs tensorboard wandb-core wandb-service "
    "gcs_server raylet plasma_store ray::DashboardAgent ray::RuntimeEnvAgent chrome_crashpad_handler headless_shell Preferences obsidian"
)
SHELLS = frozenset(_SHELLS.split())
NOT_JOBS = frozenset(" ".join((_SHELLS, _WRAPPERS, _TERMINALS, _EDITORS, _LOOKING, _SERVICES)).split())
_BEGINNINGS = ("gnome-", "gvfs", "xdg-", "ibus", "kde", "plasma", "systemd-", "(sd-pam", "evolution-", "goa-", "gsd-")
_PLACES = re.compile(r"/\.?(?:vscode|cursor|windsurf|codium)[^/]*/|/JetBrains/|/extensions/|^/usr/libexec/|^/usr/sbin/|^/sbin/")
_OWN = frozenset({"run", "resume", "sweep"})  # scratchlab's commands that are jobs


def program(argv: Sequence[str]) -> str:
    """The name of the program, script or module that is run, not of its interpreter.

    >>> program(["/usr/bin/python3", "-u", "-m", "kws.train"]), program(["-bash"]), program(["python", "/x/bin/torchrun", "t.py"])
    ('kws.train', 'bash', 'torchrun')
    """
    first = argv[0].lstrip("-") if argv else ""
    base = first.partition(":")[0] if re.search(r":(?: |$)", first) else first.rsplit("/", 1)[-1]  # `sshd: sam@pts/0` is a title
    if not _INTERPRETER.fullmatch(base):
        return base
    words = iter(argv[1:])
    for word in words:
        if word == "-m":
            return next(words, base)
        if word == "-c":
            return base
        if word in _TAKES_VALUE:
            next(words, None)
        elif not word.startswith("-"):
            return word.rsplit("/", 1)[-1]
    return base


def begins_anew(process: Process) -> bool:
    """Whether this is a shell that leads a session, as in a terminal; its children do not belong to whatever opened the terminal."""
    return process.pid == process.session and program(process.argv) in SHELLS


def is_no_job(process: Process) -> bool:
    """Whether this process is not recorded as a job; its descendants may be."""
    argv = process.argv
    name = program(argv)
    if name in NOT_JOBS or name.startswith(_BEGINNINGS) or any(_PLACES.search(word) for word in argv[:2]):
        return True
    if name in ("scratchlab", "scratchlab.__main__"):
        at = next((at for at, word in enumerate(argv) if word.rsplit("/", 1)[-1] == name), 0)
        return not _OWN & set(argv[at + 1 : at + 2])
    interpreted = _INTERPRETER.fullmatch(argv[0].rsplit("/", 1)[-1]) is not None
    if process.pid == 1 and not interpreted:
        return True  # init of the machine or container, unless the container runs nothing but a job
    quiet = process.links.get(1, "") in ("", "/dev/null") or process.links.get(1, "").startswith("socket:")
    return process.cwd == "/" and process.parent <= 1 and (quiet or not interpreted)  # a daemon
