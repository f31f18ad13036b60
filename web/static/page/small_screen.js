// On a small screen the picture comes first: the toolbar of the session page begins folded.

const SMALL = "(max-width: 48rem), (max-height: 30rem)";

const toggle = document.getElementById("toggle-toolbar");
if (window.matchMedia(SMALL).matches && toggle.getAttribute("aria-expanded") === "true") toggle.click();
