// Dialogs are pages with an address. Here the same address gives the dialog alone, laid over the page that is open.
{
  const host = document.getElementById("dialog");

  const open = () => {
    const dialog = host?.querySelector("dialog");
    if (!dialog?.isConnected || dialog.matches(":modal")) return;
    const alone = document.querySelector(".dialog-page");
    if (alone) {
      // A dialog that stands on a page of its own is answered there.
      alone.replaceChildren(dialog);
    } else {
      dialog.removeAttribute("open");
      dialog.showModal();
    }
    const first = dialog.querySelector("[autofocus], [aria-invalid='true']");
    first?.focus();
  };

  // A dialog may ask before it goes: it listens for `kw:leave` and cancels it.
  const leave = (dialog) => {
    if (!dialog.dispatchEvent(new Event("kw:leave", { cancelable: true }))) return;
    const to = dialog.dataset.after;
    dialog.close();
    if (to) location.assign(to);
  };

  if (host) {
    document.addEventListener("htmx:after:swap", () => {
      // What took the place of the whole page, such as signing in, looks as it does on its own.
      const { body } = document.getElementById("main").dataset;
      if (body) document.body.className = body;
      open();
    });
    host.addEventListener("click", (event) => {
      const target = /** @type {Element} */ (event.target);
      const dialog = target.closest("dialog");
      if (dialog && target.closest("[data-close]")) {
        event.preventDefault();
        leave(dialog);
      }
    });
    host.addEventListener("cancel", (event) => {
      event.preventDefault();
      leave(/** @type {HTMLDialogElement} */ (event.target));
    }, true);
    host.addEventListener("close", () => host.replaceChildren(), true);
  }

  // The menu of a narrow screen closes when one goes on; others when one clicks elsewhere.
  document.addEventListener("click", (event) => {
    for (const details of document.querySelectorAll("details.switcher[open], details.row-menu[open]")) {
      if (!details.contains(/** @type {Node} */ (event.target))) details.removeAttribute("open");
    }
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    for (const details of document.querySelectorAll("details.switcher[open], details.row-menu[open]")) {
      details.removeAttribute("open");
      details.querySelector("summary")?.focus();
    }
  });
}
