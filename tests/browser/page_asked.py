"""What is asked of one page in a browser, whatever it is about: readable by anybody, walked through by the keyboard, light, and ours alone."""

import re
from typing import Any

from playwright.async_api import Page, Request

from tests.browser.conftest import violations
from tests.desk_pages import ShownPage
from tests.desk_served import TOKEN

LOOKS = {
    "desktop, light": (1280, 900, "light", False),
    "desktop, dark, all opened": (1280, 900, "dark", True),
    "telephone, light, all opened": (320, 640, "light", True),
    "telephone, dark": (320, 640, "dark", False),
    "zoomed 400 %, light, all opened": (320, 256, "light", True),
}
"""Width, height, colours, and whether what can be unfolded is. Each width and each colour is looked at with everything open once."""

HEAVIEST = 150_000
"""Bytes that a page and all that it asks for may weigh (issue 15)."""

SENT = """([path, fields]) => {
  const form = document.body.appendChild(document.createElement('form'))
  Object.assign(form, {method: 'post', action: path, hidden: true})
  for (const [name, value] of Object.entries(fields)) {
    Object.assign(form.appendChild(document.createElement('textarea')), {name, value})
  }
  form.submit()
}"""

BROKEN_POLICY = (
    "addEventListener('securitypolicyviolation', one => (window.refused ??= []).push(`${one.violatedDirective}: ${one.blockedURI}`))"
)
"""Collects what the page's own policy has refused. It is put into the page before anything of it runs."""

STANDING = """() => ({
  h1: [...document.querySelectorAll('h1')].map(one => one.textContent),
  title: document.title,
  main: document.querySelector('main').textContent.replace(/\\s+/g, ' '),
  refused: window.refused ?? [],
  turned: [...document.querySelectorAll('body *')].filter(one => {
    const style = getComputedStyle(one)
    return style.order !== '0' || style.flexDirection.endsWith('-reverse') || one.tabIndex > 0
  }).map(one => `${one.tagName} ${one.className}`),
})"""
"""`turned`: what stands elsewhere than it is read. Where nothing does, the order of the document is the order of reading."""

WALK = """() => {
  document.activeElement?.blur()  // where a page has put the focus itself, it looks as it does elsewhere: unlike before
  const shown = one => one.checkVisibility({visibilityProperty: true}) && !one.disabled && !one.closest('[aria-hidden=true]')
  const named = one => `${one.tagName.toLowerCase()}${one.id && `#${one.id}`} ${(one.textContent || one.name || '').trim().slice(0, 40)}`
  const found = [...document.querySelectorAll('a[href], button, input, select, textarea, summary, [tabindex="0"]')].filter(shown)
  const groups = new Set()  // Tab enters a group of radio buttons once: at the chosen one, else at the first
  const wanted = found.filter(one => {
    if (one.type !== 'radio') return one.type !== 'hidden'
    const group = found.filter(other => other.type === 'radio' && other.name === one.name && other.form === one.form)
    const entry = group.find(other => other.checked) ?? group[0]
    return entry === one
  })
  const look = one => {
    const {outlineStyle, outlineWidth, boxShadow, backgroundColor, borderColor} = getComputedStyle(one)
    return JSON.stringify([outlineStyle === 'none' ? 0 : outlineWidth, boxShadow, backgroundColor, borderColor])
  }
  const at = one => one.type === 'radio' || one.type === 'checkbox' ? one.parentElement : one  // its ring is drawn round the mark beside it
  const looks = one => look(one) + (at(one) === one ? '' : [...at(one).querySelectorAll('label')].map(
    label => JSON.stringify([getComputedStyle(label, '::before').boxShadow, getComputedStyle(label, '::before').outlineWidth])).join())
  const before = new Map(wanted.map(one => [one, looks(one)]))
  window.walked = []
  window.wanted = wanted.map(named)
  window.stops = wanted
  document.addEventListener('focusin', ({target}) => {
    if (!before.has(target)) return
    const box = target.getBoundingClientRect()
    walked.push([wanted.indexOf(target), named(target), looks(target) !== before.get(target), box.width > 0 && box.height > 0])
  })
  document.body.tabIndex = -1  // a page may have put the focus where something is wrong: walk from its very beginning
  document.body.focus()
  document.body.removeAttribute('tabindex')
  return wanted.length
}"""
"""Notes each thing that the focus comes to: its name, whether it looks otherwise than before, and whether it has a size."""


PAST_THE_HEAD = """() => {
  const main = document.querySelector('main')
  const after = stops.filter(one => main.compareDocumentPosition(one) & Node.DOCUMENT_POSITION_FOLLOWING)
  return after.length === 0 || main.contains(document.activeElement) || document.activeElement === after[0]
}"""
"""Whether the focus is at what follows the head. A page that is read alone has nothing there, and Tab begins anew."""


class PageAsked:
    """One tab of a browser over one desk. What was asked of other hosts, and how heavy a page was, is noted as it goes."""

    def __init__(self, page: Page, url: str) -> None:
        self.page, self.url = page, url
        self.elsewhere: list[str] = []
        self._finished: list[Request] = []

    async def begin(self) -> None:
        session = await self.page.context.new_cdp_session(self.page)
        await session.send("Network.setCacheDisabled", {"cacheDisabled": True})  # each page is weighed with all that it needs
        await self.page.add_init_script(BROKEN_POLICY)
        self.page.on("request", lambda one: None if one.url.startswith((self.url, "data:")) else self.elsewhere.append(one.url))
        self.page.on("requestfinished", lambda one: self._finished.append(one))  # noqa: PLW0108  Playwright asks it for attributes

    async def open(self, shown: ShownPage) -> int:
        """Load it as its reader does, by its address or by a form; give its status."""
        await self._at("desktop, light")
        if shown.form is None:
            self._finished.clear()
            answer = await self.page.goto(self.url + shown.path)
        else:
            await self.page.goto(f"{self.url}/no-such-page")
            self._finished.clear()
            async with self.page.expect_navigation() as navigation:
                await self.page.evaluate(SENT, [shown.path, {"form_token": TOKEN, **shown.form}])
            answer = await navigation.value
        assert answer is not None
        return answer.status

    async def weight(self) -> int:
        """Bytes that came for the page that was opened last; what stays open, as the change feed does, is not at its end."""
        every = [await one.sizes() for one in self._finished]
        return sum(one["responseBodySize"] + one["responseHeadersSize"] for one in every)

    async def _at(self, look: str) -> None:
        width, height, colours, _ = LOOKS[look]
        await self.page.set_viewport_size({"width": width, "height": height})
        await self.page.emulate_media(color_scheme="dark" if colours == "dark" else "light")

    async def faults_of_looks(self, shoot: Any = None) -> list[str]:
        """What axe finds in any look, and what scrolls sideways. `shoot` is called with the name of each."""
        found: list[str] = []
        for look, (*_, opened) in LOOKS.items():
            await self._at(look)
            await self.page.evaluate("open => document.querySelectorAll('details').forEach(one => { one.open = open })", opened)
            found += [f"{look}: {one}" for one in await violations(self.page)]
            if not await self.page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"):
                found.append(f"{look}: it scrolls sideways")
            if shoot is not None:
                await shoot(look)
        await self._at("desktop, light")
        await self.page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = false })")
        return found

    async def faults_of_what_stands(self, shown: ShownPage) -> list[str]:
        """One heading of the first rank, a title of its own, the words that it is about, and nothing that its own policy refused."""
        stands, whole = await self.page.evaluate(STANDING), await self.page.content()
        found = [] if len(stands["h1"]) == 1 else [f"its h1: {stands['h1']}"]
        if not re.fullmatch(r"\S.* \u2013 alertbus", stands["title"].strip()):
            found.append(f"its title: {stands['title']!r}")
        found += [f"not on it: {words!r}" for words in shown.in_main if words not in stands["main"] and words not in whole]
        found += [f"its policy refused {one}" for one in stands["refused"]]
        return found + [f"stands elsewhere than it is read: {one}" for one in dict.fromkeys(stands["turned"])]

    async def faults_of_the_keyboard(self) -> list[str]:
        """Walk through it by Tab: everything in the order of reading, each visibly focused; and the link over the head leads over it."""
        count = await self.page.evaluate(WALK)
        for _ in range(count + 12):  # a browser stops at what scrolls too
            await self.page.keyboard.press("Tab")
            if await self.page.evaluate("document.activeElement === document.body && walked.length > 0"):
                break
        walked, wanted = await self.page.evaluate("[walked, wanted]")
        walked = walked[: len(wanted)]  # then it begins anew
        way = [place for place, *_ in walked]
        found = [] if way == list(range(len(wanted))) else [f"the way of the focus: {_first_other(way, wanted)}"]
        found += [f"nobody sees where the focus is: {name}" for _, name, otherwise, sized in walked if not (otherwise and sized)]
        return found + await self._fault_of_the_skip_link()

    async def _fault_of_the_skip_link(self) -> list[str]:
        await self.page.evaluate("scrollTo(0, 0); document.querySelector('.govuk-skip-link').focus()")
        await self.page.keyboard.press("Enter")
        led = await self.page.evaluate("document.activeElement === document.querySelector('main')")
        await self.page.keyboard.press("Tab")
        past = await self.page.evaluate(PAST_THE_HEAD)
        await self.page.evaluate("document.activeElement.blur()")  # what is focused is in colours of its own, which the walk has looked at
        return [] if led and past else ["the link over the head leads nowhere"]


def _first_other(way: list[int], wanted: list[str]) -> str:
    place = next((place for place in range(len(wanted)) if place >= len(way) or way[place] != place), 0)
    came = wanted[way[place]] if place < len(way) else "nothing"
    return f"after {wanted[place - 1] if place else 'the start'!r}: {came!r}, not {wanted[place]!r}"
