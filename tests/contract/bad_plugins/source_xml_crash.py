"""Reads XML, and crashes when an element is missing."""

from xml.etree import ElementTree as ET

from alertbus.plugin import Stated
from tests.contract.bad_plugins.good_sources import FORM, Forms

RULE = "survives-damaged-samples"


class XmlCrash(Forms):
    def stated(self, form: ET.Element) -> list[Stated]:
        (form.findtext("person/family") or form.find("nobody").text).strip()  # type: ignore[union-attr]
        return super().stated(form)


source = XmlCrash()
samples = (FORM,)
