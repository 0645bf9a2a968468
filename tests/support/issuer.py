"""An identity provider on loopback: discovery, keys, authorisation and tokens as OpenID Connect has them, with faults to order."""

import base64
import hashlib
import hmac
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import uvicorn
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

CLIENT, SECRET = "ocop-van-son", "a secret between two programs"


@dataclass
class Issuer:
    """The provider; ``claims`` go over those of the next id token, None leaves one out."""

    address: str = ""
    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "one", "use": "sig"}))
    signs_with: RSAKey | None = None
    claims: dict[str, Any] = field(default_factory=dict)
    metadata: dict[str, Any] = field(default_factory=dict)
    algorithm: str = "RS256"
    no_id_token: bool = False
    broken: dict[str, Response] = field(default_factory=dict)
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    asked: list[dict[str, str]] = field(default_factory=list)

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/.well-known/openid-configuration", self.discovery),
                Route("/keys", self.keys),
                Route("/authorize", self.authorize),
                Route("/token", self.token, methods=["POST"]),
            ]
        )

    async def discovery(self, _: Request) -> Response:
        if "discovery" in self.broken:
            return self.broken["discovery"]
        known = {
            "issuer": self.address, "authorization_endpoint": f"{self.address}/authorize", "token_endpoint": f"{self.address}/token",
            "jwks_uri": f"{self.address}/keys", "response_types_supported": ["code"], "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"], "code_challenge_methods_supported": ["S256"],
        }  # fmt: skip
        return JSONResponse({**known, **self.metadata})

    async def keys(self, _: Request) -> Response:
        if "keys" in self.broken:
            return self.broken["keys"]
        return JSONResponse(KeySet([self.key]).as_dict(private=False))

    async def authorize(self, request: Request) -> Response:
        given = dict(request.query_params)
        self.asked.append(given)
        code = f"code-{len(self.codes)}"
        self.codes[code] = given
        return RedirectResponse(f"{given['redirect_uri']}?{urlencode({'code': code, 'state': given['state']})}", status_code=302)

    def signed(self, claims: dict[str, Any]) -> str:
        """The claims as an id token; with HS256 the public key is taken for a password, as a forger would."""
        if self.algorithm not in {"HS256", "none"}:
            key = self.signs_with or self.key
            return str(jwt.encode({"alg": self.algorithm, "kid": key.kid}, claims, key))
        parts = [json.dumps(part).encode() for part in ({"alg": self.algorithm, "kid": "one"}, claims)]
        text = b".".join(base64.urlsafe_b64encode(part).rstrip(b"=") for part in parts)
        if self.algorithm == "none":
            return f"{text.decode()}."
        proof = hmac.digest(self.key.as_pem(private=False), text, "sha256")
        return (text + b"." + base64.urlsafe_b64encode(proof).rstrip(b"=")).decode()

    def rotate(self, name: str) -> None:
        """From now on a new key, and no other."""
        self.key = RSAKey.generate_key(2048, {"kid": name, "use": "sig"})

    async def token(self, request: Request) -> Response:
        if "token" in self.broken:
            return self.broken["token"]
        form = parse_qs((await request.body()).decode())
        given = self.codes.pop(form["code"][0], None)
        basic = base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        if given is None or request.headers.get("authorization") != f"Basic {basic}":
            return JSONResponse({"error": "invalid_grant"}, status_code=400)
        proof = base64.urlsafe_b64encode(hashlib.sha256(form["code_verifier"][0].encode()).digest()).decode().rstrip("=")
        if given.get("code_challenge_method") != "S256" or proof != given.get("code_challenge"):
            return JSONResponse({"error": "invalid_grant"}, status_code=400)
        now = int(time.time())
        claims = {"iss": self.address, "sub": "pháp-nhân-1", "aud": CLIENT, "iat": now, "exp": now + 300, "nonce": given["nonce"]}
        said = {name: value for name, value in {**claims, **self.claims}.items() if value is not None}
        body = {"access_token": "nothing is asked with it", "token_type": "Bearer"}
        if not self.no_id_token:
            body["id_token"] = self.signed(said)
        return JSONResponse(body)


@contextmanager
def issuing() -> Iterator[Issuer]:
    """A provider that listens on loopback."""
    issuer = Issuer()
    server = uvicorn.Server(uvicorn.Config(issuer.app(), port=0, log_config=None, lifespan="off", timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    issuer.address = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    try:
        yield issuer
    finally:
        server.should_exit = True
        thread.join(10)


def answer_of(redirect: str) -> dict[str, str]:
    """What stands behind an address's question mark."""
    return {name: values[0] for name, values in parse_qs(urlsplit(redirect).query).items()}
