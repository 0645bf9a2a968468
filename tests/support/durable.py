"""Runs a benchmark or a campaign with a durable PostgreSQL beside it: ``python -m tests.support.durable MODULE [ARGUMENTS]``.

The module finds the server in ``OCOP_TEST_POSTGRES_URL`` (see :class:`tests.support.postgres.Cluster`). Standard output is the module's.
"""

import contextlib
import os
import subprocess
import sys
from collections.abc import Sequence

from tests.support.postgres import DURABLE, Cluster, NoPostgres, provided
from tests.support.suite import stopping_in_order


def not_durable(cluster: Cluster) -> list[str]:
    """Settings of a server that would let an acknowledged commit be lost."""
    with cluster.connect() as connection:
        found = {name: (connection.execute(f"SHOW {name}").fetchone() or ("?",))[0] for name in DURABLE}
    return [f"{name} = {value}" for name, value in found.items() if value == "off"]


def main(arguments: Sequence[str]) -> int:
    """Start a server, run the module, and stop the server; the exit code is the module's."""
    environment = dict(os.environ)
    with stopping_in_order(), contextlib.ExitStack() as stack:
        try:
            cluster = stack.enter_context(provided(on_disk=True, with_apt=True))
        except NoPostgres as error:
            print(f"không có PostgreSQL · without PostgreSQL: {error}", file=sys.stderr)
        else:
            environment["OCOP_TEST_POSTGRES_URL"] = cluster.address
            weak = not_durable(cluster)
            if weak:
                print(f"không bền · not durable, so the figures are not comparable: {', '.join(weak)}", file=sys.stderr)
        return subprocess.run([sys.executable, "-m", *arguments], env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
