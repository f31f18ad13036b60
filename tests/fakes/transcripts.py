"""Arguments that guacd announces, by release and protocol, as they were seen on the wire."""

_SFTP = (
    "enable-sftp sftp-hostname sftp-host-key sftp-port sftp-username sftp-password sftp-private-key "
    "sftp-passphrase sftp-directory sftp-root-directory sftp-server-alive-interval sftp-disable-download "
    "sftp-disable-upload "
)
_RECORDING = (
    "recording-path recording-name recording-exclude-output recording-exclude-mouse recording-include-keys "
    "create-recording-path "
)
_WAKE = "wol-send-packet wol-mac-addr wol-broadcast-addr wol-wait-time"

VNC_1_3_0 = (
    "VERSION_1_3_0 hostname port read-only encodings username password swap-red-blue color-depth cursor autoretry "
    "clipboard-encoding dest-host dest-port enable-audio audio-servername reverse-connect listen-timeout "
    + _SFTP
    + _RECORDING
    + "disable-copy disable-paste "
    + _WAKE
).split()

RDP_1_3_0 = (
    "VERSION_1_3_0 hostname port domain username password width height dpi initial-program color-depth "
    "disable-audio enable-printing printer-name enable-drive drive-name drive-path create-drive-path "
    "disable-download disable-upload console console-audio server-layout security ignore-cert disable-auth "
    "remote-app remote-app-dir remote-app-args static-channels client-name enable-wallpaper enable-theming "
    "enable-font-smoothing enable-full-window-drag enable-desktop-composition enable-menu-animations "
    "disable-bitmap-caching disable-offscreen-caching disable-glyph-caching preconnection-id preconnection-blob "
    "timezone "
    + _SFTP
    + _RECORDING
    + "resize-method enable-audio-input read-only gateway-hostname gateway-port gateway-domain gateway-username "
    "gateway-password load-balance-info disable-copy disable-paste " + _WAKE
).split()

VNC_1_5_0 = ["VERSION_1_5_0", *VNC_1_3_0[1:], "wol-udp-port"]
RDP_1_5_0 = ["VERSION_1_5_0", *RDP_1_3_0[1:], "enable-touch", "wol-udp-port", "normalize-clipboard"]

VNC_1_6_0 = [
    *VNC_1_5_0,
    *[
        "disable-display-resize",
        "sftp-timeout",
        "sftp-public-key",
        "recording-write-existing",
        "disable-server-input",
        "force-lossless",
        "compress-level",
        "quality-level",
    ],
]
RDP_1_6_0 = [
    *RDP_1_5_0,
    *[
        "timeout",
        "cert-tofu",
        "cert-fingerprints",
        "disable-gfx",
        "sftp-timeout",
        "sftp-public-key",
        "recording-exclude-touch",
        "recording-write-existing",
        "force-lossless",
    ],
]

VNC_1_0_0 = ["hostname", "port", "read-only", "encodings", "password", "swap-red-blue", "color-depth", "cursor"]
"""Before versions were announced."""
