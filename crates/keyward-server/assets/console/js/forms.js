// Forms that follow what is chosen in them. Without this, a button beside the choice does the same.
{
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const exact = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });

  // The instant that a field in UTC means, in UTC and for whoever fills it in.
  const tell = (field) => {
    const told = document.querySelector(`[data-instant-of="${field.id}"]`);
    if (!told) return;
    const at = new Date(`${field.value}Z`);
    const known = field.value !== "" && !Number.isNaN(at.getTime());
    const utc = known ? `${at.toISOString().slice(0, 16).replace("T", " ")} UTC` : "";
    const here = known && zone && !/^(Etc\/)?UTC$/.test(zone) ? `, which is ${exact.format(at)} in ${zone}` : "";
    told.textContent = known ? `Ends ${utc}${here}.` : "";
  };

  document.addEventListener("input", (event) => {
    const field = /** @type {HTMLInputElement} */ (event.target);
    if (field.type === "datetime-local") tell(field);
  });
  document.addEventListener("change", (event) => {
    const asks = /** @type {Element} */ (event.target).closest("[data-again]");
    asks?.querySelector("[data-again-button]")?.click();
  });

  const begin = () => {
    for (const button of document.querySelectorAll("[data-again-button]:not([hidden])")) button.hidden = true;
    for (const field of document.querySelectorAll("input[type='datetime-local']")) tell(field);
  };
  begin();
  document.addEventListener("htmx:after:swap", begin);
}
