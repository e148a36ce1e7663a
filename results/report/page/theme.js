/* Light, dark, or as the system has it; remembered where the browser allows it. */

const THEMES = ["auto", "light", "dark"];

function applyTheme(button, theme) {
  document.documentElement.dataset.theme = theme;
  button.textContent = `Theme: ${theme}`;
  try {
    localStorage.setItem("clbench-theme", theme);
  } catch {
    // A page opened from a file may have no storage; the choice then lasts as long as the page.
  }
}

function storedTheme() {
  try {
    const stored = localStorage.getItem("clbench-theme");
    return THEMES.includes(stored) ? stored : "auto";
  } catch {
    return "auto";
  }
}

function setUpTheme() {
  const button = document.getElementById("theme");
  applyTheme(button, storedTheme());
  button.hidden = false;
  button.addEventListener("click", () => {
    const place = THEMES.indexOf(document.documentElement.dataset.theme);
    applyTheme(button, THEMES[(place + 1) % THEMES.length]);
  });
}

setUpTheme();
