// What was typed before the editor was there: see early.ts.

/** What the plain text box holds when the editor takes over. */
export type Early = {
  /** What it began with, and what it is now. */
  before: string;
  text: string;
  from: number;
  to: number;
  hasFocus: boolean;
  /** The visitor has asked to run the program. */
  runs: boolean;
};

/** Takes the plain text box out of the page, once no character is being put together in it. `null` where there is none. */
export async function takeEarly(): Promise<Early | null> {
  const box = document.getElementById("early");
  if (!(box instanceof HTMLTextAreaElement) || box.hidden) {
    box?.remove();
    return null;
  }
  if (box.dataset["composing"] !== undefined) {
    await new Promise((go) => {
      box.addEventListener("compositionend", go, { once: true });
    });
  }
  const { dataset } = document.documentElement;
  const early: Early = {
    before: box.defaultValue,
    text: box.value,
    from: box.selectionStart,
    to: box.selectionEnd,
    hasFocus: document.activeElement === box,
    runs: dataset["wish"] === "run",
  };
  delete dataset["wish"];
  box.remove();
  return early;
}
