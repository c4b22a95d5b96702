"""Running: from the nodes of a pipeline to a subscription, a loop or a handle."""
