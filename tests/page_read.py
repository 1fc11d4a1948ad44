"""What a browser would make of a page: its elements, the words of its main part, where it leads, and the forms that stand on it."""

from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}


@dataclass
class FormOnPage:
    """A form as it would be sent by its first button, with what stands in its fields."""

    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict)


class PageRead(HTMLParser):
    """`structure` is every element with the names of its attributes, in order: the same page with other words in it has the same."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.structure: list[str] = []
        self.links: list[str] = []
        self.forms: list[FormOnPage] = []
        self.elsewhere: list[str] = []
        self.inline: list[str] = []
        self._words: list[str] = []
        self._open: list[str] = []
        self._option: str | None = None
        self.feed(text)
        self.close()

    @property
    def main(self) -> str:
        return " ".join("".join(self._words).split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        has = {name: value or "" for name, value in attrs}
        self.structure.append(f"{tag} {' '.join(name for name, _ in attrs)}")
        if tag not in VOID:
            self._open.append(tag)
        self._note_addresses(tag, has)
        if tag == "style" or "style" in has or any(name.startswith("on") for name in has) or (tag == "script" and "src" not in has):
            self.inline.append(self.get_starttag_text() or tag)
        self._note_form(tag, has)

    def _note_addresses(self, tag: str, has: dict[str, str]) -> None:
        for name in ("href", "src", "action", "formaction", "data-live", "poster", "srcset"):
            where = has.get(name)
            if where is None:
                continue
            if not where.startswith(("/", "#", "?", "tel:", "mailto:")) or where.startswith("//"):
                self.elsewhere.append(where)
            if tag == "a" and name == "href" and where.startswith("/"):
                self.links.append(where.partition("#")[0])

    def _note_form(self, tag: str, has: dict[str, str]) -> None:
        if tag == "form":
            self.forms.append(FormOnPage(has.get("action", "").partition("#")[0], has.get("method", "get").lower()))
        if "form" not in self._open or not self.forms:
            return
        fields, name = self.forms[-1].fields, has.get("name")
        if tag == "select":
            self._option = name
        if tag == "option" and self._option and (self._option not in fields or "selected" in has):
            fields[self._option] = has.get("value", "")
        if name and tag in {"input", "textarea", "button"}:
            chosen = has.get("type") not in {"radio", "checkbox"} or "checked" in has or name not in fields
            if chosen and (tag != "button" or name not in fields):
                fields[name] = has.get("value", "")

    def handle_endtag(self, tag: str) -> None:
        if tag in self._open:
            while self._open.pop() != tag:
                pass

    def handle_data(self, data: str) -> None:
        if "main" in self._open and not {"script", "style"} & set(self._open):
            self._words.append(data)
