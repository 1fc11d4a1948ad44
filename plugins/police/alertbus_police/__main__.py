"""Print a JSON Schema after a change: `python -m alertbus_police > schemas/police-ppn.v1.json`, and of the report that a force sends
`python -m alertbus_police report > schemas/police-ppn-report.v1.json`.
"""

import sys

from alertbus.plugin.schema import publish
from alertbus_police.schema import ppn_schema
from alertbus_police.source import report_schema

publish(report_schema() if sys.argv[1:] == ["report"] else ppn_schema())
