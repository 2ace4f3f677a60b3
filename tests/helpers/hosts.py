"""Several hosts on one machine, each with a network, a name and shared memory of its own.

A test first calls enter(): it is started again in namespaces of its own (processes, mounts,
network, names). Whatever it then starts, mounts or sets up is gone when it ends, however it ends;
other tests and the machine see nothing of it.
"""
import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

from nntrain_test import SESSIONS, skip

APART = "NNT_TEST_APART"
FOLDER = Path("/run/nn")  # a file system in memory, seen by this test only; short for sockets
# sh is the first process of the new namespace: it also reaps what the test leaves to it. ip keeps
# its networks in /run, too.
START = ("mount -t tmpfs none /run && "
         f"mkdir -p {FOLDER}/tmp && export TMPDIR={FOLDER}/tmp || exit 99"
         '; "$@"; exit $?')
NAMESPACES = ["unshare", "--fork", "--pid", "--kill-child", "--mount", "--propagation", "private",
              "--mount-proc", "--net", "--uts", "--ipc", "sh", "-c", START, "sh"]

ON_HOST = """#!/bin/sh
while case "$1" in -*) true ;; *) false ;; esac; do shift; done
host=$1
shift
exec nsenter "--net=/run/netns/$host" unshare --uts --mount --propagation private \\
  sh -c 'hostname "$0" && mount -t tmpfs none /dev/shm && eval "$*"' "$host" "$@"
"""


def enter():
    """Starts the running script anew in its own namespaces, or skips the test."""
    if os.environ.get(APART):
        return
    if os.geteuid() != 0:
        skip("hosts of one machine need root, for namespaces")
    for tool in ("unshare", "nsenter", "ip"):
        if shutil.which(tool) is None:
            skip(f"{tool} is missing; scripts/install_dependencies.sh --tests installs it")
    tried = subprocess.run([*NAMESPACES, "true"], capture_output=True, text=True, check=False)
    if tried.returncode != 0:
        skip(f"namespaces are not allowed here: {tried.stderr.strip()}")
    os.environ[APART] = "1"
    sys.stdout.flush()
    SESSIONS.cleanup()  # exec would leave it
    os.execvp("unshare", [*NAMESPACES, sys.executable, *sys.argv])


def run(*words):
    """Runs a command that has to succeed; what it printed."""
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True,
                          check=False)
    if done.returncode != 0:
        raise AssertionError(f"{' '.join(map(str, words))}\nended with {done.returncode}\n"
                             f"{done.stdout}{done.stderr}")
    return done.stdout


class Hosts:
    """nh1 to nhN at 10.77.0.1 to .N on one bridge; the test itself is on `hub`, .254."""

    network = "10.77.0.0/24"

    def __init__(self, count):
        self.names = [f"nh{i + 1}" for i in range(count)]
        run("hostname", "hub")
        for words in ("link add br0 type bridge", "link set br0 up", "link set lo up",
                      "addr add 10.77.0.254/24 dev br0"):
            run("ip", *words.split())
        addresses = {"hub": "10.77.0.254"}
        for i, name in enumerate(self.names, 1):
            addresses[name] = f"10.77.0.{i}"
            for words in (f"netns add {name}",
                          f"link add veth0 netns {name} type veth peer name {name}",
                          f"link set {name} master br0 up",
                          f"-n {name} addr add {addresses[name]}/24 dev veth0",
                          f"-n {name} link set veth0 up", f"-n {name} link set lo up"):
                run("ip", *words.split())
        lines = ["127.0.0.1 localhost", *(f"{a} {name}" for name, a in addresses.items())]
        (FOLDER / "hosts").write_text("\n".join(lines) + "\n")
        run("mount", "--bind", FOLDER / "hosts", "/etc/hosts")
        # HOST and a line for its shell, like ssh, in whose place mpirun starts it with options.
        self.remote_shell = FOLDER / "on-host"
        self.remote_shell.write_text(ON_HOST)
        self.remote_shell.chmod(0o755)

    def words(self, name, *command):
        """The command as it has to be called to run on host `name`; the process stays the same."""
        return [str(self.remote_shell), name, "exec " + shlex.join(map(str, command))]

    def cut_link(self, name):
        """The host's cable is pulled."""
        run("ip", "link", "set", name, "down")

    def mend_link(self, name):
        """Back when it carries again, a moment later; nobody remembers that the host was away."""
        run("ip", "link", "set", name, "up")
        until = time.monotonic() + 60
        while "LOWER_UP" not in run("ip", "-n", name, "link", "show", "veth0") or \
                "state UP" not in run("ip", "link", "show", name):
            if time.monotonic() > until:
                raise AssertionError(f"the link of {name} stays down")
            time.sleep(0.05)
        for other in self.names:
            run("ip", "-n", other, "neigh", "flush", "all")

    @staticmethod
    def processes(name):
        """The numbers of those that run on a host."""
        return [int(number) for number in run("ip", "netns", "pids", name).split()]

    def end(self, name):
        """As if the host's power were cut: no process says goodbye."""
        for number in self.processes(name):
            try:
                os.kill(number, signal.SIGKILL)
            except ProcessLookupError:
                pass

    def end_all(self):
        """Ends all that runs on the hosts: what an earlier mpirun left would clear away the files
        of the next."""
        for name in self.names:
            self.end(name)
