"""The one place that reads the environment: ``OCOP_*`` variables or secret files. An unknown ``OCOP_*`` name is an error."""

import os
from collections.abc import Mapping
from pathlib import Path
from unicodedata import normalize

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from states.errors import MalformedInput
from workflow.housekeeping import KEPT_AT_LEAST_DAYS

_TESTS = "OCOP_TEST_"
"""Names that belong to the test suite; they reach every process that a test starts."""


class UnknownSetting(MalformedInput):
    """An ``OCOP_*`` variable that the product does not know. Detail: ``names``, ``known``."""

    code = "unknown_setting"


class Settings(BaseSettings):
    """How an installation is set up."""

    model_config = SettingsConfigDict(env_prefix="OCOP_", extra="ignore", secrets_dir=None)

    data_dir: Path = Field(default_factory=lambda: default_data_dir(), description="Where an embedded database lies")  # noqa: PLW0108
    database_url: SecretStr | None = Field(default=None, description="sqlite:///… or postgresql://…; an embedded SQLite file if unset")
    owner_url: SecretStr | None = Field(default=None, description="PostgreSQL: the role that owns the tables; used by migrate alone")
    app_role: str | None = Field(default=None, description="PostgreSQL: the role that the service uses; granted by migrate")
    allow_unsafe: bool = Field(default=False, description="Accept a PostgreSQL server that may lose commits; throw-away test servers only")
    secret_key: SecretStr | None = Field(
        default=None, description="Seals second factors; a file in the data folder if unset, the same for every process if set"
    )
    oidc_issuer: str | None = Field(
        default=None, pattern=r"^https?://\S+$", description="Identity provider (OpenID Connect), by its issuer"
    )
    oidc_client_id: str | None = Field(default=None, description="Under which name the identity provider knows this installation")
    oidc_client_secret: SecretStr | None = Field(default=None, description="The secret that goes with it")
    secrets_dir: Path | None = Field(default=None, description="Folder of files named like the settings, such as ocop_database_url")

    public_url: str | None = Field(
        default=None,
        pattern=r"^https?://[^\s/?#@]+(/[^\s?#]*)?$",
        description="Address at which people reach the service; personal links need it",
    )
    link_key: SecretStr | None = Field(
        default=None, description="Secret that personal links are made with; a file beside an embedded database if unset"
    )
    mail_host: str | None = Field(default=None, description="Mail server; without one letters are laid into a folder")
    mail_port: int = Field(default=0, description="Its port; follows from the security unless set")
    mail_security: str = Field(default="starttls", description="starttls, tls, or none for a server on this machine")
    mail_from: str | None = Field(default=None, description="Address that letters come from")
    mail_from_name: str = Field(default="", description="Name that readers see")
    mail_reply_to: str | None = Field(default=None, description="Where answers go")
    mail_user: str | None = Field(default=None, description="Login")
    mail_password: SecretStr | None = Field(default=None, description="Its password")
    mail_ca_file: Path | None = Field(default=None, description="Certificates to trust instead of the system's")
    mail_allow_plain: bool = Field(default=False, description="Accept an unprotected line to another machine")
    mail_hello: str = Field(default="", description="Name that this machine gives for itself")
    mail_seconds: float = Field(default=45.0, description="Limit for one letter")
    mail_console: bool = Field(default=False, description="Print every message as well")
    outbox_dir: Path | None = Field(default=None, description="Folder for letters where there is no mail server")
    webhook_allowed: str = Field(default="", description="Networks of the inside that a receiver may lie in, such as 10.1.2.3/32")
    webhook_ca_file: Path | None = Field(default=None, description="Certificates to trust instead of the system's")
    webhook_seconds: float = Field(default=45.0, description="Limit for one event")
    webhook_templates: str = Field(default="", description="Templates of a gateway, such as reminder=101,digest=102")
    watch_url: str | None = Field(
        default=None, description="Address outside that is asked after every whole pass; its silence is the alarm"
    )
    alarm_email: str | None = Field(default=None, description="Who is written to when reminding stands still")
    keep_sessions_days: int = Field(default=90, ge=1, le=36_500, description="For how long ended sessions are kept")
    keep_links_days: int = Field(default=90, ge=30, le=36_500, description="For how long used and expired one-time links are kept")
    keep_reads_days: int = Field(
        default=3653, ge=KEPT_AT_LEAST_DAYS, le=36_500, description="For how long the record of who read what is kept; five years at least"
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 - pydantic hands it over by name
        init_settings: PydanticBaseSettingsSource,
        *_: PydanticBaseSettingsSource,
        **__: object,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Nothing but what :func:`read_settings` hands over, so that a slip in a name cannot go unseen."""
        return (init_settings,)

    @field_validator("mail_from_name")
    @classmethod
    def _composed(cls, name: str) -> str:
        return normalize("NFC", name)

    @property
    def url(self) -> str:
        """Address of the database."""
        if self.database_url is not None:
            return self.database_url.get_secret_value()
        return f"sqlite:///{self.data_dir.expanduser() / 'ocop.db'}"

    @property
    def migration_url(self) -> str:
        """Address for migrations: with the owner's role where there is one."""
        return self.owner_url.get_secret_value() if self.owner_url is not None else self.url

    @property
    def where(self) -> str:
        """Where the data lies, for people: never a password."""
        url = self.url
        if url.startswith("sqlite"):
            return url.removeprefix("sqlite:///")
        # A parameter may hold a password too, and a password of its own may hold a question mark: what cannot be told apart is not shown.
        place, _, parameters = url.partition("://")[2].partition("?")
        return "postgresql://" + ("?" if "@" in parameters and "@" not in place else place.rpartition("@")[2])


def default_data_dir() -> Path:
    """``.ocop-data`` in a checkout, so that trying things out stays in its folder; ``~/.ocop-cycle`` where the product is installed."""
    root = Path(__file__).resolve().parent.parent
    return root / ".ocop-data" if (root / "pyproject.toml").exists() else Path.home() / ".ocop-cycle"


def read_settings(environment: Mapping[str, str] | None = None) -> Settings:
    """Read the settings.

    Args:
        environment: Instead of the process's own, for tests.

    Raises:
        UnknownSetting: There is an ``OCOP_*`` name that nobody reads, most likely a slip.
        MalformedInput: A value cannot be read.
    """
    given = os.environ if environment is None else environment
    values = _known(given)
    if "secrets_dir" in values:
        values = {**_known(_secrets(Path(values["secrets_dir"]).expanduser())), **values}
    try:
        return Settings(**values)  # type: ignore[arg-type]
    except ValidationError as error:
        first = error.errors()[0]
        raise MalformedInput("setting_malformed", name=f"OCOP_{str(first['loc'][0]).upper()}", why=first["msg"]) from None


def _known(given: Mapping[str, str]) -> dict[str, str]:
    """What is set, by field."""
    known = {f"OCOP_{name.upper()}" for name in Settings.model_fields}
    unknown = sorted(n for n in given if n.upper().startswith("OCOP_") and n.upper() not in known and not n.upper().startswith(_TESTS))
    if unknown:
        raise UnknownSetting(names=", ".join(unknown), known=", ".join(sorted(known)))
    return {n.upper().removeprefix("OCOP_").lower(): v for n, v in given.items() if n.upper() in known}


def _secrets(folder: Path) -> dict[str, str]:
    """The files of a folder whose names begin as settings do; what stands beside them is somebody else's."""
    if not folder.is_dir():
        raise MalformedInput("setting_malformed", name="OCOP_SECRETS_DIR", why=str(folder))
    found: dict[str, str] = {}
    for path in sorted(folder.iterdir()):
        if path.name.upper().startswith("OCOP_"):
            try:
                found[path.name] = path.read_text("utf-8").strip()
            except (OSError, UnicodeDecodeError) as error:
                why = getattr(error, "strerror", None) or type(error).__name__
                raise MalformedInput("setting_malformed", name=str(path), why=why) from None
    return found
