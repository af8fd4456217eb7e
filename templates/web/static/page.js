// What htmx leaves to us: Enter sends, what comes is scrolled into view, what failed is told, and the browser's time zone.
"use strict";
document.cookie = `zone=${Intl.DateTimeFormat().resolvedOptions().timeZone}; path=/; max-age=31536000; samesite=lax`;
(() => {
  const chat = document.getElementById("chat");
  if (!chat) return;
  const log = document.getElementById("log");
  const composer = document.getElementById("composer");
  const text = document.getElementById("text");
  const status = document.getElementById("status");
  const scroller = document.scrollingElement;
  const column = chat.parentElement;
  const below = () => column.getBoundingClientRect().bottom - scroller.clientHeight; // pixels that are out of view
  const isLong = (height) => height > scroller.clientHeight * 0.6;
  const land = (item) => { // people read from its top what is too long to be seen whole
    if (isLong(column.getBoundingClientRect().bottom - item.getBoundingClientRect().top)) item.scrollIntoView();
    else scroller.scrollBy({ top: below() });
  };

  text.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    composer.requestSubmit();
  });

  const isAsking = (event) => event.detail.requestConfig.verb === "get"; // nobody wrote or pressed anything
  let last = null; // the newest message before a request, which are sent one after another
  let hidden = 0; // pixels below the view before a request
  let follows = false; // whether the newest message was in view
  document.addEventListener("htmx:beforeRequest", (event) => {
    last = log.lastElementChild;
    hidden = below();
    follows = hidden < 160;
    if (event.target === composer) text.value = ""; // it is in the request
  });
  document.addEventListener("htmx:afterRequest", (event) => {
    if (!event.detail.successful) {
      status.textContent = isAsking(event) ? chat.dataset.lost : chat.dataset.unsent;
      if (event.target === composer && !text.value) text.value = event.detail.requestConfig.parameters.text;
      return;
    }
    if (status.textContent === chat.dataset.lost) status.textContent = "";
    const first = last ? last.nextElementSibling : log.firstElementChild;
    if (!first) {
      if (follows && below() > hidden) land(log.lastElementChild); // a longer text took its place
      return;
    }
    if (!isAsking(event)) land(first);
    else if (follows) { // it leaves a short message above it in view, such as the answer just read
      land(last && !isLong(last.offsetHeight) ? last : first);
    }
  });

  if (log.children.length && (!location.hash || location.hash === "#end")) {
    land(log.lastElementChild);
    document.fonts.ready.then(() => { if (below() < 160) scroller.scrollBy({ top: below() }); }); // our own font has higher lines
  }
  if (matchMedia("(hover: hover)").matches) text.focus({ preventScroll: true });
  document.documentElement.dataset.live = "yes";
})();
