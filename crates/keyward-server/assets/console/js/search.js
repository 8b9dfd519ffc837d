// What is typed into a search stands in addresses, and those are kept. So a token of ours is not sent as one. Without
// this, the server leads away from such an address.
{
  const digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  const words = "This is a secret: it was not sent. Look for the public id instead, the part before the last underscore.";
  const native = /^[a-z][a-z0-9]{1,11}_[0-9A-Za-z]{16}_[0-9A-Za-z]{49}$/;
  const access = /(?:^|[^0-9A-Za-z_-])kwat_[0-9A-Za-z_-]{55,}/;

  /** CRC-32 in base 62, six characters: how such a token ends. */
  const checksum = (text) => {
    let crc = 0xffffffff;
    for (const char of text) {
      crc ^= char.charCodeAt(0);
      for (let bit = 0; bit < 8; bit += 1) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
    }
    let rest = (crc ^ 0xffffffff) >>> 0;
    let sum = "";
    for (let place = 0; place < 6; place += 1) {
      sum = digits[rest % 62] + sum;
      rest = Math.floor(rest / 62);
    }
    return sum;
  };

  const isToken = (word) => native.test(word) && checksum(word.slice(0, -6)) === word.slice(-6);
  const hasSecret = (text) => access.test(text) || text.split(/[^0-9A-Za-z_]+/).some(isToken);

  /** Whether a form may be sent: says beside the field why not. */
  const judge = (form) => {
    const fields = [...form.elements].filter((field) => field.matches("input:not([type=hidden])"));
    for (const field of fields) field.setCustomValidity(hasSecret(field.value) ? words : "");
    const secrets = fields.filter((field) => field.validity.customError);
    for (const field of secrets) field.reportValidity();
    return secrets.length === 0;
  };

  // Before anybody else hears of it: a list follows what is typed.
  for (const type of ["input", "change", "submit"]) {
    document.addEventListener(type, (event) => {
      const { target } = event;
      const form = target instanceof HTMLFormElement ? target : target.form;
      if (!form || form.getAttribute("method") !== "get" || judge(form)) return;
      event.stopImmediatePropagation();
      if (type === "submit") event.preventDefault();
    }, true);
  }
}
