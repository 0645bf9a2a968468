"""The slip that an officer hands over: a QR code with a one-time link, in words that a producer can follow. SVG, for printing on A6."""

from datetime import datetime
from xml.sax.saxutils import escape

import segno

from states.words import Language, words

_WORDS: dict[Language, dict[str, str]] = {
    "vi": {
        "title": "Phiếu mở tài khoản",
        "for": "Cấp cho",
        "login": "Tên đăng nhập",
        "how": "Quét mã bằng điện thoại rồi tự đặt mật khẩu.",
        "once": "Mã chỉ dùng được một lần, đến",
        "keep": "Không đưa phiếu này cho người khác, cán bộ không hỏi mật khẩu.",
    },
    "en": {
        "title": "To open your account",
        "for": "For",
        "login": "Login",
        "how": "Scan the code with a phone and choose a password.",
        "once": "The code works once, until",
        "keep": "Give this slip to nobody; no official asks for a password.",
    },
}
_LINE = 44


def qr(address: str) -> str:
    """An address as a QR code: SVG to stand inside a page."""
    return str(segno.make(address, error="m", micro=False).svg_inline(scale=4, border=4, dark="#000", light="#fff"))


def slip(address: str, name: str, login: str, until: datetime, language: Language = "vi") -> str:
    """The slip as an SVG of 105 by 148 millimetres."""
    said = _WORDS[language]
    code = segno.make(address, error="m", micro=False)
    size = code.symbol_size(border=4)[0]
    lines = [
        (said["title"], 8, True), (f"{said['for']}: {name}", 5, False), (f"{said['login']}: {login}", 5, False), (said["how"], 4, False),
        (f"{said['once']} {words(language).instant(until)}", 4, False), (said["keep"], 4, False),
    ]  # fmt: skip
    texts, at = [], 14
    for text, height, bold in lines:
        for part in _wrapped(text, _LINE * 4 // height):
            weight = ' font-weight="bold"' if bold else ""
            texts.append(f'<text x="52.5" y="{at}" font-size="{height}"{weight}>{escape(part)}</text>')
            at += height + 2
    path = code.svg_inline(border=4, dark="#000", light="#fff", omitsize=True)
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" width="105mm" height="148mm" viewBox="0 0 105 148">'
        '<rect width="105" height="148" fill="#fff"/><g font-family="sans-serif" text-anchor="middle" fill="#000">'
        f'{"".join(texts)}</g><svg x="22.5" y="{at}" width="60" height="60" viewBox="0 0 {size} {size}">{path}</svg></svg>'
    )


def link_address(base: str, token: str) -> str:
    """Where a one-time link leads. The token stands behind ``#``, which browsers keep to themselves: no log ever sees it."""
    return f"{base.rstrip('/')}/login/link#{token}"


def _wrapped(text: str, longest: int) -> list[str]:
    lines = [""]
    for word in text.split():
        if lines[-1] and len(lines[-1]) + 1 + len(word) > longest:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return lines
