"""Signing in with an identity provider: OpenID Connect by discovery, code flow with PKCE, state and nonce.

A person is matched by the subject that an administrator has entered; what the provider claims creates nobody and gives no function.
"""

from typing import Any

from authlib.common.errors import AuthlibBaseError
from authlib.integrations.starlette_client import OAuth
from httpx2 import HTTPError
from joserfc.errors import JoseError
from starlette.concurrency import run_in_threadpool
from starlette.middleware.sessions import SessionMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from api.identity.asking import here
from api.identity.errors import ProviderMissing, ProviderRefused, ProviderSilent, RolesInstead
from api.identity.service import Identity
from workflow.accounts import SessionRow

BACK = "/login/provider/back"
_PATH = "/login/provider"
_SECONDS = 10
_MINUTES_AWAY = 10
_NONSENSE = (HTTPError, AuthlibBaseError, ValueError, KeyError, TypeError, AttributeError, RuntimeError)
"""What the library makes of an answer that is not what the standard says: it reads a list or a text as if it were an object."""


class Handshake:
    """Keeps state, nonce and verifier in a signed cookie between leaving for the provider and coming back; on these two addresses alone."""

    def __init__(self, app: ASGIApp, *, secret: str, tls: bool) -> None:
        """Sign with a secret; ``tls``: the cookie is for TLS alone."""
        self._app = app
        self._kept = SessionMiddleware(
            app, secret, session_cookie="ocop_handshake", max_age=_MINUTES_AWAY * 60, path=_PATH, same_site="lax", https_only=tls
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        concerns = scope["type"] == "http" and scope["path"].startswith(_PATH)
        await (self._kept if concerns else self._app)(scope, receive, send)


class Provider:
    """The identity provider of an installation, if it has one."""

    def __init__(self, identity: Identity) -> None:
        """Read who it is from the settings; nothing is asked of it before somebody signs in."""
        settings = identity.runtime.settings
        self._identity = identity
        self._issuer = settings.oidc_issuer
        self._public_url = settings.public_url
        self._client: Any = None
        if settings.oidc_issuer and settings.oidc_client_id:
            secret = settings.oidc_client_secret
            self._client = OAuth().register(
                "provider",
                client_id=settings.oidc_client_id,
                client_secret=secret.get_secret_value() if secret else None,
                server_metadata_url=f"{settings.oidc_issuer.rstrip('/')}/.well-known/openid-configuration",
                client_kwargs={"scope": "openid", "code_challenge_method": "S256", "timeout": _SECONDS},
            )
        self._client_id = settings.oidc_client_id

    async def begin(self, request: Request) -> Response:
        """Send the browser there.

        Raises:
            RolesInstead: In a rehearsal.
            ProviderMissing: None is set up.
            ProviderSilent: It does not answer, or calls itself otherwise than it was set up.
        """
        client = self._ready()
        base = self._public_url or str(request.base_url).rstrip("/")
        try:
            metadata = await client.load_server_metadata()
            if metadata.get("issuer") != self._issuer:
                raise ProviderSilent
            answered: Response = await client.authorize_redirect(request, f"{base}{BACK}")
        except _NONSENSE:
            raise ProviderSilent from None
        return answered

    async def finish(self, request: Request) -> tuple[str, SessionRow]:
        """A session for whom the provider vouches.

        Raises:
            RolesInstead, ProviderMissing, ProviderSilent: As :meth:`begin`.
            ProviderRefused: The answer does not belong to a sign-in that this browser began, or its proof does not hold.
            ProviderUnknownPerson: Nobody was entered under this subject.
        """
        client = self._ready()
        wanted = {
            "iss": {"essential": True, "value": self._issuer},
            "aud": {"essential": True, "value": self._client_id},
            "sub": {"essential": True},
            "exp": {"essential": True},
        }
        try:
            answered = await client.authorize_access_token(request, claims_options=wanted, leeway=30)
        except HTTPError:
            raise ProviderSilent from None
        except (AuthlibBaseError, JoseError) as error:
            raise ProviderRefused(why=type(error).__name__) from None
        except _NONSENSE as error:
            raise ProviderRefused(why=type(error).__name__) from None
        claims = answered.get("userinfo") or {}
        subject = claims.get("sub")
        if not isinstance(subject, str) or not subject:
            raise ProviderRefused(why="sub")
        strong = "mfa" in (claims.get("amr") or ())
        identity, at = self._identity, here(request)
        return await run_in_threadpool(
            lambda: identity.sign_in.provided(identity.registry(), str(self._issuer), subject, at, identity.today(), strong=strong)
        )

    def _ready(self) -> Any:
        if self._identity.runtime.rehearsal:
            raise RolesInstead
        if self._client is None:
            raise ProviderMissing
        return self._client
