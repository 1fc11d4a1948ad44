"""Where the values of a message stand that is no JSON: elements and attributes of XML, or fields of lines, found without parsing it."""

import re
from collections.abc import Callable, Iterator

Found = tuple[str, str, Callable[[str], bytes], bytes]
"""Where, what stands there, the message with something else there, and the message without it."""

_TAG = re.compile(r"<(/?)([A-Za-z_][\w:.-]*)([^<>]*?)(/?)>")
_ATTRIBUTE = re.compile(r"\s([A-Za-z_][\w:.-]*)\s*=\s*(\"[^\"]*\"|'[^']*')")
_SEPARATORS = "|\t;,^~=:"
_STRANGER = "@@ no line of this format @@"
_MOST_LINES = 40
_FAR = 1_000
"""Added to the number of a copied line: no other line of a sample has that."""
_LARGEST = 20_000_000
"""Bytes of a message made larger: no more than thirty times what the bus takes."""


def is_markup(sample: bytes) -> bool:
    """Whether the sample looks like XML."""
    return _decoded(sample).lstrip("\ufeff\xef\xbb\xbf \r\n\t").startswith("<")


def places(sample: bytes) -> list[Found]:
    """Give the values of a sample that is text. Paths are names of elements and attributes, or numbers of lines and fields."""
    return list(_in_markup(sample) if is_markup(sample) else _in_lines(sample))


def lines_spoiled(sample: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield the sample with a line made unreadable, or one too many that nobody knows."""
    lines = _decoded(sample).splitlines(keepends=True)
    for number, line in enumerate(lines[:_MOST_LINES]):
        if line.strip():
            yield f"line {number + 1} unreadable", _encoded("".join([*lines[:number], _STRANGER + _ending(line), *lines[number + 1 :]]))
            yield f"line {number + 1} cut short", _encoded("".join([*lines[:number], _cut(line), *lines[number + 1 :]]))
    if lines:
        whole = lines if lines[-1] != lines[-1].rstrip("\r\n") else [*lines[:-1], lines[-1] + "\n"]
        yield "an unreadable line at its end", _encoded("".join([*whole, _STRANGER + "\n"]))


def repeated(sample: bytes, many: int) -> Iterator[tuple[str, bytes]]:
    """Yield the sample with one line, or one element and all in it, very often."""
    text = _decoded(sample)
    if is_markup(sample):
        seen: set[str] = set()
        for name, start, end in _elements(text):
            if name not in seen and (end - start) * many < _LARGEST:
                seen.add(name)
                yield f"<{name}> repeated", _encoded(text[:start] + text[start:end] * many + text[end:])
        return
    lines = text.splitlines(keepends=True)
    for number, line in enumerate(lines[:_MOST_LINES]):
        if line.strip():
            copies = [_numbered(line.rstrip("\r\n"), i) + (_ending(line) or "\n") for i in range(many)]
            yield f"line {number + 1} repeated", _encoded("".join([*lines[:number], *copies, *lines[number + 1 :]]))


def multiplied(sample: bytes) -> Iterator[tuple[str, Callable[[int], bytes]]]:
    """Yield each line, or the first element of each name, with what gives the sample with so many more of it. Lines have new numbers."""
    text = _decoded(sample)
    if is_markup(sample):
        first = {name: (start, end) for name, start, end in reversed(_elements(text))}
        for name, (start, end) in first.items():
            yield f"<{name}>", lambda n, start=start, end=end: _encoded(text[:end] + text[start:end] * n + text[end:])  # type: ignore[misc]
        return
    lines = text.splitlines(keepends=True)
    for number, line in enumerate(lines[:_MOST_LINES]):
        if line.strip():
            yield f"line {number + 1}", lambda n, at=number: _encoded("".join(_more_lines(lines, at, n)))  # type: ignore[misc]


def _more_lines(lines: list[str], at: int, many: int) -> list[str]:
    line = lines[at].rstrip("\r\n") + (_ending(lines[at]) or "\n")
    return [*lines[:at], line, *(_numbered(line, _FAR + i) for i in range(many)), *lines[at + 1 :]]


def _in_markup(sample: bytes) -> Iterator[Found]:
    text = _decoded(sample)
    for name, start, end in _elements(text):
        inner = _inside(text, start, end)
        without = _encoded(text[:start] + text[end:])
        first, last = inner or (start, end)
        leaf = inner is not None and "<" not in text[first:last]
        yield f"<{name}>", text[first:last] if leaf else "", _putting(text, first, last), without
    for tag in _TAG.finditer(text):
        for attribute in _ATTRIBUTE.finditer(tag[3]):
            start = tag.start(3) + attribute.start(2) + 1
            end = tag.start(3) + attribute.end(2) - 1
            without = _encoded(text[: tag.start(3) + attribute.start()] + text[tag.start(3) + attribute.end() :])
            yield f"<{tag[2]}> {attribute[1]}", text[start:end], _putting(text, start, end), without


def _elements(text: str) -> list[tuple[str, int, int]]:
    """Give name, start and end of each element, the outer before the inner."""
    open_: list[tuple[str, int]] = []
    found = []
    for tag in _TAG.finditer(text):
        if tag[4]:
            found.append((tag[2], tag.start(), tag.end()))
        elif not tag[1]:
            open_.append((tag[2], tag.start()))
        elif any(name == tag[2] for name, _ in open_):
            while open_:
                name, start = open_.pop()
                if name == tag[2]:
                    found.append((name, start, tag.end()))
                    break
    return sorted(found, key=lambda element: element[1])


def _inside(text: str, start: int, end: int) -> tuple[int, int] | None:
    first, last = text.find(">", start, end) + 1, text.rfind("</", start, end)
    return (first, last) if last >= first else None


def _in_lines(sample: bytes) -> Iterator[Found]:
    text = _decoded(sample)
    separator = max(_SEPARATORS, key=text.count)
    pattern = re.compile(f"[^{re.escape(separator)}\r\n]+" if separator in text else r"\S+")
    for number, line in enumerate(re.finditer(r"[^\r\n]+", text)):
        if number >= _MOST_LINES:
            return
        yield f"line {number + 1}", line[0], _putting(text, *line.span()), _encoded(text[: line.start()] + text[line.end() :])
        for count, field in enumerate(pattern.finditer(text, *line.span())):
            start, end = field.span()
            gone = _encoded(text[:start] + text[end + 1 if end < line.end() else end :])
            yield f"line {number + 1} field {count + 1}", field[0], _putting(text, start, end), gone


def _putting(text: str, start: int, end: int) -> Callable[[str], bytes]:
    return lambda new: _encoded(text[:start] + _decoded(new.encode("utf-8", "replace")) + text[end:])


def _numbered(line: str, number: int) -> str:
    """Make the lines different: a reader that knows a line by its first number sees as many as there are."""
    return re.sub(r"\d+", lambda found: f"{int(found[0][:9]) + number:0{len(found[0])}d}", line, count=1)


def _ending(line: str) -> str:
    return line[len(line.rstrip("\r\n")) :]


def _cut(line: str) -> str:
    content = line.rstrip("\r\n")
    return content[: len(content) // 2] + _ending(line)


def _decoded(sample: bytes) -> str:
    """Each byte as one character: nothing is lost, whatever the encoding."""
    return sample.decode("latin-1")


def _encoded(text: str) -> bytes:
    return text.encode("latin-1")
