"""Shortens what was said, at a word's end, with three dots that say so: what the child said last is lost all the same."""

import textwrap
from xml.etree import ElementTree as ET

from alertbus.plugin import Stated
from tests.contract.bad_plugins.good_sources import FORM, Forms

RULE = "carries-long-words-whole-or-refuses-them"


class WordsEndInDots(Forms):
    def stated(self, form: ET.Element) -> list[Stated]:
        words = form.find("words")
        assert words is not None
        words.text = textwrap.shorten(words.text or "", 500, placeholder="...")
        return super().stated(form)


source = WordsEndInDots()
samples = (FORM,)
