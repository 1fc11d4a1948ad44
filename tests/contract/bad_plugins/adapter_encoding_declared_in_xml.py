"""Writes UTF-8 and declares Latin-1 in the XML itself."""

from tests.contract.bad_plugins.good_markup import XmlPages

RULE = "gives-back-a-message"


class EncodingDeclaredInXml(XmlPages):
    declaration = '<?xml version="1.0" encoding="iso-8859-1"?>'


adapter = EncodingDeclaredInXml()
