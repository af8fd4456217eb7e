"use strict";
// The pages work without this. It sends without loading the page anew, and shows what comes as it comes.
(() => {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone; // the clock of a chat that chooses no other
  document.cookie = `zone=${zone}; path=/; max-age=31536000; samesite=lax`;
  const sheet = document.getElementById("sheet");
  const look = document.getElementById("look");
  if (sheet && look) { // what a form finds so far is shown while one writes
    let waits = 0;
    look.hidden = true;
    sheet.addEventListener("input", () => {
      clearTimeout(waits);
      const mine = waits = setTimeout(async () => {
        const fields = new URLSearchParams(new FormData(sheet, look));
        const answer = await fetch(sheet.action, { method: "POST", body: fields, credentials: "same-origin" }).catch(() => null);
        if (!answer || !answer.ok || answer.redirected) return;
        const found = new DOMParser().parseFromString(await answer.text(), "text/html");
        if (mine !== waits) return; // one has gone on writing
        for (const notes of sheet.querySelectorAll(".notes")) {
          const fresh = found.getElementById(notes.id);
          if (fresh && fresh.innerHTML !== notes.innerHTML) notes.replaceChildren(...fresh.children);
        }
      }, 1100);
    });
    return;
  }
  const chat = document.getElementById("chat");
  if (!chat) return;
  const log = document.getElementById("log");
  const status = document.getElementById("status");
  const composer = document.getElementById("composer");
  const text = document.getElementById("text");
  const scroller = document.scrollingElement;

  const tell = (words) => {
    status.textContent = words;
    status.classList.toggle("shown", Boolean(words));
  };
  const atEnd = () => scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < 160;
  const toEnd = () => scroller.scrollTo({ top: scroller.scrollHeight });
  const number = (item) => Number(item.dataset.number);
  const once = () => Array.from(crypto.getRandomValues(new Uint8Array(16)), (b) => b.toString(16).padStart(2, "0")).join("");

  const place = (item) => {
    const known = document.getElementById(item.id);
    if (item.classList.contains("day")) {
      if (!known) log.append(item);
      return;
    }
    if (known) {
      const hadFocus = known.contains(document.activeElement);
      known.replaceWith(item);
      if (hadFocus) {
        item.tabIndex = -1;
        item.focus({ preventScroll: true }); // what was pressed may be gone; one goes on from its message
      }
      return;
    }
    const items = log.querySelectorAll("[data-number]");
    if (items.length && number(item) < number(items[0])) return;
    item.classList.add("new");
    log.append(item);
  };
  const show = (html) => {
    const follows = atEnd();
    const part = document.createElement("template");
    part.innerHTML = html;
    const items = [...part.content.children];
    for (const item of items) place(item);
    document.getElementById("welcome")?.remove();
    if (!follows) return;
    const last = items[items.length - 1];
    if (last.offsetHeight > scroller.clientHeight * 0.6) last.scrollIntoView({ block: "start" }); // one reads from its top
    else toEnd();
  };

  const send = async (form, fields) => {
    fields.set("once", once());
    const answer = await fetch(form.action, {
      method: "POST", body: fields, headers: { "X-Requested-With": "fetch" }, credentials: "same-origin",
    });
    if (!answer.ok) throw new Error(String(answer.status));
    const told = await answer.json();
    if (told.goes) location.assign(told.goes);
    for (const [what, isSo] of Object.entries(told.shows ?? {})) {
      for (const button of document.querySelectorAll(`[data-shows="${what}"]`)) button.setAttribute("aria-pressed", isSo);
    }
    return told.said;
  };
  document.addEventListener("submit", async (event) => {
    const form = event.target;
    const action = form.getAttribute("action");
    if (!live || (action !== "/chat/say" && action !== "/chat/press")) return;
    event.preventDefault();
    if (form.dataset.busy) return;
    form.dataset.busy = "yes";
    const fields = new URLSearchParams(new FormData(form, event.submitter)); // before the text is taken away
    const written = form === composer ? text.value : "";
    if (form === composer) {
      text.value = "";
      toEnd();
    }
    try {
      tell(await send(form, fields));
    } catch {
      if (written && !text.value) text.value = written;
      tell(chat.dataset.unsent);
    } finally {
      delete form.dataset.busy;
    }
  });
  text.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      if (text.value.trim()) composer.requestSubmit();
    }
  });

  let live = false;
  const listen = () => {
    const source = new EventSource(`${chat.dataset.events}?after=${chat.dataset.change}`);
    source.addEventListener("open", () => {
      live = true;
      document.documentElement.dataset.live = "yes";
      if (status.textContent === chat.dataset.lost) tell("");
    });
    source.addEventListener("message", (event) => {
      chat.dataset.change = event.lastEventId;
      show(event.data);
    });
    source.addEventListener("reload", () => location.reload());
    source.addEventListener("full", () => { // to come back would only close another page
      source.close();
      live = false;
      delete document.documentElement.dataset.live;
      tell(chat.dataset.full);
    });
    source.addEventListener("error", () => {
      live = false;
      delete document.documentElement.dataset.live;
      if (source.readyState !== EventSource.CLOSED) tell(chat.dataset.lost);
    });
    addEventListener("pagehide", () => source.close(), { once: true });
    addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
  };
  if (chat.dataset.events) {
    listen();
    if (!location.hash || location.hash === "#end") toEnd();
    if (matchMedia("(hover: hover)").matches) text.focus({ preventScroll: true });
  }
})();
