// The playground while a person types: how long it waits before it asks, for an answer, and until it asks again.
"use strict";
// The playground also works without this script. It shows what a query finds while a person types.
(() => {
  const page = document.getElementById("playground");
  const field = document.getElementById("q");
  let asking = new AbortController();
  let waits = 0;

  const place = (html) => {
    const parsed = new DOMParser().parseFromString(html, "text/html");
    const focused = document.activeElement.id;
    for (const known of page.querySelectorAll("#remarks, #parts, #count, #offer, #tried")) {
      const fresh = parsed.getElementById(known.id);
      Object.assign(known.dataset, fresh.dataset);
      known.replaceChildren(...fresh.childNodes);
    }
    field.toggleAttribute("aria-invalid", Boolean(page.querySelector(".wrong")));
    if (document.activeElement === document.body) document.getElementById(focused || "tried")?.focus({ preventScroll: true });
  };
  const PATIENCE = 20000; // milliseconds to wait for a response; a lost connection may raise no error
  const again = (address) => { // meanwhile, the last results stay
    waits = setTimeout(() => show(address), 1000);
    return false;
  };
  const show = async (address) => { // returns whether the page shows the results now
    clearTimeout(waits);
    asking.abort(); // so that an older response never replaces a newer one
    const mine = asking = new AbortController();
    const late = setTimeout(() => mine.abort(new TypeError("no answer")), PATIENCE);
    try {
      const answer = await fetch(address, {
        headers: { "X-Requested-With": "fetch" }, credentials: "same-origin", signal: mine.signal,
      });
      if (answer.redirected) location.reload(); // the person has signed out
      if (answer.redirected) return false;
      if (!answer.ok) return again(address);
      place(await answer.text());
      for (const link of document.querySelectorAll("a[hreflang]")) { // another language keeps the query
        const there = new URL(address, location);
        there.searchParams.set("language", link.hreflang);
        link.href = there;
      }
      return true;
    } catch (error) {
      if (error.name === "TypeError") return again(address); // the connection is lost
      if (error.name !== "AbortError") throw error;
      return false; // a newer request is running
    } finally {
      clearTimeout(late);
    }
  };
  const addressOf = (form, button) => {
    const fields = new URLSearchParams(new FormData(form, button));
    return `${form.getAttribute("action")}?${fields}`;
  };
  const follow = async () => { // after the address got a changed query
    if (await show(location.href)) field.value = document.getElementById("parts").dataset.text;
  };

  field.addEventListener("input", (event) => {
    for (const button of document.querySelectorAll("#offer button")) button.disabled = true; // it is for the last query
    if (event.isComposing) return;
    clearTimeout(waits);
    waits = setTimeout(() => {
      history.replaceState(null, "", addressOf(field.form));
      show(location.href);
    }, 200);
  });
  field.addEventListener("compositionend", () => field.dispatchEvent(new Event("input")));
  page.addEventListener("submit", (event) => {
    if (event.target.getAttribute("action") !== "/playground") return;
    event.preventDefault();
    history.pushState(null, "", addressOf(event.target, event.submitter));
    if (event.target === field.form) show(location.href);
    else follow();
  });
  page.addEventListener("click", (event) => {
    const link = event.target.closest('a[href^="/playground?"]');
    if (!link || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    history.pushState(null, "", link.href);
    follow();
  });
  addEventListener("popstate", follow);
})();
