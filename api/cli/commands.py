"""Every command of ``ocop``: exit codes 0 done, 1 refused with reasons, 2 bad usage; ``--json`` on whatever reads."""

from importlib.metadata import version
from typing import Annotated

import typer

from api.cli import activities as _activities  # noqa: F401 - it adds its commands to ``ocop plan``
from api.cli import confirmations as _confirmations  # noqa: F401 - it adds its commands to ``ocop case``
from api.cli import operations, terms
from api.cli import supports as _supports  # noqa: F401 - the same
from api.cli import users as _users  # noqa: F401 - it adds its commands to ``ocop user``
from api.cli.calendars import calendar
from api.cli.calls import ack, call, reach_command, share_command
from api.cli.cases import case, certificate
from api.cli.charts import charts, regimes
from api.cli.context import ctx
from api.cli.deliveries import delivery, inbox_command
from api.cli.demo import demo_command
from api.cli.feeds import feed
from api.cli.forecasts import forecast_command
from api.cli.notify import notify
from api.cli.plans import plan, rounds
from api.cli.redate import redate_command
from api.cli.reminders import reminder
from api.cli.serve import serve_command
from api.cli.told import told_command
from api.cli.webhooks import webhook
from api.cli.whatif import what_if_command
from api.cli.worker import watch_command, worker_command

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Chu trình OCOP từ ý tưởng đến giấy chứng nhận · the OCOP cycle",
)
app.add_typer(case, name="case")
app.add_typer(certificate, name="certificate")
app.add_typer(plan, name="plan")
app.add_typer(rounds, name="round")
app.add_typer(calendar, name="calendar")
app.add_typer(reminder, name="reminder")
app.add_typer(delivery, name="delivery")
app.add_typer(ack, name="ack")
app.add_typer(call, name="call")
app.add_typer(notify, name="notify")
app.add_typer(webhook, name="webhook")
app.add_typer(feed, name="feed")
app.add_typer(charts, name="charts")
app.add_typer(regimes, name="regime")
app.add_typer(operations.load, name="load")
app.add_typer(operations.log, name="log")
app.add_typer(operations.rehearsal, name="rehearsal")
app.add_typer(operations.users, name="user")
rounds.command("re-date")(redate_command)
reminder.command("told")(told_command)
reminder.command("share")(share_command)
app.command("inbox")(inbox_command)
app.command("reach")(reach_command)
rounds.command("forecast")(forecast_command)
case.command("extend")(terms.extend_command)
case.command("suspend")(terms.suspend_command)
case.command("resume")(terms.resume_command)
case.command("why")(terms.why_command)
app.command("migrate")(operations.migrate_command)
app.command("doctor")(operations.doctor_command)
app.command("tick")(operations.tick_command)
app.command("worker")(worker_command)
app.command("watch")(watch_command)
app.command("serve")(serve_command)
app.command("demo")(demo_command)
app.command("what-if")(what_if_command)
_help = typer.Typer(no_args_is_help=True, help="Giải thích một mã · explain a code")
_help.command("why")(operations.help_why)
_help.callback()(lambda: None)
app.add_typer(_help, name="help")


@app.callback(invoke_without_command=True)
def options(
    lang: Annotated[str, typer.Option("--lang", help="vi, en")] = "vi",
    show_version: Annotated[bool, typer.Option("--version", help="Phiên bản · version")] = False,
) -> None:
    """Ngôn ngữ và phiên bản · language and version."""
    if show_version:
        typer.echo(version("ocop-cycle"))
        raise typer.Exit
    if lang not in {"vi", "en"}:
        raise typer.BadParameter("vi, en")
    ctx.language = "en" if lang == "en" else "vi"
