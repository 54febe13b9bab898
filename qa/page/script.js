// What the page does by itself, beside Gradio: directions, the clipboard, light and dark, whether the server is there.
"use strict";

// Gradio's own few words follow the browser's language: here they follow the page's.
Object.defineProperty(navigator, "language", { get: () => document.documentElement.lang });
Object.defineProperty(navigator, "languages", { get: () => [document.documentElement.lang] });

const mujib = (() => {
  const ARABIC = /\p{Script=Arabic}/gu;
  const LETTER = /\p{L}/gu;
  const count = (text, kind) => (text.match(kind) || []).length;
  const find = (selector) => document.querySelector(selector);

  // The direction of a box is that of the majority of the letters in it; that of the page when there is none.
  function direct(box) {
    if (!box) return;
    const letters = count(box.value, LETTER);
    box.dir = letters ? (2 * count(box.value, ARABIC) >= letters ? "rtl" : "ltr") : document.documentElement.dir;
  }

  function isBox(element) {
    return element instanceof HTMLTextAreaElement || (element instanceof HTMLInputElement && element.type === "text");
  }

  for (const event of ["input", "focusin"]) {
    document.addEventListener(event, ({ target }) => isBox(target) && direct(target));
  }

  // Buttons of a view: `data-act` names the event of the component that it is in.
  function wire(element, trigger) {
    element.addEventListener("click", ({ target }) => {
      const button = target.closest("[data-act]");
      if (!button) return;
      const note = button.parentElement.querySelector("[data-note]");
      trigger(button.dataset.act, { ...button.dataset, note: note ? note.value : "" });
      if (button.dataset.act === "edit") later(() => { find("#question textarea").focus(); direct(find("#question textarea")); });
      if (button.dataset.act === "rate") later(() => find("[data-note]")?.focus());
      if (button.dataset.act === "cite" || button.dataset.act === "sources") opener = button;
    });
    element.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || !event.target.matches("[data-note]")) return;
      event.preventDefault();
      event.target.closest(".note").querySelector("[data-act]").click();
    });
  }

  // Runs what needs the answer to an event: when the view has changed, or soon enough anyway.
  function later(run) {
    setTimeout(run, 400);
  }

  // An article was opened, or shut: show the quote, or go back to where it was opened.
  let opener = null;
  function watch(panel) {
    let open = false;
    new MutationObserver(() => {
      const reading = panel.querySelector(".reading");
      document.body.classList.toggle("reading-article", Boolean(reading));
      if (reading) {
        const place = reading.querySelector("mark") || reading.querySelector("h2") || reading;
        place.scrollIntoView({ block: "center" });
        reading.querySelector(".back").focus({ preventScroll: true });
      } else if (open && opener?.isConnected) {
        opener.focus();
      }
      open = Boolean(reading);
    }).observe(panel, { childList: true, subtree: true, characterData: true });
  }

  // The chat stays at its end while it grows, unless the reader has scrolled up.
  function follow(talk) {
    let atEnd = true;
    talk.addEventListener("scroll", () => { atEnd = talk.scrollTop + talk.clientHeight > talk.scrollHeight - 60; });
    new MutationObserver(() => {
      if (atEnd) talk.scrollTop = talk.scrollHeight;
      direct(find("#question textarea")); // it was emptied, or a question was put back into it
    }).observe(talk, { childList: true, subtree: true, characterData: true });
    document.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && event.target.closest?.("#question")) { atEnd = true; talk.scrollTop = talk.scrollHeight; }
    });
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
  });

  // Escape stops an answer, or shuts the article; a slash goes to the question.
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      const shut = find("#article .back");
      if (shut) shut.click();
      else if (find("#stop")?.offsetParent) find("#stop").click();
    }
    if (event.key === "/" && !isBox(event.target)) {
      event.preventDefault();
      find("#question textarea")?.focus();
    }
  });

  function theme(name) {
    localStorage.setItem("mujib_theme", name);
    document.body.classList.toggle("dark", name === "dark");
  }

  // Is the server there? When it was started anew, the page is too: its chats are kept.
  async function listen() {
    let alive = false;
    try {
      const response = await fetch("/page/alive", { cache: "no-store", signal: AbortSignal.timeout(4000) });
      alive = response.ok;
      const server = response.headers.get("X-Mujib");
      if (alive && listen.server && server !== listen.server) location.reload();
      listen.server = server || listen.server;
    } catch { /* told below */ }
    find("#lost").hidden = alive;
    setTimeout(listen, 3000);
  }

  function save(file) {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([file.text], { type: file.type }));
    link.download = file.name;
    link.click();
    URL.revokeObjectURL(link.href);
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
      document.querySelectorAll("textarea, input[type=text]").forEach(direct);
      listen();
    }
    waiting.observe(document.body, { childList: true, subtree: true });
    begin();
  });

  return { wire, save };
})();
