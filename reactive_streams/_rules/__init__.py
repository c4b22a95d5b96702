"""The text of the rules, a chapter a module; `reactive_streams.rules` is the way in."""
