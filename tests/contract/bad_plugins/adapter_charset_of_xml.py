"""Writes UTF-8 and says that it is Latin-1 in the media type, which counts for more than the XML declaration (RFC 7303)."""

from tests.contract.bad_plugins.good_markup import XmlPages

RULE = "gives-back-a-message"


class CharsetOfXml(XmlPages):
    media_type = "application/xml; charset=iso-8859-1"


adapter = CharsetOfXml()
