"""What a virtual browser's Chromium is allowed to do: its managed policies. Pure.

Names and meanings: Chromium's policy list (https://chromeenterprise.google/policies/). The proxy is what keeps the
browser to its destinations; the list here is a second line, and gives https a readable page of refusal.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

import msgspec

from broker.model.destinations import Destination, parse_destination

POLICY_FILE: Final = "/etc/chromium/policies/managed/sekisho.json"
PROGRAM: Final = Path("/usr/lib/chromium/chromium")
FORWARD_FILE: Final = "/opt/forward.py"
EGRESS_DIR: Final = "/run/egress"
PROXY: Final = "http://127.0.0.1:3128"
_CACHE_BYTES: Final = 64 * 1024 * 1024

_LOCKED_DOWN: Final[dict[str, Any]] = {
    # Nothing is saved, printed, sent up or taken from the desktop's own files.
    "DownloadRestrictions": 3,
    "AllowFileSelectionDialogs": False,
    "PrintingEnabled": False,
    "DefaultFileSystemReadGuardSetting": 2,
    "DefaultFileSystemWriteGuardSetting": 2,
    "ScreenCaptureAllowed": False,
    # Nothing is kept of the person.
    "PasswordManagerEnabled": False,
    "AutofillAddressEnabled": False,
    "AutofillCreditCardEnabled": False,
    "BrowserSignin": 0,
    "SyncDisabled": True,
    "IncognitoModeAvailability": 1,
    "BrowserGuestModeEnabled": False,
    "BrowserAddPersonEnabled": False,
    "EditBookmarksEnabled": False,
    "ImportBookmarks": False,
    # Nothing that changes the browser or looks into it.
    "DeveloperToolsAvailability": 2,
    "ExtensionInstallBlocklist": ["*"],
    "ExtensionInstallTypeBlocklist": ["command_line"],
    "TaskManagerEndProcessEnabled": False,
    "RemoteDebuggingAllowed": False,
    "DefaultBrowserSettingEnabled": False,
    "BackgroundModeEnabled": False,
    "EnableMediaRouter": False,
    # Nothing of the device is offered to a page.
    "AudioCaptureAllowed": False,
    "VideoCaptureAllowed": False,
    "DefaultGeolocationSetting": 2,
    "DefaultNotificationsSetting": 2,
    "DefaultWebUsbGuardSetting": 2,
    "DefaultWebHidGuardSetting": 2,
    "DefaultSerialGuardSetting": 2,
    "DefaultWebBluetoothGuardSetting": 2,
    # Nothing asks anybody but the proxy, and nothing but what the person asked for.
    "QuicAllowed": False,
    "WebRtcIPHandling": "disable_non_proxied_udp",
    "DnsOverHttpsMode": "off",
    "EncryptedClientHelloEnabled": False,
    "HttpsUpgradesEnabled": False,
    "NetworkPredictionOptions": 2,
    "SearchSuggestEnabled": False,
    "DefaultSearchProviderEnabled": False,
    "AlternateErrorPagesEnabled": False,
    "SpellCheckServiceEnabled": False,
    "TranslateEnabled": False,
    "SafeBrowsingProtectionLevel": 0,
    "MetricsReportingEnabled": False,
    "ComponentUpdatesEnabled": False,
    "UserFeedbackAllowed": False,
    "PromotionsEnabled": False,
    "MaxConnectionsPerProxy": 99,
    "DiskCacheSize": _CACHE_BYTES,
    "BookmarkBarEnabled": False,
    "ShowHomeButton": True,
    "HomepageIsNewTabPage": False,
    "RestoreOnStartup": 4,
}


class BrowserPlan(msgspec.Struct, frozen=True, kw_only=True):
    """A desktop that is a virtual browser. ``egress_dir`` is a host folder of this desktop alone, with the
    ``proxy.sock`` that its proxy listens on."""

    destinations: tuple[str, ...]
    homepage: str
    egress_dir: Path


def policies(plan: BrowserPlan) -> bytes:
    """The content of :data:`POLICY_FILE`."""
    parsed = [parse_destination(text) for text in plan.destinations]
    allowed = [pattern for each in parsed if isinstance(each, Destination) for pattern in _patterns(each)]
    return msgspec.json.encode(
        {
            **_LOCKED_DOWN,
            "URLBlocklist": ["*", "file://*", "chrome://*", "view-source:*", "javascript://*", "data:*", "ftp://*"],
            # Plain http goes to the proxy in any case: it answers with a page that says why.
            "URLAllowlist": ["http://*", *dict.fromkeys(allowed)],
            "ProxySettings": {
                "ProxyMode": "fixed_servers",
                "ProxyServer": PROXY,
                "ProxyBypassList": "<-loopback>",
            },
            "HomepageLocation": plan.homepage,
            "NewTabPageLocation": plan.homepage,
            "RestoreOnStartupURLs": [plan.homepage],
        }
    )


def _patterns(destination: Destination) -> Iterable[str]:
    """In Chromium's form: a dot before the name means this host alone; without one, those below it too."""
    host = destination.host if destination.is_below else f".{destination.host}"
    if destination.host.startswith("["):
        host = destination.host
    for scheme in destination.schemes:
        yield f"{scheme}://{host}:{destination.port or scheme.port}"
