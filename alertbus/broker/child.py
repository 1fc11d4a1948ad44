"""A child process that does not outlive us: when this process dies hard, the kernel sends the child SIGTERM (Linux).

It has a session of its own, so that Ctrl-C in the terminal reaches us and we stop it in order. This file is also the
small program between fork and exec that asks the kernel for it: `preexec_fn` could, but is not safe beside threads.
The kernel's "parent" is the *thread* that called `spawn`: call it from one that lives as long as the child should.
"""

import asyncio
import contextlib
import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import IO

_PR_SET_PDEATHSIG = 1  # <sys/prctl.h>


def spawn(
    command: Sequence[str], *, stdout: int | IO[bytes], stderr: int | IO[bytes], env: Mapping[str, str] | None = None
) -> subprocess.Popen[bytes]:
    """Start the command on the leash; `env` None passes on ours."""
    leash = [sys.executable, "-I", "-S", __file__, str(os.getpid())]
    return subprocess.Popen(  # noqa: S603  the command is ours
        [*leash, *command], stdin=subprocess.DEVNULL, stdout=stdout, stderr=stderr, env=env, start_new_session=True
    )


async def stop(child: subprocess.Popen[bytes], grace_s: float) -> None:
    """Send SIGTERM, and SIGKILL when it is still there after the grace. Return when it is gone and reaped."""
    if child.poll() is None:
        child.terminate()
        try:
            await asyncio.to_thread(child.wait, grace_s)
        except subprocess.TimeoutExpired:
            child.kill()
            await asyncio.to_thread(child.wait)
        except asyncio.CancelledError:
            child.kill()
            raise
    if child.stdout is not None:
        child.stdout.close()


def _die_with(parent: int) -> None:
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
        if os.getppid() != parent:  # it died before we had asked
            sys.exit(1)


if __name__ == "__main__":
    _die_with(int(sys.argv[1]))
    os.execvp(sys.argv[2], sys.argv[2:])  # noqa: S606  no shell is the point
