"use strict";
// Pointing: a box with what data-tip says.
{
  const tip = document.getElementById("tip");
  document.addEventListener("mousemove", (event) => {
    const at = event.target.closest("[data-tip]");
    tip.style.display = at ? "block" : "none";
    if (!at) return;
    tip.textContent = at.dataset.tip;
    const x = Math.min(event.clientX + 14, innerWidth - tip.offsetWidth - 8);
    const below = event.clientY + 18 + tip.offsetHeight < innerHeight;
    tip.style.left = Math.max(8, x) + "px";
    tip.style.top = (below ? event.clientY + 18 : event.clientY - 10 - tip.offsetHeight) + "px";
  });
}
