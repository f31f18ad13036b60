"""The proxy of one desktop: takes connections from its listening socket, within bounds, and reports each."""

import asyncio
import socket
from collections.abc import Callable

from pools.egress.conversation import Conversation, Setting
from pools.egress.dialling import STREAM_BYTES, Resolver, resolve_by_host
from pools.egress.model import EgressOrder, Refusal, Report
from pools.egress.pages import refusal_page
from pools.egress.rules import read_rules


class EgressServer:
    """Raises :class:`ValueError` for an order that can't be read."""

    def __init__(self, order: EgressOrder, tell: Callable[[Report], None], resolve: Resolver = resolve_by_host) -> None:
        self._resolve = resolve
        self._setting = self._read(order)
        self._tell = tell
        self._open: set[asyncio.Task[None]] = set()

    def replace(self, order: EgressOrder) -> None:
        """From now on this order holds. What is open ends: a browser asks again, and is judged anew.

        Raises :class:`ValueError` for an order that can't be read; then the old one goes on.
        """
        self._setting = self._read(order)
        for task in self._open:
            task.cancel()

    async def serve(self, listener: socket.socket) -> None:
        """Until cancelled."""
        server = await asyncio.start_unix_server(self._meet, sock=listener, limit=STREAM_BYTES)
        try:
            await server.serve_forever()
        finally:
            for task in self._open:
                task.cancel()
            await asyncio.gather(*self._open, return_exceptions=True)

    def _read(self, order: EgressOrder) -> Setting:
        return Setting(order=order, rules=read_rules(order), resolve=self._resolve)

    def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(self._open) >= self._setting.limits.connections:
            writer.write(refusal_page(Refusal.TOO_MANY, "", self._setting.order.contact))
            writer.close()
            self._tell(Report(host="", port=0, refusal=Refusal.TOO_MANY))
            return
        task = asyncio.create_task(self._converse(reader, writer))
        self._open.add(task)
        task.add_done_callback(self._open.discard)

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Its report is told however it ends, also when a new list or the end of the desktop cuts it."""
        conversation = Conversation(self._setting, (reader, writer))
        try:
            await conversation.hold()
        finally:
            writer.close()
            if (report := conversation.report()) is not None:
                self._tell(report)
