"""The command line ``ocop``. Loads nothing of the other rooms before it is known that they are ours."""

import sys

from api.names import misplaced


def main(arguments: list[str] | None = None) -> None:
    """Run the command line; ``--lang`` may stand anywhere."""
    clash = misplaced()
    if clash is not None:
        # The words lie in one of the rooms, so that they may be the intruder's.
        sys.stderr.write(
            f"Gói “{clash.name}” được nạp từ {clash.where}, không phải của ocop-cycle; hãy cài vào môi trường riêng.\n"
            f"Package “{clash.name}” was loaded from {clash.where}, which is not ocop-cycle's; install into an environment of its own.\n"
        )
        raise SystemExit(1)
    from api.cli.commands import app  # noqa: PLC0415 - see above

    given = sys.argv[1:] if arguments is None else list(arguments)
    for at, word in enumerate(given):
        if word == "--":
            break
        if word == "--lang" and at + 1 < len(given):
            given = [*given[at : at + 2], *given[:at], *given[at + 2 :]]
            break
        if word.startswith("--lang="):
            given = [word, *given[:at], *given[at + 1 :]]
            break
    app(given)
