// Buttons that copy: a text of their own (`data-copy`), or the text of another element (`data-copy-from`, its id).
{
  const done = (button) => {
    const said = button.dataset.copied ?? "Copied";
    const before = button.getAttribute("aria-label");
    const label = button.querySelector("[data-label]");
    const text = label?.textContent;
    const use = button.querySelector("use");
    const icon = use?.getAttribute("href");
    if (label) label.textContent = said;
    else button.setAttribute("aria-label", said);
    use?.setAttribute("href", icon.replace(/#.*/, "#check"));
    setTimeout(() => {
      if (label) label.textContent = text;
      else if (before) button.setAttribute("aria-label", before);
      use?.setAttribute("href", icon);
    }, 1600);
  };

  document.addEventListener("click", async (event) => {
    const button = /** @type {Element} */ (event.target).closest("[data-copy], [data-copy-from]");
    if (!button) return;
    const from = button.dataset.copyFrom && document.getElementById(button.dataset.copyFrom);
    const text = button.dataset.copy ?? from?.value ?? from?.textContent ?? "";
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      // Over plain http there is no clipboard: select the text, so that the keyboard copies it.
      if (from) getSelection()?.selectAllChildren(from);
      return;
    }
    button.dispatchEvent(new CustomEvent("kw:copied", { bubbles: true, detail: { from: button.dataset.copyFrom } }));
    done(button);
  });

  const show = (root) => {
    for (const button of root.querySelectorAll("[data-copy][hidden], [data-copy-from][hidden]")) button.hidden = false;
  };
  show(document);
  document.addEventListener("htmx:after:swap", () => show(document));
}
