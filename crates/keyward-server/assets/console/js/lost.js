// When the server does not answer, or fails: that is said where it was asked, and the form that was sent stays as it is.
{
  const line = document.getElementById("lost");

  const say = (asking, text) => {
    const open = (asking.closest("dialog") ?? document.querySelector("#dialog dialog"))?.querySelector(".dialog-body");
    const said = line.content.firstElementChild.cloneNode(true);
    said.querySelector("span").textContent = text;
    (open ?? document.getElementById("notices")).prepend(said);
    said.scrollIntoView({ block: "nearest" });
  };

  if (line) {
    document.addEventListener("htmx:before:request", () => {
      for (const said of document.querySelectorAll("[data-lost]")) said.remove();
    });

    // Neither an answer nor a sign that the request arrived.
    document.addEventListener("htmx:error", (event) => {
      const { sourceElement, request } = event.detail.ctx ?? {};
      if (!request) return;
      const { page, form, once } = line.dataset;
      const sent = request.method === "POST";
      say(sourceElement, sent ? (sourceElement.querySelector("[name='once']") ? once : form) : page);
    });

    document.addEventListener("htmx:before:response", async (event) => {
      const { sourceElement, response } = event.detail.ctx;
      if (response.status < 500) return;
      event.preventDefault();
      const answer = new DOMParser().parseFromString(await response.raw.text(), "text/html");
      say(sourceElement, answer.querySelector("[role='alert']")?.textContent.trim() || line.dataset.page);
    });
  }
}
