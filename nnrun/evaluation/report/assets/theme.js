// Light, dark, or what the system says. A page that is opened from a disk may have no place to keep it.
const THEMES = ["system", "light", "dark"];

function keepTheme(button) {
  let theme = "system";
  try {
    theme = localStorage.getItem("nnrun-theme") || theme;
  } catch (error) {
    // Storage is switched off: the choice lasts as long as the page.
  }
  const show = () => {
    if (theme === "system") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
    button.textContent = "Theme: " + theme;
  };
  button.addEventListener("click", () => {
    theme = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length];
    try {
      localStorage.setItem("nnrun-theme", theme);
    } catch (error) {
      // As above.
    }
    show();
  });
  button.hidden = false;
  show();
}
