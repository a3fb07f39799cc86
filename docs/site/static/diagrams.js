// Draws the pictures that are written as text, in the colours of the page, and again when they change.
// mermaid is loaded by the pages that have such a picture, as a script: opened from a folder, a page
// may not load modules.
(() => {
  const program = new URL("mermaid.min.js", document.currentScript.src);
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const isDark = () => {
    const chosen = document.body.dataset.theme;
    return chosen === "dark" || (chosen !== "light" && dark.matches);
  };
  let drawn;
  async function draw() {
    if (drawn === isDark()) return;
    drawn = isDark();
    const theme = drawn ? "dark" : "default";
    mermaid.initialize({ startOnLoad: false, theme, securityLevel: "strict" });
    for (const picture of document.querySelectorAll("pre.mermaid")) {
      picture.dataset.source ??= picture.textContent;
      picture.textContent = picture.dataset.source;
      delete picture.dataset.processed;
    }
    await mermaid.run({ querySelector: "pre.mermaid" });
  }
  addEventListener("DOMContentLoaded", () => {
    if (!document.querySelector("pre.mermaid")) return;
    const script = document.createElement("script");
    script.src = program;
    script.onload = () => {
      draw();
      new MutationObserver(draw).observe(document.body, { attributeFilter: ["data-theme"] });
      dark.addEventListener("change", draw);
    };
    document.head.append(script);
  });
})();
