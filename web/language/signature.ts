// Help with the call that is being typed: shown after `(` and `,`, kept up while the caret stays in the call.

import { Prec, StateEffect, StateField, type Extension } from "@codemirror/state";
import { EditorView, ViewPlugin, keymap, showTooltip, type Tooltip, type ViewUpdate } from "@codemirror/view";

import { fileName } from "../editor-setup.ts";
import type { Client } from "./client.ts";
import type { Signature } from "./protocol.ts";
import { renderSignature } from "./render.ts";

/** How long the caret must rest before the call is looked at again, in milliseconds. */
const PAUSE_MS = 80;

const show = StateEffect.define<Tooltip | null>();

const shown = StateField.define<Tooltip | null>({
  create: () => null,
  update(value, transaction) {
    for (const effect of transaction.effects) if (effect.is(show)) return effect.value;
    return value !== null && transaction.docChanged ? { ...value, pos: transaction.changes.mapPos(value.pos) } : value;
  },
  provide: (field) => showTooltip.from(field),
});

function tooltip(signature: Signature): Tooltip {
  return {
    pos: signature.from,
    above: true,
    create: () => {
      const dom = renderSignature(signature);
      dom.classList.add("cm-signature");
      return { dom };
    },
  };
}

/** Help with calls. */
export function signatureHelp(client: Client): Extension {
  const watch = ViewPlugin.fromClass(
    class {
      timer: ReturnType<typeof setTimeout> | undefined;
      /** Which question's answer is wanted. */
      turn = 0;

      /** Shows what is known of the call around the caret, if there is one. */
      async ask(view: EditorView): Promise<void> {
        this.turn += 1;
        const { turn } = this;
        const { state } = view;
        const found = await client.ask("signature", { file: state.facet(fileName), at: state.selection.main.head }).catch(() => null);
        // What has moved on since asks for itself.
        if (turn !== this.turn || view.state.doc !== state.doc || !view.state.selection.eq(state.selection)) return;
        if (found === null && view.state.field(shown) === null) return;
        view.dispatch({ effects: show.of(found === null ? null : tooltip(found)) });
      }

      /** No answer is wanted any more. */
      forget(): void {
        clearTimeout(this.timer);
        this.turn += 1;
      }

      update({ docChanged, selectionSet, state, startState, transactions, view }: ViewUpdate): void {
        if (!docChanged && !selectionSet) return;
        const at = state.selection.main.head;
        const typed = transactions.some((it) => it.isUserEvent("input.type")) && /[(,]/.test(state.sliceDoc(Math.max(0, at - 1), at));
        // closeBrackets types the pair at once: then the caret stands between them.
        if (!typed && startState.field(shown) === null) return;
        clearTimeout(this.timer);
        this.timer = setTimeout(() => void this.ask(view), PAUSE_MS);
      }

      destroy(): void {
        this.forget();
      }
    },
  );
  const hide = (view: EditorView) => {
    // What was asked before would show it again.
    view.plugin(watch)?.forget();
    if (view.state.field(shown) === null) return false;
    view.dispatch({ effects: show.of(null) });
    return true;
  };
  const keys = keymap.of([
    { key: "Escape", run: hide },
    {
      key: "Mod-Shift-Space",
      run: (view) => {
        void view.plugin(watch)?.ask(view);
        return true;
      },
    },
  ]);
  const blur = EditorView.domEventHandlers({
    blur: (_, view) => {
      // Not while CodeMirror is at an update of its own.
      setTimeout(() => hide(view));
    },
  });
  return [shown, watch, Prec.high(keys), blur];
}
