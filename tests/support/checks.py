"""Everything that is checked without running the product: ``python -m tests.support.checks``. Goes on after a failure."""

import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

BIN = Path(sys.executable).parent


@dataclass(frozen=True, slots=True)
class Check:
    """A heading and the command behind it; a bare program name is one of the environment."""

    heading: str
    command: tuple[str, ...]


CHECKS = (
    Check("Lint", ("ruff", "check", "--quiet", "--output-format", "concise")),
    Check("Format", ("ruff", "format", "--check", "--quiet", "--output-format", "concise")),
    Check("Types", ("mypy",)),
    Check("Imports go inwards", ("lint-imports",)),
    Check("Declared and used packages", ("deptry", "--no-ansi", ".")),
    Check("Dead code", (sys.executable, "-m", "tests.support.dead_code")),
    Check("Soundness of the charts", ("ocop", "charts", "check")),
    Check("Licences", (sys.executable, "-m", "tests.support.licences", "requirements.lock")),
)


def run_check(check: Check) -> bool:
    """Run one check with its output on this terminal; True if it found nothing."""
    print(f"== {check.heading}", flush=True)
    program, *rest = check.command
    path = program if Path(program).is_absolute() else str(BIN / program)
    begun = time.monotonic()
    try:
        good = subprocess.run([path, *rest], check=False).returncode == 0
    except OSError as error:
        print(f"{program}: {error.strerror}")
        good = False
    print(f"   {'ok' if good else 'FAILED'} ({time.monotonic() - begun:.1f} s)", flush=True)
    return good


def main(checks: Sequence[Check] = CHECKS) -> int:
    """Run all checks and name those that failed."""
    failed = [check.heading for check in checks if not run_check(check)]
    print(f"{len(checks) - len(failed)} checks passed, {len(failed)} failed" + "".join(f"\n  {heading}" for heading in failed), flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
