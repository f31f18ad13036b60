"""Orders from the wire to the desktops, and their answers."""

from broker.wire.messages import AgentAnswer, ListDesktops, SetDestinations, StartDesktop, StopDesktop
from pools.agent.desktops import Desktops, Down, Fault, Up

Order = StartDesktop | StopDesktop | SetDestinations | ListDesktops


async def carry_out(desktops: Desktops, order: Order) -> AgentAnswer:
    """Every order may be sent again: the answer is the same."""
    outcome: Up | Down | Fault
    match order:
        case StartDesktop():
            outcome = await desktops.start(order)
        case StopDesktop():
            outcome = await desktops.stop(order.desktop_id, wipe=order.wipe)
        case SetDestinations():
            outcome = await desktops.set_destinations(order.desktop_id, order.allowed_destinations)
        case ListDesktops():
            return AgentAnswer(request=order.request, ok=True, desktops=desktops.seen())
    match outcome:
        case Up(host):
            return AgentAnswer(request=order.request, ok=True, endpoint_host=host)
        case Down():
            return AgentAnswer(request=order.request, ok=True)
        case Fault(fault):
            return AgentAnswer(request=order.request, ok=False, fault=fault)
