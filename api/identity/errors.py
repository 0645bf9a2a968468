"""What identity refuses, with the status that each is answered with over HTTP. None of them says whether an account exists."""

from collections.abc import Mapping

from states.errors import CycleError, PayloadInvalid


class IdentityRefused(CycleError):
    """Identity does not let it happen."""

    code = "identity_refused"


class LoginFailed(IdentityRefused):
    """Unknown, disabled, without password, or the wrong one: nobody learns which."""

    code = "login_failed"


class LoginPaced(IdentityRefused):
    """Too many attempts from here. Detail: ``seconds`` to wait."""

    code = "login_paced"


class SecondFactorNeeded(IdentityRefused):
    """The password was right, but the second factor has not been shown yet."""

    code = "second_factor_needed"


class SecondFactorWrong(IdentityRefused):
    """A wrong code, or one that was used already."""

    code = "second_factor_wrong"


class SecondFactorKnown(IdentityRefused):
    """There is one; only a second administrator takes it away."""

    code = "second_factor_known"


class SecondAdministrator(IdentityRefused):
    """The same administrator may not both take a second factor away and hand out a link; nor do either for themselves."""

    code = "second_administrator"


class LinkUnusable(IdentityRefused):
    """Unknown, used, replaced or expired: nobody learns which."""

    code = "link_unusable"


class RehearsalOnly(IdentityRefused):
    """Role buttons are for rehearsals alone."""

    code = "rehearsal_only"


class RolesInstead(IdentityRefused):
    """A rehearsal has no passwords, only roles."""

    code = "roles_instead"


class AskedFromElsewhere(IdentityRefused):
    """A write that another site may have made the browser send, or one without the session's token."""

    code = "asked_from_elsewhere"


class NotProtected(IdentityRefused):
    """Nobody signs in over a connection that others can read."""

    code = "connection_not_protected"


class AccountRight(IdentityRefused):
    """The asker may not do this with that person's account. Detail: ``person``."""

    code = "account_right"


class TokenByToken(IdentityRefused):
    """A token asked for another one, which would outlive it."""

    code = "token_by_token"


class AccountThere(IdentityRefused):
    """The person has an account. Detail: ``person``."""

    code = "account_there"


class AdministratorThere(IdentityRefused):
    """There is an administrator already, who invites those who follow. Detail: ``person``."""

    code = "administrator_there"


class PasswordRefused(PayloadInvalid):
    """A password that is too short, too long, or known to everybody."""

    code = "password_refused"


class ProviderRefused(IdentityRefused):
    """What came back from the identity provider does not belong to a sign-in that began here, or does not prove anything. Detail: ``why``."""

    code = "provider_refused"


class ProviderUnknownPerson(IdentityRefused):
    """The identity provider vouches for somebody whom nobody has entered here."""

    code = "provider_unknown_person"


class ProviderSilent(IdentityRefused):
    """The identity provider does not answer, or is not the one that was set up."""

    code = "provider_silent"


class ProviderMissing(IdentityRefused):
    """No identity provider is set up."""

    code = "provider_missing"


class HeadersTooLarge(IdentityRefused):
    """More or longer headers than any browser sends. Detail: ``limit``."""

    code = "headers_too_large"


class HostUnknown(IdentityRefused):
    """A request for another host's name. Detail: ``host``."""

    code = "host_unknown"


STATUS: Mapping[type[CycleError], int] = {
    ProviderRefused: 400,
    LoginFailed: 401,
    SecondFactorNeeded: 401,
    SecondFactorWrong: 401,
    IdentityRefused: 403,
    ProviderMissing: 404,
    AccountThere: 409,
    SecondFactorKnown: 409,
    LinkUnusable: 410,
    HostUnknown: 421,
    LoginPaced: 429,
    HeadersTooLarge: 431,
    ProviderSilent: 502,
}
"""By class; a class that is not named is answered as the nearest one above it."""
