// Says that Caps Lock is on while somebody types a password that they can't see.
const hint = document.querySelector("[data-caps]");

for (const input of document.querySelectorAll("input[type=password]")) {
  const look = (event) => {
    if (event.getModifierState) hint.hidden = !event.getModifierState("CapsLock");
  };
  input.addEventListener("keydown", look);
  input.addEventListener("keyup", look);
}
