// The chat in a browser: sending without a reload, what is scrolled into view, keys, new messages.
"use strict";
// The pages also work without this script. With it, sending does not reload the page, and new messages appear at once.
(() => {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone; // used for chats that have chosen no zone
  document.cookie = `zone=${zone}; path=/; max-age=31536000; samesite=lax`;
  const chat = document.getElementById("chat");
  if (!chat) return;
  const log = document.getElementById("log");
  const status = document.getElementById("status");
  const composer = document.getElementById("composer");
  const text = document.getElementById("text");
  const header = document.querySelector(".top");
  const scroller = document.scrollingElement;

  const tell = (words) => {
    status.textContent = words;
    status.classList.toggle("shown", Boolean(words));
  };
  const column = chat.parentElement;
  const atEnd = () => column.getBoundingClientRect().bottom - scroller.clientHeight < 160;
  const toEnd = () => scroller.scrollBy({ top: column.getBoundingClientRect().bottom - scroller.clientHeight });
  const number = (item) => Number(item.dataset.number);
  const once = () => Array.from(crypto.getRandomValues(new Uint8Array(16)), (b) => b.toString(16).padStart(2, "0")).join("");

  const SHORT = 0.6; // of the height of the window
  const isLong = (height) => height > scroller.clientHeight * SHORT;
  const land = (item) => { // people read from its top what is too long to be seen whole
    if (isLong(column.getBoundingClientRect().bottom - item.getBoundingClientRect().top)) item.scrollIntoView({ block: "start" });
    else toEnd();
  };
  const arrive = (item) => { // what comes by itself leaves a short message above it in view, such as the answer just read
    const above = item.previousElementSibling;
    land(above && !isLong(above.offsetHeight) ? above : item);
  };
  const end = document.getElementById("end") ?? Object.assign(document.createElement("span"), { id: "end" });

  const place = (item) => {
    const known = document.getElementById(item.id);
    if (item.classList.contains("day")) {
      if (!known) log.append(item);
      return;
    }
    if (known) {
      const hadFocus = known.contains(document.activeElement);
      if (known.contains(end)) item.prepend(end);
      known.replaceWith(item);
      if (hadFocus) {
        item.tabIndex = -1;
        item.focus({ preventScroll: true }); // the pressed button may be gone, so focus its message
      }
      return;
    }
    const items = log.querySelectorAll("[data-number]");
    if (items.length && number(item) < number(items[0])) return;
    item.classList.add("new");
    item.prepend(end);
    log.append(item);
  };
  const show = (html) => {
    const follows = atEnd();
    const part = document.createElement("template");
    part.innerHTML = html;
    const items = [...part.content.children];
    for (const item of items) place(item);
    document.body.classList.remove("empty");
    for (const id of ["welcome", "finds"]) document.getElementById(id)?.remove();
    if (follows) arrive(items.at(-1));
  };

  const EVERY = 2000, SOON = 150; // milliseconds
  const isNewest = "news" in chat.dataset;
  const asksNews = async () => {
    const { news, change, lost } = chat.dataset;
    const address = `${news}?after=${change}&drawn=${document.documentElement.lang}`;
    const answer = await fetch(address, { credentials: "same-origin" }).catch(() => null);
    if (answer?.redirected) return location.reload(); // the session has ended
    if (!answer?.ok) return tell(lost);
    if (status.textContent === lost) tell("");
    const told = await answer.json();
    if (told.reload) return location.reload();
    chat.dataset.change = told.change;
    if (told.html) show(told.html);
  };
  let renewing = Promise.resolve();
  const renew = () => renewing = renewing.then(asksNews); // one after another

  const send = async (form, fields) => {
    fields.set("once", once());
    const answer = await fetch(form.action, {
      method: "POST", body: fields, headers: { "X-Requested-With": "fetch" }, credentials: "same-origin",
    });
    if (!answer.ok) throw new Error(String(answer.status));
    const told = await answer.json();
    for (const [what, isSo] of Object.entries(told.shows ?? {})) {
      for (const button of document.querySelectorAll(`[data-shows="${what}"]`)) button.setAttribute("aria-pressed", isSo);
    }
    return told;
  };
  let sending = Promise.resolve(); // messages are sent one after another, in their order
  document.addEventListener("submit", async (event) => {
    const form = event.target;
    const action = form.getAttribute("action");
    if (!isNewest || (action !== "/chat/say" && action !== "/chat/press")) return;
    event.preventDefault();
    const pressed = form === composer ? null : event.submitter;
    if (pressed?.dataset.busy) return; // a second press of the same button
    if (pressed) pressed.dataset.busy = "yes";
    const fields = new URLSearchParams(new FormData(form, event.submitter)); // read before the text is cleared
    const newest = number(log.querySelector("[data-number]:last-child") ?? log);
    const written = form === composer ? text.value : "";
    if (form === composer) {
      text.value = "";
      toEnd();
    }
    try {
      sending = sending.catch(() => null).then(() => send(form, fields)); // it ends when the answer is there
      setTimeout(renew, SOON); // shows one's own words
      const told = await sending;
      await renew();
      const answer = /#m(\d+)$/.exec(told.place)?.[1];
      const item = pressed && Number(answer) > newest && document.getElementById(`m${answer}`); // a message of its own
      if (item) land(item);
      tell(told.said);
    } catch {
      if (written && !text.value) text.value = written;
      tell(chat.dataset.unsent);
    } finally {
      if (pressed) delete pressed.dataset.busy;
    }
  });
  const said = () => [...new Set([...log.querySelectorAll(".mine .said")].map((one) => one.lastChild.textContent.trim()))];
  let back = 0; // how many own messages the arrow key has gone back
  text.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      back = 0;
      if (text.value.trim()) composer.requestSubmit();
    } else if (event.key === "Escape") text.blur();
    else if (event.key === "ArrowUp" && (!text.value || back)) {
      const before = said();
      if (!before.length) return;
      event.preventDefault();
      back = Math.min(back + 1, before.length);
      text.value = before.at(-back);
    } else if (event.key === "ArrowDown" && back) {
      event.preventDefault();
      back -= 1;
      text.value = back ? said().at(-back) : "";
    }
  });

  // Keys that work while no text field has the focus.
  const keys = document.getElementById("keys");
  const mark = (paper) => {
    for (const one of document.querySelectorAll(".paper.here")) one.classList.remove("here");
    paper.classList.add("here");
  };
  const go = (paper) => {
    if (!paper) return;
    mark(paper);
    paper.tabIndex = -1;
    paper.focus({ preventScroll: true });
    paper.scrollIntoView({ block: "nearest" });
  };
  document.addEventListener("focusin", (event) => { // who presses Tab into a paper, or clicks in it, means that one
    const paper = event.target.closest(".paper");
    if (paper) mark(paper);
  });
  const TOP = 100; // pixels below the header within which a paper begins that is read now
  const top = () => Math.max(0, header.getBoundingClientRect().bottom);
  const isSeen = (paper) => {
    const place = paper.getBoundingClientRect();
    return place.bottom > top() && place.top < scroller.clientHeight;
  };
  const chosen = () => [...document.querySelectorAll(".paper.here")].find(isSeen); // one may have scrolled on since
  const step = (papers, by) => { // from the chosen paper, else from the one at the top of what is in view
    const at = papers.indexOf(chosen() ?? papers.findLast((paper) => paper.getBoundingClientRect().top < top() + TOP));
    if (by < 0 && at >= 0 && !isSeen(papers[at])) go(papers[at]);
    else go(papers[Math.max(0, at + by)]);
  };
  const press = (what, missing) => {
    const paper = chosen();
    const button = paper?.querySelector(what);
    if (button) button.click();
    else tell(paper ? missing : chat.dataset.unchosen);
  };
  document.addEventListener("keydown", (event) => {
    if (event.target.closest("input, textarea, select, dialog") || event.ctrlKey || event.metaKey || event.altKey) return;
    const all = [...document.querySelectorAll(".paper")];
    const by = { j: 1, ArrowDown: 1, k: -1, ArrowUp: -1 }[event.key];
    if (event.key === "?") keys.showModal();
    else if (event.key === "/") text.focus();
    else if (by && all.length) step(all, by);
    else if (/^[1-9]$/.test(event.key)) {
      const list = (chosen() ?? all.findLast(isSeen) ?? all.at(-1))?.closest(".body, #papers"); // of several, the newest in view
      go([...(list?.querySelectorAll(".paper") ?? [])][event.key - 1]);
    } else if (event.key === "o") press("h3 a", chat.dataset.noLink);
    else if (event.key === "s") press("button.save", chat.dataset.noSave);
    else if (event.key === "e") press("button.less", chat.dataset.noLess);
    else return;
    event.preventDefault();
  });

  if (isNewest) {
    setInterval(() => { if (!document.hidden) renew(); }, EVERY);
    document.addEventListener("visibilitychange", () => { if (!document.hidden) renew(); });
    addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
    document.documentElement.dataset.live = "yes";
    const isBegun = !document.body.classList.contains("empty");
    if (isBegun && (!location.hash || location.hash === "#end")) {
      land(log.lastElementChild);
      document.fonts.ready.then(() => { if (atEnd()) toEnd(); }); // our own font has higher lines
    }
    if (matchMedia("(hover: hover)").matches) text.focus({ preventScroll: true });
  }
})();
