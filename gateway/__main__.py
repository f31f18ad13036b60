"""``python -m gateway --config gateway.toml``: one gateway, until SIGTERM or SIGINT."""

import argparse
import asyncio
import contextlib
import signal
import sys
from pathlib import Path

import uvloop

from broker.errors import ConfigurationError
from gateway.app import run_gateway
from gateway.descriptors import raise_descriptor_limit
from gateway.log import set_up_log
from gateway.settings import GatewaySettings, load_settings


async def run_until_signalled(settings: GatewaySettings) -> None:
    """Serve until the process is asked to stop."""
    serving = asyncio.create_task(run_gateway(settings))
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, serving.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await serving


def main() -> int:
    """Exit code: 0 after a signal, 2 when the settings or the address can't be used."""
    parser = argparse.ArgumentParser(prog="python -m gateway", description=__doc__)
    parser.add_argument("--config", type=Path, required=True, help="TOML file with the gateway's settings")
    arguments = parser.parse_args()
    try:
        settings = load_settings(arguments.config)
        set_up_log(settings.log_level)
        raise_descriptor_limit()
        uvloop.run(run_until_signalled(settings))
    except (ConfigurationError, OSError) as error:
        sys.stderr.write(f"gateway: {error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
