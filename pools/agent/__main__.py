"""``python -m pools.agent --config FILE``: run an agent until SIGTERM or SIGINT."""

import argparse
import asyncio
import logging
import signal
import sys
from pathlib import Path

import structlog

from broker.errors import ConfigurationError
from pools.agent.process import run_agent
from pools.agent.settings import AgentSettings, load_agent_settings


def main() -> int:
    """0 after a signal, 1 when the settings or the host don't allow a start."""
    parser = argparse.ArgumentParser(prog="python -m pools.agent", description="Sekisho: agent for local desktops")
    parser.add_argument("--config", type=Path, required=True, help="settings of this agent (TOML)")
    config: Path = parser.parse_args().config
    try:
        settings = load_agent_settings(config)
        _log_json(settings.log_level)
        asyncio.run(_run_until_signal(settings))
    except ConfigurationError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


async def _run_until_signal(settings: AgentSettings) -> None:
    agent = asyncio.ensure_future(run_agent(settings))
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, agent.cancel)
    try:
        await agent
    except asyncio.CancelledError:
        return


def _log_json(level: str) -> None:
    """One JSON object per line on stderr."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.dict_tracebacks,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(
            logging.getLevelNamesMapping().get(level.upper(), logging.INFO)
        ),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


if __name__ == "__main__":
    sys.exit(main())
