"""The gateway: a WebSocket on one side, guacd on the other, and only listed instructions between them.

It holds no database and no directory. It redeems tickets at the broker, whom it dials itself.
"""
