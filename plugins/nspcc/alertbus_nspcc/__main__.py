"""Print the JSON Schema: `python -m alertbus_nspcc > schemas/...` after a change of the form."""

import json
import sys

from alertbus_nspcc import schema

json.dump(schema(), sys.stdout, indent=2, ensure_ascii=False)
sys.stdout.write("\n")
