"""The flow for a manifest whose rows say themselves what is to be done."""

from flows.operation import flow_of

mixed = flow_of(None, "Do for every row of a manifest what it asks for.", "mixed")
