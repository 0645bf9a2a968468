#!/usr/bin/env python3
"""Sets up and runs this project with nothing but CPython 3.11 or newer: ``python3 dev.py run``, ``python3 dev.py test``.

Standard library only, and no syntax newer than Python 3.7 before the version has been checked, so that an old Python gets a sentence.
What happens inside the environment is in ``tests/support``.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent
ENVIRONMENT = ROOT / ".venv"
TOOLS = ROOT / ".tools"
STAMP = ENVIRONMENT / "ocop-stamp.json"
WINDOWS = os.name == "nt"
BIN = ENVIRONMENT / ("Scripts" if WINDOWS else "bin")
PYTHON = BIN / ("python.exe" if WINDOWS else "python")
PIP = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
OLDEST = (3, 11)
LOCKS = {"run": "requirements.lock", "dev": "requirements-dev.lock"}
INSTALLER_LOCK = "requirements-uv.lock"
RUN_COMMAND = ["ocop", "rehearsal", "run"]
"""What ``dev.py run`` starts, found in the environment; further arguments are appended."""

LOCK_OPTIONS = ["--universal", "--generate-hashes", "--no-emit-index-url", "--no-annotate", "--no-header", "--python-version", "3.11"]
LOCK_GROUPS = {
    "requirements.lock": ["pyproject.toml", "--group", "build"],
    "requirements-dev.lock": ["pyproject.toml", "--group", "build", "--group", "dev", "-c", "requirements.lock"],
    "requirements-uv.lock": ["--group", "tools"],
}

USAGE = """\
python3 dev.py run [...]            mở bản tập huấn trong trình duyệt · open the rehearsal in a browser
python3 dev.py test [...]           chạy mọi kiểm thử trên SQLite và PostgreSQL · run every test on SQLite and PostgreSQL
python3 dev.py setup [--dev]        chỉ cài đặt · set up and do nothing else
python3 dev.py check                kiểm tra mã nguồn · lint, types, import rules, licences
python3 dev.py bench NAME [--json]  đo tốc độ · run tests/bench/NAME.py
python3 dev.py campaign NAME [...]  thử nghiệm dài · run tests/campaigns/NAME.py
python3 dev.py docs                 vẽ lại sơ đồ, bảng trong tài liệu · redraw what the documents show of the rules
python3 dev.py lock [--upgrade]     ghi lại tệp khóa · write the lock files again (maintainers)"""


class Fault(Exception):
    """Something that may be expected on somebody's machine, told in two languages and without a traceback."""

    def __init__(self, vi: str, en: str, quoted: str = "") -> None:
        super().__init__(f"{quoted}{vi}\n{en}")


def fingerprint(profile: str) -> dict[str, str]:
    """What an environment was made from. An environment with the same answer needs nothing done."""
    return {
        "profile": profile,
        "lock": hashlib.sha256((ROOT / LOCKS[profile]).read_bytes()).hexdigest(),
        "project": hashlib.sha256((ROOT / "pyproject.toml").read_bytes()).hexdigest(),
        "place": str(ROOT),
    }


def is_current(profile: str) -> bool:
    """Whether the environment holds what ``profile`` asks for; one made for development also serves to run."""
    if not PYTHON.exists():
        return False
    try:
        found = json.loads(STAMP.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    enough = ("dev",) if profile == "dev" else ("run", "dev")
    return any(found == fingerprint(name) for name in enough)


def set_up(profile: str) -> None:
    """Make the environment or bring it up to date; returns at once if nothing changed."""
    if is_current(profile):
        return
    if profile == "run" and STAMP.exists():
        try:
            profile = json.loads(STAMP.read_text(encoding="utf-8"))["profile"]
        except (OSError, ValueError, KeyError):
            profile = "run"
    STAMP.unlink(missing_ok=True)
    say("Đang cài đặt vào .venv …", "Setting up .venv …")
    if not environment_works():
        discard_environment()
    installer = find_installer()
    if installer is None or not install_with_uv(installer, profile):
        install_with_pip(profile)
    STAMP.write_text(json.dumps(fingerprint(profile), indent=1), encoding="utf-8")


def environment_works() -> bool:
    """Whether ``.venv`` holds a Python that starts and is new enough; its base may have been removed or upgraded."""
    if not PYTHON.exists():
        return False
    probe = subprocess.run([str(PYTHON), "-c", f"import sys; sys.exit(sys.version_info < {OLDEST!r})"], capture_output=True, check=False)
    return probe.returncode == 0


def discard_environment() -> None:
    """Remove a broken ``.venv``, and refuse to remove a folder of that name that is no environment."""
    if not ENVIRONMENT.exists():
        return
    if not (ENVIRONMENT / "pyvenv.cfg").exists() and any(ENVIRONMENT.iterdir()):
        raise Fault(
            "Thư mục .venv đã có nhưng không phải môi trường Python; hãy dời nó đi rồi chạy lại.",
            "There is a folder .venv that is no Python environment; move it away and try again.",
        )
    shutil.rmtree(ENVIRONMENT)


def base_python() -> str:
    """The interpreter underneath, so that an environment is never built on top of another one."""
    return getattr(sys, "_base_executable", None) or sys.executable


def find_installer() -> str | None:
    """Path of uv: the one on this machine, the one fetched before, or one fetched now with pip; None if it cannot be had."""
    present = shutil.which("uv")
    if present:
        return present
    lock = ROOT / INSTALLER_LOCK
    wanted = re.search(r"^uv==(\S+)", lock.read_text(encoding="utf-8"), re.MULTILINE)
    folder = TOOLS / ("uv-%s" % (wanted.group(1) if wanted else "unknown"))
    for place in (folder / "bin" / "uv", folder / "Scripts" / "uv.exe", folder / "bin" / "uv.exe"):
        if place.exists():
            return str(place)
    if importlib.util.find_spec("pip") is None:
        return None
    # The finished folder appears in one step, so an interrupted download is never taken for an installer.
    TOOLS.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=str(TOOLS)) as unfinished:
        target = Path(unfinished) / "uv"
        fetched = quiet(
            [*PIP, "install", "--quiet", "--only-binary", ":all:", "--require-hashes", "--target", str(target), "-r", str(lock)]
        )
        if fetched.returncode != 0:
            return None
        try:
            target.rename(folder)
        except OSError:
            if not folder.exists():
                return None
    return find_installer()


def uv_settings() -> dict[str, str]:
    """The process environment for uv, with the package index that pip is told to use, because uv does not read pip's settings."""
    settings = dict(os.environ)
    settings.pop("VIRTUAL_ENV", None)
    if "UV_DEFAULT_INDEX" not in settings and "UV_INDEX_URL" not in settings:
        index = settings.get("PIP_INDEX_URL")
        if not index and importlib.util.find_spec("pip") is not None:
            index = quiet([*PIP, "config", "get", "global.index-url"]).stdout.strip()
        if index:
            settings["UV_DEFAULT_INDEX"] = index
    return settings


def install_with_uv(uv: str, profile: str) -> bool:
    """Fill the environment with exactly what the lock lists, and the project itself; False if uv could not."""
    settings = uv_settings()
    steps = [] if PYTHON.exists() else [[uv, "venv", "--quiet", "--no-project", "--python", base_python(), str(ENVIRONMENT)]]
    steps.append([uv, "pip", "sync", "--quiet", "--python", str(PYTHON), "--require-hashes", str(ROOT / LOCKS[profile])])
    steps.append([uv, "pip", "install", "--quiet", "--python", str(PYTHON), "--no-deps", "--no-build-isolation", "-e", str(ROOT)])
    for step in steps:
        done = quiet(step, settings)
        if done.returncode != 0:
            say("uv không làm được, chuyển sang pip:", "uv could not do it, going on with pip:")
            sys.stderr.write(tail(done.stderr))
            return False
    return True


def install_with_pip(profile: str) -> None:
    """The same with the standard library's venv and pip; slower, and it leaves behind what an older lock had."""
    if importlib.util.find_spec("ensurepip") is None:
        raise Fault(
            "Python này không có pip dùng được (thiếu ensurepip) và không tải được uv. Trên Debian/Ubuntu: apt install python3-venv python3-pip.",
            "This Python has no usable pip (ensurepip is missing) and uv could not be fetched. On Debian or Ubuntu: apt install python3-venv python3-pip.",
        )
    made = quiet([base_python(), "-m", "venv", str(ENVIRONMENT)])
    if made.returncode != 0:
        raise Fault(
            "Không tạo được môi trường .venv (xem các dòng trên).",
            "The environment .venv could not be made (see the lines above).",
            tail(made.stderr + made.stdout),
        )
    pip = [str(PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    for step in (["--require-hashes", "-r", str(ROOT / LOCKS[profile])], ["--no-deps", "--no-build-isolation", "-e", str(ROOT)]):
        done = quiet(pip + step)
        if done.returncode != 0:
            raise Fault(
                "Không cài được các gói cần thiết (xem các dòng trên). Máy có kết nối mạng tới kho gói Python không?",
                "The packages could not be installed (see the lines above). Does this machine reach a Python package index?",
                tail(done.stderr),
            )


def quiet(command: list[str], settings: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run a program to its end and keep what it says."""
    try:
        return subprocess.run(command, cwd=str(ROOT), env=settings, capture_output=True, text=True, check=False, errors="replace")
    except OSError as error:
        return subprocess.CompletedProcess(command, 127, "", f"{command[0]}: {error}\n")


def tail(text: str, lines: int = 12) -> str:
    """The last lines of what a program said."""
    return "".join(f"  | {line}\n" for line in text.strip().splitlines()[-lines:])


def say(vi: str, en: str) -> None:
    """A line for the person in front of the screen; standard output is left to the command."""
    sys.stderr.write(f"{vi} · {en}\n")
    sys.stderr.flush()


def hand_over(command: list[str]) -> int:
    """Become the command, so that signals and the exit code are its own; Windows cannot, and waits for it."""
    sys.stdout.flush()
    settings = dict(os.environ, PATH=os.pathsep.join([str(BIN), os.environ.get("PATH", "")]), VIRTUAL_ENV=str(ENVIRONMENT))
    if not WINDOWS:
        os.execve(command[0], command, settings)
    return subprocess.run(command, env=settings, check=False).returncode


def in_project(module: str, arguments: list[str]) -> int:
    """Run one of the project's own modules in the environment, from the root."""
    os.chdir(str(ROOT))
    return hand_over([str(PYTHON), "-m", module, *arguments])


def program(name: str) -> str:
    """Path of a program of the environment."""
    return str(BIN / (name + (".exe" if WINDOWS else "")))


def run(arguments: list[str]) -> int:
    set_up("run")
    return hand_over([program(RUN_COMMAND[0]), *RUN_COMMAND[1:], *arguments])


def test(arguments: list[str]) -> int:
    set_up("dev")
    return in_project("tests.support.suite", arguments)


def setup(arguments: list[str]) -> int:
    unknown = [argument for argument in arguments if argument != "--dev"]
    if unknown:
        words = " ".join(unknown)
        raise Fault(f"Không hiểu: {words}", f"Not understood: {words}")
    set_up("dev" if arguments else "run")
    say("Môi trường đã sẵn sàng: .venv", "The environment is ready: .venv")
    return 0


def check(arguments: list[str]) -> int:
    set_up("dev")
    return in_project("tests.support.checks", arguments)


def named(kind: str, arguments: list[str]) -> int:
    """Run one file of ``tests/bench`` or ``tests/campaigns`` with a durable PostgreSQL beside it."""
    folder = ROOT / "tests" / kind
    # Beside the files that can be run lie what they share and their tests.
    names = sorted(path.stem for path in folder.glob("*.py") if "__main__" in path.read_text(encoding="utf-8")) if folder.is_dir() else []
    if not arguments or arguments[0] not in names:
        known = ", ".join(names) or "–"
        raise Fault(f"Hãy nêu một tên trong: {known}", f"Give one of these names: {known}")
    set_up("dev")
    return in_project("tests.support.durable", [f"tests.{kind}.{arguments[0]}", *arguments[1:]])


def bench(arguments: list[str]) -> int:
    return named("bench", arguments)


def campaign(arguments: list[str]) -> int:
    return named("campaigns", arguments)


def docs(arguments: list[str]) -> int:
    set_up("dev")
    return in_project("tests.support.documents", arguments)


def lock(arguments: list[str]) -> int:
    """Write the lock files; without ``--upgrade`` what is locked stays as long as it fits."""
    uv = find_installer()
    if uv is None:
        raise Fault("Không tải được uv bằng pip.", "uv could not be fetched with pip.")
    for name, source in LOCK_GROUPS.items():
        done = quiet([uv, "pip", "compile", "--quiet", *source, *LOCK_OPTIONS, *arguments, "--output-file", name], uv_settings())
        if done.returncode != 0:
            raise Fault(f"Không ghi được {name}.", f"{name} could not be written.", tail(done.stderr))
        say(f"Đã ghi {name}", f"{name} is written")
    return 0


COMMANDS = {"run": run, "test": test, "setup": setup, "check": check, "bench": bench, "campaign": campaign, "docs": docs, "lock": lock}


def main(arguments: list[str]) -> int:
    """Choose the command; 0 done, 1 something failed, 2 not understood."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="replace")
    if sys.version_info < OLDEST:
        here = "%d.%d" % sys.version_info[:2]
        sys.stderr.write(f"Cần Python 3.11 trở lên; đây là Python {here}.\nPython 3.11 or newer is needed; this is Python {here}.\n")
        return 2
    if not arguments or arguments[0] not in COMMANDS:
        asked = bool(arguments) and arguments[0] in ("-h", "--help", "help")
        (sys.stdout if asked else sys.stderr).write(USAGE + "\n")
        return 0 if asked else 2
    try:
        return COMMANDS[arguments[0]](arguments[1:])
    except Fault as fault:
        sys.stderr.write(f"{fault}\n")
        return 1
    except PermissionError as error:
        sys.stderr.write(f"Không có quyền ghi: {error.filename}\nNo permission to write: {error.filename}\n")
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
