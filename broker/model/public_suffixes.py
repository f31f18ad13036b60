"""Domains below which anybody may have a site: a wildcard right below one would allow strangers' sites too.

Not every such domain is here (a full list changes daily and belongs to others): these are the top levels, the second
levels of Japan and the usual ones of other countries, Japan's prefectures, and services where everybody can publish.
"""

from typing import Final

_JAPANESE: Final = frozenset(("ac", "ad", "co", "ed", "go", "gr", "lg", "ne", "or"))
_SECOND_LEVELS: Final = frozenset(
    (
        "ac", "co", "com", "edu", "gob", "gouv", "gov", "govt", "idv", "info", "ltd", "me", "mil", "name", "ne",
        "net", "nhs", "nom", "or", "org", "plc", "re", "sch",
    )
)  # fmt: skip
_PREFECTURES: Final = frozenset(
    (
        "aichi", "akita", "aomori", "chiba", "ehime", "fukui", "fukuoka", "fukushima", "gifu", "gunma", "hiroshima",
        "hokkaido", "hyogo", "ibaraki", "ishikawa", "iwate", "kagawa", "kagoshima", "kanagawa", "kochi", "kumamoto",
        "kyoto", "mie", "miyagi", "miyazaki", "nagano", "nagasaki", "nara", "niigata", "oita", "okayama", "okinawa",
        "osaka", "saga", "saitama", "shiga", "shimane", "shizuoka", "tochigi", "tokushima", "tokyo", "tottori",
        "toyama", "wakayama", "yamagata", "yamaguchi", "yamanashi", "kawasaki", "kitakyushu", "kobe", "nagoya",
        "sapporo", "sendai", "yokohama",
    )
)  # fmt: skip
_OFFICES: Final = frozenset(("city", "metro", "pref"))
"""Right below a prefecture or a great city these are the authority's own."""
_PUBLISHING: Final = frozenset(
    (
        "amazonaws.com", "appspot.com", "azureedge.net", "azurefd.net", "azurewebsites.net", "blob.core.windows.net",
        "blogspot.com", "cloudapp.azure.com", "cloudfront.net", "core.windows.net", "firebaseapp.com", "fly.dev",
        "github.io", "githubusercontent.com", "gitlab.io", "googleusercontent.com", "herokuapp.com", "netlify.app",
        "ngrok.io", "onrender.com", "pages.dev", "r2.dev", "run.app", "storage.googleapis.com", "surge.sh",
        "trycloudflare.com", "vercel.app", "web.app", "web.core.windows.net", "wixsite.com", "wordpress.com",
        "workers.dev",
    )
)  # fmt: skip


def is_shared_by_strangers(domain: str) -> bool:
    """Whether names right below ``domain`` (ASCII, lower case) belong to whoever asks for one."""
    labels = domain.split(".")
    if len(labels) == 1 or domain in _PUBLISHING or _is_region_of_a_cloud(domain):
        return True
    if labels[-1] == "jp":
        # Below a prefecture's name come the municipalities', and people register below those.
        return (len(labels) == 2 and labels[0] in _JAPANESE | _PREFECTURES) or (
            len(labels) == 3 and labels[1] in _PREFECTURES and labels[0] not in _OFFICES
        )
    return len(labels) == 2 and len(labels[1]) == 2 and labels[0] in _SECOND_LEVELS


def _is_region_of_a_cloud(domain: str) -> bool:
    return domain.endswith((".amazonaws.com", ".core.windows.net", ".cloudapp.azure.com"))
