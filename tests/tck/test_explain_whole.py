"""An example is shown whole: with all that it stands on, so that nothing of it is unseen."""

from __future__ import annotations

import re

import pytest

from tck._cli.explain import sources
from tck.gallery.broken import GALLERY, Exhibit


@pytest.mark.parametrize("exhibit", GALLERY, ids=[each.name for each in GALLERY])
def test_every_class_that_an_example_inherits_from_is_shown(exhibit: Exhibit) -> None:
    text = "\n".join(sources(exhibit))
    shown = set(re.findall(r"^class (\w+)", text, re.MULTILINE))
    bases = {
        name.strip().split("[")[0]
        for names in re.findall(r"^class \w+\(([^)]*)\)", text, re.MULTILINE)
        for name in re.sub(r"\[[^\]]*\]", "", names).split(",")
    }
    public = {"Publisher", "Subscriber", "Subscription", "Processor"}
    assert bases - shown - public <= {"", "Generic", "Protocol", "Exception"}
