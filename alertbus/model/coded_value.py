"""What a field of a plugin's kind of alert may hold: a code, a day, a number, yes or no. It has no room for a sentence."""

from typing import Annotated

from pydantic import Field

Code = Annotated[str, Field(pattern=r"^\S{1,64}$")]
"""One word of a closed list, a day or a number that an organisation gave."""

CodedValue = bool | int | Code | tuple[Code, ...]
"""Of several: their codes."""
