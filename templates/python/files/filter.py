"""What the module decides; knows nothing of the hub."""

import json
import logging
import math

DEFAULT_THRESHOLD = 25

log = logging.getLogger("module")


class Filter:
    """Drops what is not above the threshold, and counts."""

    def __init__(self):
        self.threshold = DEFAULT_THRESHOLD
        self.received = 0
        self.forwarded = 0

    def apply(self, desired):
        """Takes over desired properties; a threshold of `null` is the default again."""
        threshold = desired.get("threshold", self.threshold)
        if threshold is None:
            self.threshold = DEFAULT_THRESHOLD
        elif is_number(threshold):
            self.threshold = threshold
        else:
            log.warning("ignored the threshold %r: expected a number", threshold)

    def handle(self, data):
        """Returns the document to forward, or `None` to drop the message."""
        self.received += 1
        try:
            body = json.loads(data, parse_constant=refuse)
        except ValueError:
            log.warning("dropped a message that is not JSON")
            return None
        temperature = temperature_of(body)
        if temperature is None or temperature <= self.threshold:
            return None
        self.forwarded += 1
        return {**body, "alert": True, "count": self.forwarded}

    def status(self):
        return {"received": self.received, "forwarded": self.forwarded, "threshold": self.threshold}


def temperature_of(body):
    """Returns the machine's temperature, as the simulated sensor sends it, or else the one at the top."""
    parts = (body.get("machine"), body) if isinstance(body, dict) else ()
    found = (part.get("temperature") for part in parts if isinstance(part, dict))
    return next(filter(is_number, found), None)


def is_number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def refuse(constant):
    """`NaN` and `Infinity`: Python reads them, and no other receiver would."""
    raise ValueError(f"{constant} is not JSON")
