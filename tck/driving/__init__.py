"""What drives: a stand for each kind of component, on which it is called, waited for, and let go."""

# A script names its stand: wherever there is one, there are all of them.
from tck.driving import processor_stand, publisher_stand, subscriber_stand

__all__ = ["processor_stand", "publisher_stand", "subscriber_stand"]
