// Lists: ticking rows, saying what was found, going where a field was changed to.
{
  const ticks = () => [...document.querySelectorAll(".list .tick-one")];

  const count = () => {
    const all = ticks();
    const ticked = all.filter((tick) => tick.checked).length;
    const every = document.getElementById("tick-all");
    if (every) {
      every.hidden = false;
      every.checked = ticked > 0 && ticked === all.length;
      every.indeterminate = ticked > 0 && ticked < all.length;
    }
    const said = document.querySelector("[data-count]");
    if (said) said.textContent = `${ticked} selected`;
  };

  document.addEventListener("change", (event) => {
    const field = /** @type {HTMLInputElement} */ (event.target);
    if (field.id === "tick-all") for (const tick of ticks()) tick.checked = field.checked;
    if (field.matches("#tick-all, .tick-one")) count();
    if (field.matches("[data-go]")) field.form.requestSubmit();
  });

  // What a search has found is said when it changes, and the search keeps the focus.
  let said = document.getElementById("list")?.dataset.said;
  document.addEventListener("htmx:after:swap", () => {
    const list = document.getElementById("list");
    const status = document.getElementById("list-said");
    if (!list || !status) return;
    count();
    if (list.dataset.said !== said) status.textContent = said = list.dataset.said;
  });
  count();
}
