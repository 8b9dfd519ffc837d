// A token that stands behind the `#` of a link, which browsers never send: put into its form, and out of the address.
{
  const form = document.querySelector("[data-token-from-hash]");
  const token = location.hash.slice(1);
  const field = form?.querySelector("[name='token']");
  if (form && field && token) {
    field.value = decodeURIComponent(token);
    history.replaceState(null, "", location.pathname);
    if (form.dataset.tokenFromHash === "send") form.requestSubmit();
  }
}
