// Typing with and without an input method.

// Some browsers tell the end of a composition before the key that ended it. Nobody presses Enter twice within this time.
const SAME_KEY_MS = 60;

/** Enter sends, Shift+Enter breaks the line, and Enter that picks a word of an input method does neither. */
export function onEnter(area, send) {
  let isComposing = false;
  let ended = -Infinity;
  area.addEventListener("compositionstart", () => { isComposing = true; });
  area.addEventListener("compositionend", (event) => {
    isComposing = false;
    ended = event.timeStamp;
  });
  area.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.altKey) return;
    if (event.isComposing || isComposing || event.keyCode === 229 || event.timeStamp - ended < SAME_KEY_MS) return;
    event.preventDefault();
    send();
  });
}
