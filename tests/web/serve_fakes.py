"""The portal over fakes, to look at: ``python -m tests.web.serve_fakes 8499``."""

import sys

from aiohttp import web

from broker.network_settings import PortalSettings
from tests.web.fakes import FakeCity
from web.app import create_app
from web.arrival import PortalEntrance


def main() -> None:
    port = int(sys.argv[1])
    settings = PortalSettings(
        port=port, public_url=f"http://localhost:{port}", tunnel_url=f"ws://localhost:{port + 1}/tunnel"
    )
    web.run_app(create_app(FakeCity().services(), PortalEntrance(settings)), host="127.0.0.1", port=port)


if __name__ == "__main__":
    main()
