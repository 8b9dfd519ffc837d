// The exact instant of every time, in the zone of whoever reads it.
{
  const exact = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "long" });
  const tell = (root) => {
    for (const time of root.querySelectorAll("time[datetime]:not([data-told])")) {
      const at = new Date(time.dateTime);
      if (Number.isNaN(at.getTime())) continue;
      time.dataset.told = "";
      time.title = `${exact.format(at)} (${time.title})`;
    }
  };
  tell(document);
  document.addEventListener("htmx:after:swap", () => tell(document));
}
