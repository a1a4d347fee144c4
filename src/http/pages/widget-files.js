// Files: by the button, dropped, or pasted; uploaded one after the other, then sent as messages.

import { $ } from "/assets/elements.js";
import { event } from "/assets/widget-host.js";
import { Refusal, at, freshId, upload } from "/assets/widget-requests.js";
import { t } from "/assets/widget-texts.js";

// As the server has it.
const LARGEST = 50 * 1024 * 1024;
const TRIES = 5;
const PICTURE = /^image\/(png|jpeg|gif|webp|avif|bmp)$/;

/** Takes files and sends them over `conversation`, showing how far they are in `log`. */
export function takeFiles(log, conversation) {
  const waiting = new Map();
  let isUploading = false;

  $("attach").addEventListener("click", () => $("file").click());
  $("file").addEventListener("change", () => {
    add($("file").files);
    $("file").value = "";
  });
  $("words").addEventListener("paste", (pasted) => {
    if (!pasted.clipboardData?.files.length) return;
    pasted.preventDefault();
    add(pasted.clipboardData.files);
  });
  listenForDrops(add);
  addEventListener("online", () => { for (const name of waiting.keys()) retry(name); });

  return { add, retry, clear };

  function add(files) {
    for (const file of files) {
      const item = { name: freshId(), path: "upload", isUpload: true, words: file.name || "image.png", at: Date.now(), file, tries: 0 };
      if (PICTURE.test(file.type)) item.picture = URL.createObjectURL(file);
      log.addPending(item);
      if (file.size > LARGEST) log.refuse(item.name, t("upload.too_large"));
      else if (!file.size) log.refuse(item.name, t("upload.empty"));
      else waiting.set(item.name, item);
    }
    run();
  }

  /** Tries a file again; false where it is none of these. */
  function retry(name) {
    const item = waiting.get(name);
    if (!item) return false;
    item.isHeld = false;
    item.tries = 0;
    log.addPending(item);
    run();
    return true;
  }

  function clear() {
    waiting.clear();
  }

  async function run() {
    if (isUploading) return;
    isUploading = true;
    try {
      for (;;) {
        const item = [...waiting.values()].find((one) => !one.isHeld);
        if (!item) return;
        await send(item);
      }
    } finally {
      isUploading = false;
    }
  }

  async function send(item) {
    try {
      const mine = await conversation.opened();
      const taken = await upload(at(mine, "/attachments"), mine.token, item.file, (share) => log.progress(item.name, share));
      if (!waiting.delete(item.name)) return;
      log.pictures.set(taken.attachment, { name: item.words, url: item.picture });
      log.remove(item.name);
      conversation.say("messages", { attachment: taken.attachment }, { words: item.words, picture: item.picture });
      event("action", { name: "attachment" });
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      item.tries += 1;
      if (error.isGone) conversation.wake();
      if ((error.mayPass || error.isGone) && item.tries < TRIES && navigator.onLine) {
        log.delay(item.name, 0);
        await new Promise((wake) => setTimeout(wake, (error.wait ?? 2 ** item.tries * 0.5) * 1000));
        return;
      }
      item.isHeld = true;
      if (error.status === 0 && !navigator.onLine) log.delay(item.name, 0);
      else if (error.mayPass || error.isGone) log.fail(item.name, error.words);
      else {
        waiting.delete(item.name);
        log.refuse(item.name, error.words);
      }
    }
  }
}

function listenForDrops(add) {
  const hasFiles = (dragged) => [...(dragged.dataTransfer?.types ?? [])].includes("Files");
  let depth = 0;
  const show = (isShown) => { $("drop").hidden = !isShown; };
  addEventListener("dragenter", (dragged) => {
    if (!hasFiles(dragged)) return;
    depth += 1;
    show(true);
  });
  addEventListener("dragleave", (dragged) => {
    if (!hasFiles(dragged)) return;
    depth = Math.max(0, depth - 1);
    show(depth > 0);
  });
  addEventListener("dragover", (dragged) => { if (hasFiles(dragged)) dragged.preventDefault(); });
  addEventListener("drop", (dragged) => {
    depth = 0;
    show(false);
    if (!dragged.dataTransfer?.files.length) return;
    dragged.preventDefault();
    add(dragged.dataTransfer.files);
  });
}
