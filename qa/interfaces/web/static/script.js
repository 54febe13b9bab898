// What the page does beside Gradio: text direction, stored chats, clipboard, focus and scrolling, light and dark,
// connection to the server.
"use strict";

// Gradio's own texts follow the browser's language: here they follow the page's.
Object.defineProperty(navigator, "language", { get: () => document.documentElement.lang });
Object.defineProperty(navigator, "languages", { get: () => [document.documentElement.lang] });

const mujib = (() => {
  const ARABIC = /\p{Script=Arabic}/gu;
  const LETTER = /\p{L}/gu;
  const count = (text, pattern) => (text.match(pattern) || []).length;
  const find = (selector) => document.querySelector(selector);
  const questionBox = () => find("#question textarea");
  const isAnswering = () => Boolean(find("#stop")); // Gradio removes the button when there is nothing to stop
  const isSingleColumn = () => matchMedia("(max-width: 820px)").matches;

  // The direction of a box is that of the majority of its letters; that of the page when it has none.
  function setDirection(box) {
    if (!box) return;
    const letters = count(box.value, LETTER);
    const rtl = 2 * count(box.value, ARABIC) >= letters;
    box.dir = letters ? (rtl ? "rtl" : "ltr") : document.documentElement.dir;
  }

  function isTextBox(element) {
    return element instanceof HTMLTextAreaElement || (element instanceof HTMLInputElement && element.type === "text");
  }

  for (const event of ["input", "focusin"]) {
    document.addEventListener(event, ({ target }) => isTextBox(target) && setDirection(target));
  }

  // Stored chats: the newest first, each once, as many and as large as a browser has room for. They are read anew each
  // time, because another tab may have written meanwhile.
  const CHATS = "mujib_chats";
  const MAX_CHATS = 50;
  const MAX_CHARACTERS = 2_000_000; // browsers give a page five million

  function readChats() {
    try {
      const chats = JSON.parse(localStorage.getItem(CHATS));
      return Array.isArray(chats) ? chats : [];
    } catch {
      return [];
    }
  }

  function writeChats(chats) {
    let stored = chats.slice(0, MAX_CHATS);
    while (stored.length && JSON.stringify(stored).length > MAX_CHARACTERS) stored.pop();
    try {
      localStorage.setItem(CHATS, JSON.stringify(stored));
    } catch { /* a browser that stores nothing: the chat goes on without */ }
  }

  function storeChat(text) {
    const chat = JSON.parse(text);
    if (chat.id && chat.turns.length) writeChats([chat, ...readChats().filter(({ id }) => id !== chat.id)]);
  }

  function deleteChat(id) {
    writeChats(id ? readChats().filter((chat) => chat.id !== id) : []);
  }

  // Enough of each chat for the list of them.
  function chatTitles() {
    const head = (chat) => ({ ...chat, turns: [{ question: String(chat.turns?.[0]?.question ?? "") }] });
    return JSON.stringify(readChats().map(head));
  }

  function lastChat() {
    return JSON.stringify(readChats()[0] ?? null);
  }

  function saveFile(text) {
    const file = JSON.parse(text);
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([file.text], { type: file.type }));
    link.download = file.name;
    link.click();
    URL.revokeObjectURL(link.href);
  }

  // Buttons of a view: `data-act` names the event of the component that it is in.
  let opener = null; // the button that opened the panel
  function bindActions(element, trigger) {
    element.addEventListener("click", ({ target }) => {
      const button = target.closest("[data-act]");
      if (!button || (button.dataset.sure && !isConfirmed(button))) return;
      const { act, chat } = button.dataset;
      if (isAnswering() && ["retry", "edit", "example"].includes(act)) return;
      const turn = button.closest("[data-turn]")?.dataset.turn;
      const note = button.parentElement.querySelector("[data-note]")?.value ?? "";
      if (act === "forget") deleteChat(chat);
      const stored = act === "reopen" ? JSON.stringify(readChats().find(({ id }) => id === chat) ?? null) : null;
      trigger(act, { turn, ...button.dataset, note, stored });
      if (act === "cite" || act === "sources") opener = button;
      restoreFocus(act);
    });
    element.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || !event.target.matches("[data-note]")) return;
      event.preventDefault();
      event.target.closest(".note").querySelector("[data-act]").click();
    });
  }

  // What cannot be undone needs a second click.
  function isConfirmed(button) {
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

  // Once the view has changed, the button that was clicked may be gone: focus what the reader needs next.
  function restoreFocus(act) {
    setTimeout(() => {
      if (act === "rate") find("[data-note]")?.focus();
      else if (act === "sources" && isSingleColumn()) find("#panel").scrollIntoView({ block: "start" });
      else if (act === "edit" || document.activeElement === document.body) find(".reading .back") || focusQuestion();
    }, 500);
  }

  function focusQuestion() {
    if (!matchMedia("(pointer: coarse)").matches) questionBox()?.focus(); // it would open the keyboard of a phone
    setDirection(questionBox());
  }

  // When an article is opened, show its quote; when it is closed, go back to where it was opened.
  function watchArticle(article) {
    let from = null; // where the page was scrolled to
    new MutationObserver(() => {
      const reading = article.querySelector(".reading");
      document.body.classList.toggle("reading-article", Boolean(reading));
      if (reading) {
        from ??= scrollY;
        const quote = reading.querySelector("mark");
        if (isSingleColumn()) (quote || reading).scrollIntoView({ block: quote ? "center" : "start" });
        const panel = find("#panel");
        const top = quote ? quote.getBoundingClientRect().top - panel.getBoundingClientRect().top : 0;
        panel.scrollTop = quote ? panel.scrollTop + top - panel.clientHeight / 2 : 0;
        reading.querySelector(".back").focus({ preventScroll: true });
      } else if (from !== null) {
        scrollTo({ top: from });
        from = null;
        if (opener?.isConnected) opener.focus({ preventScroll: true });
        else if (document.activeElement === document.body) focusQuestion();
      }
    }).observe(article, { childList: true, subtree: true, characterData: true });
  }

  // The chat stays at its end while it grows, unless the reader has scrolled up; a new question scrolls there again.
  function watchChat(chat) {
    let atEnd = true;
    let writing = false;
    chat.addEventListener("scroll", () => { atEnd = chat.scrollTop + chat.clientHeight > chat.scrollHeight - 60; });
    new MutationObserver(() => {
      const begun = Boolean(find("#live .turn"));
      if (begun && !writing) atEnd = true;
      writing = begun;
      if (!chat.querySelector(".turn")) chat.scrollTop = 0;
      else if (atEnd) chat.scrollTop = chat.scrollHeight;
      setDirection(questionBox()); // it was emptied, or a question was put back into it
    }).observe(chat, { childList: true, subtree: true, characterData: true });
  }

  // A question that is sent while an answer is written waits in its box, and a hint says so until the answer is there.
  function watchComposer(composer) {
    new MutationObserver(() => {
      if (!isAnswering()) document.body.classList.remove("question-waits");
    }).observe(composer, { childList: true, subtree: true });
  }

  document.addEventListener("click", async ({ target }) => {
    const copy = target.closest("[data-copy]");
    if (copy) {
      await navigator.clipboard.writeText(copy.dataset.copy);
      const label = copy.textContent;
      copy.textContent = copy.dataset.done;
      setTimeout(() => { copy.textContent = label; }, 1500);
    }
    if (target.closest("[data-theme]")) setTheme(document.body.classList.contains("dark") ? "light" : "dark");
    if (target.closest("#ask, #stop, #editing, #new")) restoreFocus();
  });

  // Escape stops an answer, or closes the article; a slash goes to the question; Enter waits while an answer is written.
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") (find("#article .back") || find("#stop"))?.click();
    if (event.key === "/" && !event.ctrlKey && !event.metaKey && !event.altKey && !isTextBox(event.target)) {
      event.preventDefault();
      questionBox()?.focus();
    }
    if (event.key === "Enter" && !event.shiftKey && event.target === questionBox() && isAnswering()) {
      event.preventDefault();
      if (questionBox().value.trim()) document.body.classList.add("question-waits");
    }
  }, { capture: true });

  // A browser opens a file that is dropped on a page in the page's place: here nothing takes one.
  for (const name of ["dragover", "drop"]) {
    document.addEventListener(name, (event) => {
      if (!event.dataTransfer?.types.includes("Files")) return;
      event.preventDefault();
      event.dataTransfer.dropEffect = "none";
    });
  }

  function setTheme(name) {
    localStorage.setItem("mujib_theme", name);
    document.body.classList.toggle("dark", name === "dark");
  }

  // Show when the server cannot be reached. When it was restarted, the page is loaded anew: its chats are stored.
  let serverId = null;
  async function pollServer() {
    let alive = false;
    try {
      const response = await fetch("/page/alive", { cache: "no-store", signal: AbortSignal.timeout(4000) });
      alive = response.ok;
      const current = response.headers.get("X-Mujib");
      if (alive && serverId && current !== serverId) location.reload();
      serverId = current || serverId;
    } catch { /* shown below */ }
    find("#lost").hidden = alive;
    setTimeout(pollServer, 3000);
  }

  // Gradio builds the page when it has loaded: wait for its parts.
  document.addEventListener("DOMContentLoaded", () => {
    const chosenTheme = localStorage.getItem("mujib_theme");
    const waiting = new MutationObserver(begin);
    function begin() {
      const [chat, article, composer, lost] = ["#chat", "#article", "#composer", "#lost"].map(find);
      if (!chat || !article || !composer || !lost) return;
      waiting.disconnect();
      if (chosenTheme) setTheme(chosenTheme);
      watchChat(chat);
      watchArticle(article);
      watchComposer(composer);
      setDirection(questionBox());
      pollServer();
    }
    waiting.observe(document.body, { childList: true, subtree: true });
    begin();
  });

  return { bindActions, saveFile, storeChat, lastChat, chatTitles };
})();
