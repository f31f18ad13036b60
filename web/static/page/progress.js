// A section that shows work going on is fetched anew until the work is over. Without it: reload the page.

const EVERY_MS = 2000;

// As a document of the browser's own making: no text of ours becomes HTML (Trusted Types).
function fetchPage(address) {
  return new Promise((resolve) => {
    const request = new XMLHttpRequest();
    request.responseType = "document";
    request.onloadend = () => resolve(request.status === 200 ? request.responseXML : null);
    request.open("GET", address);
    request.send();
  });
}

async function follow(section) {
  const page = await fetchPage(section.dataset.follow);
  const fresh = page && page.getElementById(section.id);
  // Whoever is at work inside of it keeps what they have typed and where they are.
  if (!fresh || section.contains(document.activeElement)) return void setTimeout(follow, EVERY_MS, section);
  section.replaceWith(document.adoptNode(fresh));
  if (fresh.dataset.follow) setTimeout(follow, EVERY_MS, fresh);
}

for (const section of document.querySelectorAll("[data-follow]")) setTimeout(follow, EVERY_MS, section);
