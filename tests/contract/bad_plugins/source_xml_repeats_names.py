"""Reads XML, and names the person when the number is missing."""

from xml.etree import ElementTree as ET

from alertbus.plugin import Stated, UnreadableMessage
from tests.contract.bad_plugins.good_sources import FORM, Forms

RULE = "repeats-nothing-of-the-input-when-it-refuses"


class XmlRepeatsNames(Forms):
    def stated(self, form: ET.Element) -> list[Stated]:
        if form.find("person[@crn]") is None:
            raise UnreadableMessage(("person", f"a number for {form.findtext('person/family')}"))
        return super().stated(form)


source = XmlRepeatsNames()
samples = (FORM,)
