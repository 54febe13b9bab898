// What the page does by itself, beside Gradio: directions, what the browser keeps, the clipboard, where the reader is,
// light and dark, whether the server is there.
"use strict";

// Gradio's own few words follow the browser's language: here they follow the page's.
Object.defineProperty(navigator, "language", { get: () => document.documentElement.lang });
Object.defineProperty(navigator, "languages", { get: () => [document.documentElement.lang] });

const mujib = (() => {
  const ARABIC = /\p{Script=Arabic}/gu;
  const LETTER = /\p{L}/gu;
  const count = (text, kind) => (text.match(kind) || []).length;
  const find = (selector) => document.querySelector(selector);
  const box = () => find("#question textarea");
  const answering = () => Boolean(find("#stop")); // Gradio takes the button away when there is nothing to stop
  const stacked = () => matchMedia("(max-width: 820px)").matches;

  // The direction of a box is that of the majority of the letters in it; that of the page when there is none.
  function direct(element) {
    if (!element) return;
    const letters = count(element.value, LETTER);
    const rtl = 2 * count(element.value, ARABIC) >= letters;
    element.dir = letters ? (rtl ? "rtl" : "ltr") : document.documentElement.dir;
  }

  function isBox(element) {
    return element instanceof HTMLTextAreaElement || (element instanceof HTMLInputElement && element.type === "text");
  }

  for (const event of ["input", "focusin"]) {
    document.addEventListener(event, ({ target }) => isBox(target) && direct(target));
  }

  // The chats: the last one first, each once, as many and as large as a browser has room for. They are read anew each
  // time, because another tab may have written meanwhile.
  const CHATS = "mujib_chats";
  const MOST = 50;
  const CHARACTERS = 2_000_000; // browsers give a page five million

  function kept() {
    try {
      const chats = JSON.parse(localStorage.getItem(CHATS));
      return Array.isArray(chats) ? chats : [];
    } catch {
      return [];
    }
  }

  function write(chats) {
    let left = chats.slice(0, MOST);
    while (left.length && JSON.stringify(left).length > CHARACTERS) left.pop();
    try {
      localStorage.setItem(CHATS, JSON.stringify(left));
    } catch { /* a browser that keeps nothing: the chat goes on without */ }
  }

  function keep(text) {
    const chat = JSON.parse(text);
    if (chat.id && chat.turns.length) write([chat, ...kept().filter(({ id }) => id !== chat.id)]);
  }

  function forget(id) {
    write(id ? kept().filter((chat) => chat.id !== id) : []);
  }

  // Enough of each chat for the list of them.
  function titles() {
    const head = (chat) => ({ ...chat, turns: [{ question: String(chat.turns?.[0]?.question ?? "") }] });
    return JSON.stringify(kept().map(head));
  }

  function last() {
    return JSON.stringify(kept()[0] ?? null);
  }

  function save(text) {
    const file = JSON.parse(text);
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([file.text], { type: file.type }));
    link.download = file.name;
    link.click();
    URL.revokeObjectURL(link.href);
  }

  // Buttons of a view: `data-act` names the event of the component that it is in.
  let opener = null;
  function wire(element, trigger) {
    element.addEventListener("click", ({ target }) => {
      const button = target.closest("[data-act]");
      if (!button || (button.dataset.sure && !sure(button))) return;
      const { act } = button.dataset;
      if (answering() && ["retry", "edit", "example"].includes(act)) return;
      const turn = button.closest("[data-turn]")?.dataset.turn;
      const note = button.parentElement.querySelector("[data-note]")?.value ?? "";
      if (act === "forget") forget(button.dataset.talk);
      const chat = act === "reopen" ? JSON.stringify(kept().find(({ id }) => id === button.dataset.talk) ?? null) : null;
      trigger(act, { turn, ...button.dataset, note, chat });
      if (act === "cite" || act === "sources") opener = button;
      settle(act);
    });
    element.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || !event.target.matches("[data-note]")) return;
      event.preventDefault();
      event.target.closest(".note").querySelector("[data-act]").click();
    });
  }

  // What cannot be taken back is clicked twice.
  function sure(button) {
    if (button.classList.contains("sure")) return true;
    const label = button.textContent;
    button.classList.add("sure");
    button.textContent = button.dataset.sure;
    setTimeout(() => {
      button.classList.remove("sure");
      if (button.textContent === button.dataset.sure) button.textContent = label;
    }, 4000);
    return false;
  }

  // Once the view has changed: where does the reader go on, whose button may be gone?
  function settle(act) {
    setTimeout(() => {
      if (act === "rate") find("[data-note]")?.focus();
      else if (act === "sources" && stacked()) find("#panel").scrollIntoView({ block: "start" });
      else if (act === "edit" || document.activeElement === document.body) find(".reading .back") || toBox();
    }, 500);
  }

  function toBox() {
    if (!matchMedia("(pointer: coarse)").matches) box()?.focus(); // it would open the keyboard of a phone
    direct(box());
  }

  // An article was opened, or shut: show the quote, or go back to where it was opened.
  function watch(panel) {
    let from = null; // where the page stood
    new MutationObserver(() => {
      const reading = panel.querySelector(".reading");
      document.body.classList.toggle("reading-article", Boolean(reading));
      if (reading) {
        from ??= scrollY;
        const place = reading.querySelector("mark");
        if (stacked()) (place || reading).scrollIntoView({ block: place ? "center" : "start" });
        const room = find("#panel");
        const top = place ? place.getBoundingClientRect().top - room.getBoundingClientRect().top : 0;
        room.scrollTop = place ? room.scrollTop + top - room.clientHeight / 2 : 0;
        reading.querySelector(".back").focus({ preventScroll: true });
      } else if (from !== null) {
        scrollTo({ top: from });
        from = null;
        if (opener?.isConnected) opener.focus({ preventScroll: true });
        else if (document.activeElement === document.body) toBox();
      }
    }).observe(panel, { childList: true, subtree: true, characterData: true });
  }

  // The chat stays at its end while it grows, unless the reader has scrolled up; a new question goes there again.
  function follow(talk) {
    let atEnd = true;
    let writing = false;
    talk.addEventListener("scroll", () => { atEnd = talk.scrollTop + talk.clientHeight > talk.scrollHeight - 60; });
    new MutationObserver(() => {
      const begun = Boolean(find("#live .turn"));
      if (begun && !writing) atEnd = true;
      writing = begun;
      if (!talk.querySelector(".turn")) talk.scrollTop = 0;
      else if (atEnd) talk.scrollTop = talk.scrollHeight;
      direct(box()); // it was emptied, or a question was put back into it
    }).observe(talk, { childList: true, subtree: true, characterData: true });
  }

  document.addEventListener("click", async ({ target }) => {
    const copy = target.closest("[data-copy]");
    if (copy) {
      await navigator.clipboard.writeText(copy.dataset.copy);
      const label = copy.textContent;
      copy.textContent = copy.dataset.done;
      setTimeout(() => { copy.textContent = label; }, 1500);
    }
    if (target.closest("[data-theme]")) theme(document.body.classList.contains("dark") ? "light" : "dark");
    if (target.closest("#ask, #stop, #editing, #new")) settle();
  });

  // Escape stops an answer, or shuts the article; a slash goes to the question; Enter waits while an answer is written.
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") (find("#article .back") || find("#stop"))?.click();
    if (event.key === "/" && !event.ctrlKey && !event.metaKey && !event.altKey && !isBox(event.target)) {
      event.preventDefault();
      box()?.focus();
    }
    if (event.key === "Enter" && !event.shiftKey && event.target === box() && answering()) event.preventDefault();
  }, { capture: true });

  function theme(name) {
    localStorage.setItem("mujib_theme", name);
    document.body.classList.toggle("dark", name === "dark");
  }

  // Is the server there? When it was started anew, the page is too: its chats are kept.
  let server = null;
  async function listen() {
    let alive = false;
    try {
      const response = await fetch("/page/alive", { cache: "no-store", signal: AbortSignal.timeout(4000) });
      alive = response.ok;
      const now = response.headers.get("X-Mujib");
      if (alive && server && now !== server) location.reload();
      server = now || server;
    } catch { /* told below */ }
    find("#lost").hidden = alive;
    setTimeout(listen, 3000);
  }

  // Gradio builds the page when it has loaded: wait for its parts.
  document.addEventListener("DOMContentLoaded", () => {
    const chosen = localStorage.getItem("mujib_theme");
    const waiting = new MutationObserver(begin);
    function begin() {
      const parts = [find("#talk"), find("#article"), find("#lost")];
      if (parts.includes(null)) return;
      waiting.disconnect();
      if (chosen) theme(chosen);
      follow(parts[0]);
      watch(parts[1]);
      direct(box());
      listen();
    }
    waiting.observe(document.body, { childList: true, subtree: true });
    begin();
  });

  return { wire, save, keep, last, titles };
})();
