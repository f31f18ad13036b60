"""Permitted flows (特定通信): every connection that a site needs, derived from its settings. No other passes.

:func:`derive` gives the list, :func:`ruleset_of` the packet filter of a host, :func:`refusals_of_flows` what is wrong.
"""

from broker.flow.checking import refusals_of_flows
from broker.flow.nft import TABLE, ruleset_of
from broker.flow.records import Flow, FlowKind, Side
from broker.flow.rules import derive

__all__ = ["TABLE", "Flow", "FlowKind", "Side", "derive", "refusals_of_flows", "ruleset_of"]
