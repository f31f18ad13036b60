"""The door of the portal: how many sockets there may be, and how long each may keep a request to itself.

The gateway keeps its own door (``gateway.listener``): there every socket carries one request and then becomes a
tunnel. A portal's sockets come back to silence after each answer, and bodies arrive on them.
"""
