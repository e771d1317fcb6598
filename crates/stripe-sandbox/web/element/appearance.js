// The look the shop asks for: a theme, and variables over it.

const THEMES = {
  stripe: {},
  flat: { colorBackground: "#f3f4f6", colorLine: "#878e99" },
  night: {
    colorPrimary: "#85a5ff",
    colorBackground: "#1b2029",
    colorText: "#f2f4f7",
    colorTextSecondary: "#b4bdc9",
    colorTextPlaceholder: "#9aa4b2",
    colorDanger: "#ff8f9c",
    colorLine: "#747f8e",
  },
};

// Stripe's names of what may be changed; the rest of `variables`, and `rules`, is passed over.
const VARIABLES = [
  "colorPrimary",
  "colorBackground",
  "colorText",
  "colorTextSecondary",
  "colorTextPlaceholder",
  "colorDanger",
  "fontFamily",
  "fontSizeBase",
  "borderRadius",
  "spacingUnit",
];

function applyAppearance({ theme = "stripe", variables = {} } = {}, surface) {
  const { style } = document.documentElement;
  const base = Object.hasOwn(THEMES, theme) ? THEMES[theme] : THEMES.stripe;
  const chosen = Object.entries(variables).filter(([name]) => VARIABLES.includes(name));
  style.cssText = "";
  style.colorScheme = theme === "night" ? "dark" : "light";
  if (surface) style.setProperty("--surface", surface);
  for (const [name, value] of [...Object.entries(base), ...chosen]) {
    const property = name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
    style.setProperty(`--${property}`, String(value));
  }
}
