// A section that shows work going on is fetched anew until the work is over. Without it: reload the page.
const EVERY_MS = 2000;

async function follow(section) {
  let answer;
  try {
    answer = await fetch(section.dataset.follow, { credentials: "same-origin" });
  } catch {
    return setTimeout(follow, EVERY_MS, section);
  }
  if (!answer.ok) return undefined;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const fresh = page.getElementById(section.id);
  // Whoever is at work inside of it keeps what they have typed and where they are.
  if (!fresh || section.contains(document.activeElement)) return setTimeout(follow, EVERY_MS, section);
  section.replaceWith(document.adoptNode(fresh));
  return fresh.dataset.follow ? setTimeout(follow, EVERY_MS, fresh) : undefined;
}

for (const section of document.querySelectorAll("[data-follow]")) setTimeout(follow, EVERY_MS, section);
