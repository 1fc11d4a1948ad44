"""Print a JSON Schema after a change: `python -m alertbus_nspcc > schemas/nspcc-referral.v1.json`, and of what the helpline is told
`python -m alertbus_nspcc notice > schemas/nspcc-notice.v1.json`.
"""

import sys

from alertbus.plugin.schema import publish
from alertbus_nspcc import notice_schema, schema

publish(notice_schema() if sys.argv[1:] == ["notice"] else schema())
