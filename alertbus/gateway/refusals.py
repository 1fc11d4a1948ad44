"""What only HTTP refuses, as branches of the tree in `model.errors`.

BusError
├── TooLarge         more bytes than the bus takes
├── NotAllowed       known, and not permitted to do this
├── WhoAreYou        no token, or one nobody has
├── WrongMediaType   a body in a format this call does not read
└── NotReady         this process cannot do its work now                            retriable
"""

from alertbus.model.errors import BusError, Unavailable


class TooLarge(BusError):
    code = "too_large"


class NotAllowed(BusError):
    code = "not_allowed"


class WhoAreYou(BusError):
    code = "unauthenticated"


class WrongMediaType(BusError):
    code = "wrong_media_type"


class NotReady(Unavailable):
    code = "not_ready"
