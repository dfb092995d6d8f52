// What a page shows is made by the server, once: this file only asks for the page again when something has changed, and
// puts in what is marked as live. Without it everything works, by reloading.
"use strict";

(() => {
  const EVERY = 1000; // milliseconds between two looks, however much happens
  const AGAIN = 3000; // milliseconds until a lost connection is tried again
  const SILENCE = 40000; // milliseconds without a sign of life, as after a sleep of the machine: the connection is lost
  const byId = (id) => document.getElementById(id);
  const from = document.body.dataset.events;
  let stream = null;
  let retry = 0;
  let seen = ""; // what the stream has said last
  let heard = 0;
  let looked = 0;
  let waiting = 0;
  let looking = false;
  let isOutdated = false;
  const served = new WeakMap(); // what the server has sent of each live part last

  const show = (id, isShown) => {
    const box = byId(id);
    if (box) box.hidden = !isShown;
  };

  // What a person has typed, opened, scrolled or stands on stays as it is.
  const put = (old, fresh) => {
    const typed = [...old.querySelectorAll("input[id]")].map((one) => [one.id, one.value]);
    const open = [...old.querySelectorAll("details[id]")].map((one) => [one.id, one.open]);
    const scrolled = [...old.querySelectorAll("[data-scroll]")].map((one) => [one.id, one.scrollTop]);
    const wrong = [...old.querySelectorAll("[data-wrong]")];
    const focus = old.contains(document.activeElement) ? document.activeElement.id : "";
    const hasAsked = old.querySelector("[data-asks]") !== null;
    old.replaceChildren(...fresh.childNodes);
    for (const [id, isOpen] of open) if (byId(id)) byId(id).open = isOpen;
    for (const [id, top] of scrolled) if (byId(id)) byId(id).scrollTop = top;
    for (const [id, value] of typed) if (byId(id)) byId(id).value = value;
    for (const one of wrong) {
      const field = byId(one.dataset.wrong);
      if (!field) continue;
      field.after(one);
      field.setAttribute("aria-invalid", "true");
      field.setAttribute("aria-describedby", one.id);
    }
    if (focus && byId(focus)) byId(focus).focus({ preventScroll: true });
    // Who has just started something, and stands nowhere else, goes on at what it asks.
    const asks = old.querySelector("[data-asks]");
    if (asks && !hasAsked && document.activeElement === document.body) asks.focus({ preventScroll: true });
  };

  const take = (text) => {
    const fresh = new DOMParser().parseFromString(text, "text/html");
    if (!fresh.querySelector("[data-live]")) return window.location.reload();
    document.title = fresh.title;
    for (const old of document.querySelectorAll("[data-live]")) {
      const now = fresh.getElementById(old.id);
      if (!now || served.get(old) === now.innerHTML) continue;
      served.set(old, now.innerHTML);
      put(old, now);
      // What the last button did was so; by now something else may be.
      if (old.matches("#head, #everything")) byId("said")?.remove();
    }
  };

  const look = async () => {
    window.clearTimeout(waiting);
    waiting = 0;
    if (looking) {
      isOutdated = true;
      return;
    }
    looking = true;
    isOutdated = false;
    looked = Date.now();
    try {
      const signal = AbortSignal.timeout(SILENCE);
      const answer = await fetch(window.location.href, { headers: { "X-Live": "yes" }, cache: "no-store", signal });
      const isOut = answer.status === 401 || answer.status === 403;
      show("signed-out", isOut);
      show("lost", !isOut && !answer.ok);
      if (answer.ok) take(await answer.text());
    } catch {
      show("lost", true);
    } finally {
      looking = false;
      if (isOutdated) soon();
    }
  };

  const soon = () => {
    waiting ||= window.setTimeout(look, Math.max(0, looked + EVERY - Date.now()));
  };

  const leave = () => {
    window.clearTimeout(retry);
    if (stream) stream.close();
    stream = null;
  };

  const follow = () => {
    leave();
    heard = Date.now();
    stream = new EventSource(from);
    stream.addEventListener("alive", () => {
      heard = Date.now();
    });
    stream.onopen = () => {
      heard = Date.now();
      show("lost", false);
      soon();
    };
    stream.onmessage = (event) => {
      heard = Date.now();
      if (event.data === seen) return;
      seen = event.data;
      soon();
    };
    stream.onerror = () => {
      // A server that is away is tried again by the browser itself; one that has refused is not, and says why.
      if (!stream || stream.readyState !== EventSource.CLOSED) return show("lost", true);
      retry = window.setTimeout(follow, AGAIN);
      look();
    };
  };

  if (from) {
    for (const one of document.querySelectorAll("[data-live]")) served.set(one, one.innerHTML);
    // A browser has six connections to a server at most: a tab that nobody sees takes none.
    document.addEventListener("visibilitychange", () => (document.hidden ? leave() : follow()));
    window.addEventListener("pageshow", () => document.hidden || follow());
    window.addEventListener("pagehide", leave);
    window.setInterval(() => {
      if (!stream || Date.now() - heard < SILENCE) return;
      show("lost", true);
      follow();
    }, AGAIN);
  }

  // A form that was wrong is shown at the address that it was sent to: reloading would send it again.
  if (document.body.dataset.at) window.history.replaceState(null, "", document.body.dataset.at);
  document.addEventListener("input", (event) => {
    const wrong = byId(`${event.target.id}-wrong`);
    if (!wrong) return;
    wrong.remove();
    event.target.removeAttribute("aria-invalid");
    event.target.removeAttribute("aria-describedby");
  });

  document.addEventListener("submit", (event) => {
    // After the form's values were taken, so that the button's own is among them.
    window.setTimeout(() => {
      for (const one of event.target.elements) if (one.tagName === "BUTTON") one.disabled = true;
      for (const words of event.target.querySelectorAll("[data-sending]")) words.hidden = false;
    });
  });
  window.addEventListener("pageshow", () => {
    for (const button of document.querySelectorAll("button")) button.disabled = false;
    for (const words of document.querySelectorAll("[data-sending]")) words.hidden = true;
  });

  const place = document.querySelector("[data-drop]");
  const carriesFiles = (event) => event.dataTransfer && [...event.dataTransfer.types].includes("Files");

  const takeFile = (isFolder) => {
    const input = place.querySelector("input[type=file]");
    const files = [...input.files];
    const isLarge = files.some((file) => file.size > Number(place.dataset.most));
    const wrong = isFolder ? "folder" : files.length > 1 ? "several" : isLarge ? "large" : "";
    for (const one of document.querySelectorAll("[data-refused]")) one.hidden = one.dataset.refused !== wrong;
    if (wrong) input.value = "";
    else if (files.length) input.form.requestSubmit();
  };

  if (place) place.querySelector("input[type=file]").addEventListener("change", () => takeFile(false));
  // A file is taken wherever on the page it is dropped; on other pages, the browser would leave the page to show it.
  document.addEventListener("dragover", (event) => {
    if (!carriesFiles(event)) return;
    event.preventDefault();
    event.dataTransfer.dropEffect = place ? "copy" : "none";
    if (place) place.classList.add("over");
  });
  document.addEventListener("dragleave", (event) => {
    if (place && !event.relatedTarget) place.classList.remove("over");
  });
  document.addEventListener("drop", (event) => {
    if (!carriesFiles(event)) return;
    event.preventDefault();
    if (!place) return;
    place.classList.remove("over");
    const entries = [...event.dataTransfer.items].map((item) => item.webkitGetAsEntry());
    place.querySelector("input[type=file]").files = event.dataTransfer.files;
    takeFile(entries.some((entry) => entry && entry.isDirectory));
  });
})();
