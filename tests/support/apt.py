"""Debian's package manager, for what no Python package brings: asked by root alone, and only where something is missing."""

import os
import shutil
import subprocess


def install(package: str) -> bool:
    """As root on Debian or its relatives, install a package without what it merely recommends; True if that worked."""
    if os.name != "posix" or os.geteuid() != 0 or shutil.which("apt-get") is None:
        return False
    settings = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (["apt-get", "update", "-qq"], ["apt-get", "install", "-y", "-qq", "--no-install-recommends", package]):
        if subprocess.run(command, env=settings, stdout=subprocess.DEVNULL, check=False).returncode != 0:
            return False
    return True
