// A secret that is shown once: it is not lost by closing too early, and it does not stay in the page.
{
  const kept = new WeakMap();
  const shown = () => document.querySelector("dialog[data-issued]");
  const keptOf = (dialog) => kept.get(dialog) ?? kept.set(dialog, new Set()).get(dialog);

  // What would be lost: everything that cannot be seen again and was neither copied nor saved.
  const losing = (dialog) => {
    if (!dialog || "left" in dialog.dataset) return false;
    return [...dialog.querySelectorAll("[data-once]")].some((part) => !keptOf(dialog).has(part.dataset.once));
  };
  const keep = (dialog, ...parts) => {
    for (const part of parts) keptOf(dialog).add(part);
    if (!losing(dialog)) ask(dialog, false);
  };
  const say = (dialog, text) => {
    dialog.querySelector("[data-said]").textContent = text;
  };

  // Instead of closing: is it stored?
  const ask = (dialog, asks) => {
    dialog.querySelector(".issued-foot").hidden = asks;
    const question = dialog.querySelector("[data-ask]");
    const asked = !question.hidden;
    question.hidden = !asks;
    if (asks) question.querySelector("[data-stay]").focus();
    else if (asked && question.contains(document.activeElement)) dialog.querySelector("[data-first]").focus();
  };
  const refuse = (event, dialog) => {
    if (!losing(dialog)) return;
    event.preventDefault();
    event.stopPropagation();
    ask(dialog, true);
  };

  // Before the dialog goes; and, where it stands on a page of its own, before its links lead away.
  document.addEventListener("kw:leave", (event) => {
    const dialog = /** @type {HTMLElement} */ (event.target);
    if (dialog.matches("[data-issued]")) refuse(event, dialog);
  }, true);
  document.addEventListener("click", (event) => {
    const target = /** @type {Element} */ (event.target);
    const dialog = target.closest("dialog[data-issued]");
    if (!dialog) return;
    if (target.closest("[data-close]") && !dialog.matches(":modal")) refuse(event, dialog);
    if (target.closest("[data-stay]")) {
      ask(dialog, false);
      dialog.querySelector("[data-first]").focus();
    }
    if (target.closest("[data-leave]")) {
      dialog.dataset.left = "";
      dialog.querySelector(".issued-foot [data-close]").click();
    }
    const save = target.closest("[data-download]");
    if (save) {
      saveAs(save.dataset.download, contents(dialog));
      say(dialog, save.dataset.downloaded);
      keep(dialog, "secret", "private-key");
    }
  }, true);
  addEventListener("beforeunload", (event) => {
    if (losing(shown())) event.preventDefault();
  });

  // Copied by a button, or by hand.
  document.addEventListener("kw:copied", (event) => {
    const text = document.getElementById(event.detail.from ?? "");
    const dialog = text?.closest("dialog[data-issued]");
    if (!dialog) return;
    if (text.dataset.holds) keep(dialog, text.dataset.holds);
    say(dialog, dialog.dataset.copied);
  });
  document.addEventListener("copy", () => {
    const dialog = shown();
    const selection = getSelection();
    for (const text of dialog?.querySelectorAll("[data-holds]") ?? []) {
      if (selection.toString().includes(text.textContent)) keep(dialog, text.dataset.holds);
    }
  });

  // The file is made here: what it holds is asked for nowhere.
  const contents = (dialog) => {
    const text = (id) => dialog.querySelector(`#${id}`)?.textContent ?? "";
    return [text("as-env"), text("issued-private-key")].filter(Boolean).join("\n");
  };
  const saveAs = (name, text) => {
    const url = URL.createObjectURL(new Blob([text], { type: "text/plain" }));
    const link = document.createElement("a");
    link.href = url;
    link.download = name;
    link.click();
    URL.revokeObjectURL(url);
  };

  // A page that was left may be kept by the browser for going back: without the secret.
  addEventListener("pagehide", () => {
    const dialog = shown();
    for (const text of dialog?.querySelectorAll(".secret") ?? []) text.textContent = "";
    dialog?.remove();
  });

  const begin = () => {
    const dialog = shown();
    const first = dialog?.querySelector("[data-first]");
    for (const save of dialog?.querySelectorAll("[data-download][hidden]") ?? []) save.hidden = false;
    if (first && !dialog.contains(document.activeElement?.closest("[data-copy-from]"))) first.focus();
  };
  begin();
  document.addEventListener("htmx:after:swap", begin);
}
